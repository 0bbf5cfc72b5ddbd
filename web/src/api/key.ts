// The read key: kept for the session of this tab, never in an address, sent to this server alone.

const NAME = "rollcall.key";

let key: string | undefined;

try {
  key = sessionStorage.getItem(NAME) ?? undefined;
} catch {
  // A browser that keeps nothing for the page asks anew after each reload.
}

/** @returns undefined where none was given: a proxy may have signed the reader in */
export function readKey(): string | undefined {
  return key;
}

/** Keeps a key; undefined forgets it. */
export function keepKey(given: string | undefined): void {
  key = given;
  try {
    if (given === undefined) sessionStorage.removeItem(NAME);
    else sessionStorage.setItem(NAME, given);
  } catch {
    // As above.
  }
}
