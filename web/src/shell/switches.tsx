// The switches for language and colours.
import { useState } from "preact/hooks";
import { useSpeech } from "../words/language.tsx";
import { chooseTheme, readTheme, THEMES } from "./theme.ts";

export function LanguageSwitch() {
  const { other, choose } = useSpeech();
  return (
    <button
      type="button"
      lang={other.language}
      title={other.words.shell.switchLanguage}
      onClick={() => choose(other.language)}
    >
      {other.words.shell.language}
    </button>
  );
}

/** Colours of the system, light, dark, and on. */
export function ThemeSwitch() {
  const { words } = useSpeech();
  const [theme, setTheme] = useState(readTheme);
  const { themeHint, theme: names } = words.shell;
  const label = `${themeHint}: ${names[theme]}`;
  return (
    <button
      type="button"
      class="theme"
      title={label}
      aria-label={label}
      onClick={() => {
        const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "auto";
        chooseTheme(next);
        setTheme(next);
      }}
    >
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <circle cx="8" cy="8" r="6" />
        {theme !== "dark" && <path d={theme === "auto" ? "M8 2a6 6 0 0 1 0 12z" : "M8 5v6M5 8h6"} />}
        {theme === "dark" && <path d="M8 2a6 6 0 0 1 0 12a6 6 0 0 1 0-12z" />}
      </svg>
    </button>
  );
}
