// What a reader prefers, kept in this browser: language, colours, how often to ask. A browser that
// keeps nothing for the page has the defaults.

const PREFIX = "rollcall.";

/** @returns undefined where nothing was chosen, or the browser keeps nothing */
export function readPreference(name: string): string | undefined {
  try {
    return localStorage.getItem(PREFIX + name) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a choice; "" forgets it. */
export function writePreference(name: string, value: string): void {
  try {
    if (value === "") localStorage.removeItem(PREFIX + name);
    else localStorage.setItem(PREFIX + name, value);
  } catch {
    // It holds until the page is closed.
  }
}
