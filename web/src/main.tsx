// The page's entry: puts the shell into the document.
import { render } from "preact";
import { Page } from "./shell/page.tsx";
import { readTheme, showTheme } from "./shell/theme.ts";

showTheme(readTheme());
const place = document.getElementById("page");
if (place) render(<Page />, place);
