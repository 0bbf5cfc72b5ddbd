// May this machine's clock be believed, before anything is removed because it is old? What else
// tells the time has to agree.
import { DEPARTURES_PREFIX, parseReportKey, REPORTS_PREFIX } from "../report/key.ts";
import { EXPIRY_MS, MAX_REPORT_BYTES } from "../report/limits.ts";
import { isRejected, parseReport } from "../report/report.ts";
import { type Entry, type Store, TooLarge, Unreadable } from "../store/store.ts";

/** Clocks that are nearer to each other than this are taken for the same. */
const TOLERANCE_MS = 5 * 60 * 1000;

/**
 * After a step of the clock nothing is removed for so long: all that is alive has reported again by
 * then, and not once but day and night.
 */
const STEADY_MS = EXPIRY_MS + 60 * 60 * 1000;

/**
 * The newest reports whose own dates are looked at, and how far these may lie behind their receipt.
 * Live hosts are in danger from a day on.
 */
const REPORTS_ASKED = 9;
const MAX_BEHIND_MS = EXPIRY_MS / 2;

export interface SweepClockCheckOptions {
  readonly store: Store;
  /** This machine's clock: ms since the epoch. */
  readonly clock: () => number;
  /** What no one sets, from any start, and goes on while the machine sleeps; ms. */
  readonly monotonic: () => number;
}

export interface SweepClockCheck {
  /**
   * Looks for a reason not to believe the clock.
   *
   * @returns it, in words; undefined if there is none
   */
  findFault(signal: AbortSignal): Promise<string | undefined>;
}

/** Makes a check, which watches the clock from now on. */
export function createSweepClockCheck({ store, clock, monotonic }: SweepClockCheckOptions): SweepClockCheck {
  let ahead = clock() - monotonic();
  let step: { readonly at: number; readonly ms: number } | undefined;

  /** A clock that was set has gone another way than time. */
  function findStep(): string | undefined {
    const now = monotonic();
    const stepMs = clock() - now - ahead;
    if (Math.abs(stepMs) > TOLERANCE_MS) {
      ahead += stepMs;
      step = { at: now, ms: stepMs };
    }
    if (!step || now - step.at > STEADY_MS) return undefined;
    return (
      `this machine's clock was set ${step.ms > 0 ? "ahead" : "back"} by ` +
      `${describeSpan(step.ms)} within the last day`
    );
  }

  async function askStore(): Promise<string | undefined> {
    const theirs = await store.now?.();
    const differenceMs = theirs === undefined ? 0 : clock() - theirs;
    if (Math.abs(differenceMs) <= TOLERANCE_MS) return undefined;
    return (
      `this machine's clock is ${describeSpan(differenceMs)} ` +
      `${differenceMs > 0 ? "ahead of" : "behind"} the clock of the store's file system`
    );
  }

  /**
   * Where there is anything at all, something should be new; and the newest should have been made
   * about when it came.
   */
  async function askHosts(signal: AbortSignal): Promise<string | undefined> {
    const newest = await findNewest(store, signal);
    const [first] = newest;
    if (!first) return undefined;
    const ageMs = clock() - first.lastModified;
    if (ageMs > EXPIRY_MS)
      return (
        "nothing in the store is newer than a day by this machine's clock: the newest " +
        `is ${describeSpan(ageMs)} old`
      );
    // By those the store seems alive. Older ones would outvote the first that a wrong clock has
    // stamped.
    const recent = newest.filter(({ lastModified }) => clock() - lastModified <= EXPIRY_MS);
    const behind = await Promise.all(recent.map((entry) => measureBehind(store, entry, signal)));
    const known = behind.filter((ms) => ms !== undefined).sort((a, b) => a - b);
    const middle = known[Math.floor((known.length - 1) / 2)];
    if (middle === undefined || middle <= MAX_BEHIND_MS) return undefined;
    return (
      `the newest reports were made ${describeSpan(middle)} before they came, by the ` +
      "clocks of their hosts"
    );
  }

  return {
    // The step first: it is to be seen even while the store is away.
    findFault: async (signal) => findStep() ?? (await askStore()) ?? (await askHosts(signal)),
  };
}

/** The newest of what hosts wrote, newest first. */
async function findNewest(store: Store, signal: AbortSignal): Promise<Entry[]> {
  let newest: Entry[] = [];
  const take = (page: readonly Entry[]) => {
    const oldest =
      newest.length < REPORTS_ASKED ? Number.NEGATIVE_INFINITY : (newest.at(-1)?.lastModified ?? 0);
    const newer = page.filter(({ lastModified }) => lastModified > oldest);
    if (newer.length > 0)
      newest = [...newest, ...newer].sort((a, b) => b.lastModified - a.lastModified).slice(0, REPORTS_ASKED);
  };
  for (const prefix of [REPORTS_PREFIX, DEPARTURES_PREFIX])
    for await (const page of store.list(prefix, { signal })) take(page);
  for await (const page of store.list("", { shallow: true, signal }))
    take(page.filter(({ key }) => parseReportKey(key)));
  return newest;
}

/**
 * How long before its receipt a report was made, by its host's clock; undefined where that is not
 * known.
 */
async function measureBehind(store: Store, { key }: Entry, signal: AbortSignal): Promise<number | undefined> {
  const owner = parseReportKey(key);
  if (!owner) return undefined;
  const found = await store.get(key, { maxBytes: MAX_REPORT_BYTES, signal }).catch((error: unknown) => {
    if (error instanceof TooLarge || error instanceof Unreadable) return undefined;
    throw error;
  });
  const report = found && parseReport(found.body, owner.id);
  return !found || !report || isRejected(report) ? undefined : found.lastModified - report.updatedAt;
}

function describeSpan(ms: number): string {
  const minutes = Math.round(Math.abs(ms) / 60_000);
  return minutes < 120 ? `${minutes} minutes` : `${Math.round(minutes / 60)} hours`;
}
