// The page's entry: puts the shell into the document.
import { render } from "preact";
import { Page } from "./shell/page.tsx";
import { readTheme, showTheme } from "./shell/theme.ts";

// Written as it is now: a relative address would be looked for below the next view's.
for (const icon of document.querySelectorAll<HTMLLinkElement>("link[rel=icon]"))
  icon.setAttribute("href", icon.href);
showTheme(readTheme());
const place = document.getElementById("page");
if (place) render(<Page />, place);
