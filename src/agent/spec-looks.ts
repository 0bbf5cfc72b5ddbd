// When a host looks for the published spec: seldom, since each look is a request that is paid for,
// and more often for a while after it has taken a new one, which may have to be taken back.

/** How often the published edition is looked at, give or take a third; ms (docs/cost.md). */
const FOLLOW_EVERY_MS = 20 * 60_000;

/** The same while an edition is new to this host; ms. */
const FOLLOW_SOON_MS = 5 * 60_000;

/** So long after it was taken; ms. */
const NEW_EDITION_MS = 60 * 60_000;

export interface SpecLooksOptions {
  /**
   * Looks. @returns whether another edition counts here than before, or is refused @throws whatever
   * fetching throws
   */
  readonly look: () => Promise<boolean>;
  /** Told of a look that brought something else. */
  readonly onChange: () => void;
  /** Told of a look that failed; there is another one soon. */
  readonly onError: (error: unknown) => void;
  /** Milliseconds from some fixed instant; never goes back. */
  readonly monotonic: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Waits; ends early, without an error, when the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Looks now and then, for the first time after a while. Runs until the signal aborts. */
export async function lookForSpecs(options: SpecLooksOptions, signal: AbortSignal): Promise<void> {
  const { look, onChange, onError, monotonic, random, sleep } = options;
  let changedAt = Number.NEGATIVE_INFINITY;
  while (!signal.aborted) {
    const everyMs = monotonic() - changedAt < NEW_EDITION_MS ? FOLLOW_SOON_MS : FOLLOW_EVERY_MS;
    // Hosts that started together do not ask together for ever.
    await sleep(everyMs * (2 / 3 + (random() * 2) / 3), signal);
    if (signal.aborted) return;
    try {
      if (!(await look())) continue;
      changedAt = monotonic();
      onChange();
    } catch (error) {
      onError(error);
    }
  }
}
