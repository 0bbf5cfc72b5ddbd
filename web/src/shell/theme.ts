// Light or dark: as the system has it, or as it was chosen.
import { readPreference, writePreference } from "./preference.ts";

export const THEMES = ["auto", "light", "dark"] as const;

export type Theme = (typeof THEMES)[number];

const PREFERENCE = "theme";

export function readTheme(): Theme {
  const chosen = readPreference(PREFERENCE);
  return THEMES.find((theme) => theme === chosen) ?? "auto";
}

/** Keeps the choice, and shows it. */
export function chooseTheme(theme: Theme): void {
  writePreference(PREFERENCE, theme === "auto" ? "" : theme);
  showTheme(theme);
}

/** The style has both themes by the property `color-scheme`; this says which. */
export function showTheme(theme: Theme): void {
  document.documentElement.dataset.theme = theme;
}
