// Who fell silent and who returned: no entry of the history says so, since it follows from when
// reports came and from the window that is asked for.

/** A host that fell silent, or returned. */
export interface Silence {
  readonly kind: "silent" | "returned";
  readonly key: string;
  /** When: the end of its window, or when its report came. ms since the epoch */
  readonly at: number;
  /** When its last report came; ms since the epoch. */
  readonly receivedAt: number;
}

/** When reports came, as one entry of the history says it. */
export interface Receipts {
  /** Of the entry; ms since the epoch. */
  readonly at: number;
  readonly keys: readonly string[];
  /** By place in keys; ms since the epoch. */
  readonly receivedAt: Float64Array;
  /** Keys that are in the roll no more. */
  readonly left: readonly string[];
  /** Whether keys are all of the roll: others are in it no more. */
  readonly isWhole?: boolean;
}

interface Heard {
  at: number;
  isSilent: boolean;
}

/**
 * Follows receipts. A host is silent where it was so at an entry's instant: what was shorter than
 * the time between two entries nobody saw.
 */
export class SilenceWatch {
  readonly #windowMs: number;
  readonly #heard = new Map<string, Heard>();
  /** No host falls silent before; ms since the epoch. */
  #due = Number.NEGATIVE_INFINITY;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /**
   * Takes an entry, in their order. @returns what it shows, by key; nothing of hosts that it is the
   * first to tell of
   */
  take({ at, keys, receivedAt, left, isWhole }: Receipts): Silence[] {
    const found: Silence[] = [];
    for (const key of left) this.#heard.delete(key);
    if (isWhole) this.#keepOnly(new Set(keys));
    for (const [place, key] of keys.entries()) {
      const heardAt = receivedAt[place] as number;
      const before = this.#heard.get(key);
      const isSilent = at - heardAt > this.#windowMs;
      if (!before) {
        this.#heard.set(key, { at: heardAt, isSilent });
      } else {
        before.at = heardAt;
        if (before.isSilent && !isSilent) {
          before.isSilent = false;
          found.push({ kind: "returned", key, at: heardAt, receivedAt: heardAt });
        }
      }
      // Its own window may end before those of all others.
      this.#due = Math.min(this.#due, heardAt + this.#windowMs);
    }
    if (at > this.#due) this.#findSilent(at, found);
    return found.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  }

  #keepOnly(keys: ReadonlySet<string>): void {
    for (const key of this.#heard.keys()) if (!keys.has(key)) this.#heard.delete(key);
  }

  #findSilent(now: number, found: Silence[]): void {
    let earliest = Number.POSITIVE_INFINITY;
    for (const [key, heard] of this.#heard) {
      if (heard.isSilent) continue;
      const due = heard.at + this.#windowMs;
      if (now > due) {
        heard.isSilent = true;
        found.push({ kind: "silent", key, at: due, receivedAt: heard.at });
      } else earliest = Math.min(earliest, due);
    }
    this.#due = earliest;
  }
}
