// Placement: under which key a host's report goes. A second machine with the same id gets a key of
// its own, so that neither takes the other's place.
import { formatDepartureKey, REPORTS_PREFIX } from "../report/key.ts";
import { DEFAULT_WINDOW_MS, MAX_REPORT_BYTES } from "../report/limits.ts";
import { isOtherMachine, type ReportingMachine, readReportingMachine } from "../report/reporting-machine.ts";
import { type Store, TooLarge, Unreadable } from "./store.ts";

/** Largest departure that is looked at. */
const MAX_PARSED_DEPARTURE_BYTES = 4096;

export interface Placement {
  readonly key: string;
  /** Set where another machine reports under the id: how it is called, if it says. */
  readonly other?: { readonly name: string | undefined };
}

export interface PlacementOptions {
  /** The key of the host's report, `reports/v1/ACCOUNT/ID.json`. */
  readonly key: string;
  /** By the store's clock, ms since the epoch; and how far it may be off. */
  readonly now: number;
  readonly toleranceMs: number;
  readonly signal?: AbortSignal;
}

/**
 * Finds where a report goes: under the host's key, unless a fresh report of another machine lies
 * there, which has not left. Then the key begins with what tells the machine, as
 * `reports/v1/local/0123456789abcdef:ID.json`; the reader shows the newer of the two, and the other
 * as a clone.
 */
export async function placeReport(
  store: Store,
  body: Uint8Array,
  options: PlacementOptions,
): Promise<Placement> {
  const { key, now, toleranceMs, signal } = options;
  const coming = readReportingMachine(body);
  const there = coming && (await readThere(store, key, signal));
  if (!there || !isOtherMachine(there, coming, now, toleranceMs)) return { key };
  if (now - there.receivedAt > DEFAULT_WINDOW_MS || (await hasLeft(store, key, there.receivedAt, signal)))
    return { key };
  // A copy may have the same hardware address, and then its boot tells.
  const own = there.reporter.machine === coming.machine ? coming.boot : coming.machine;
  return { key: withMachine(key, own), other: { name: there.reporter.name } };
}

/**
 * Finds which report a host's departure takes away: its own, wherever that lies.
 *
 * @param machine as in its reports
 * @returns undefined where what lies there is another machine's, and nothing is this one's
 */
export async function placeDeparture(
  store: Store,
  {
    key,
    machine,
    boot,
    signal,
  }: { readonly key: string; readonly machine: string; readonly boot: string; readonly signal?: AbortSignal },
): Promise<string | undefined> {
  const there = await readThere(store, key, signal);
  if (!there || there.reporter.boot === boot) return key;
  for (const own of [machine, boot]) {
    const placed = withMachine(key, own);
    if (await store.get(placed, { maxBytes: MAX_REPORT_BYTES, signal })) return placed;
  }
  // An earlier boot's.
  return there.reporter.machine === machine ? key : undefined;
}

/**
 * The place beside a host's own, of another machine with its id. @param own what tells that
 * machine, as cutHash gives it
 */
export function withMachine(key: string, own: string): string {
  const at = key.lastIndexOf("/") + 1;
  if (!key.startsWith(REPORTS_PREFIX)) throw new TypeError(`${key} is no key of a report`);
  return `${key.slice(0, at)}${own}:${key.slice(at)}`;
}

async function readThere(
  store: Store,
  key: string,
  signal: AbortSignal | undefined,
): Promise<{ readonly reporter: ReportingMachine; readonly receivedAt: number } | undefined> {
  const object = await read(store, key, MAX_REPORT_BYTES, signal);
  const reporter = object && readReportingMachine(object.body);
  return reporter && { reporter, receivedAt: object.lastModified };
}

async function hasLeft(
  store: Store,
  key: string,
  receivedAt: number,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const departure = await read(store, formatDepartureKey(key), MAX_PARSED_DEPARTURE_BYTES, signal);
  return departure !== undefined && departure.lastModified >= receivedAt;
}

/** Who may write and not read, as a bucket's policy may have it, cannot tell what is there. */
async function read(store: Store, key: string, maxBytes: number, signal: AbortSignal | undefined) {
  try {
    return await store.get(key, { maxBytes, signal });
  } catch (error) {
    if (error instanceof Unreadable || error instanceof TooLarge) return undefined;
    throw error;
  }
}
