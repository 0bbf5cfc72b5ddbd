// What the functions on AWS Lambda that read the roll share: their log, their settings, their
// stores.
import { pino } from "pino";
import { parseSpan } from "../questions/query.ts";
import { splitList } from "../report/list-text.ts";
import { createRoll, type Roll } from "../roll/roll.ts";
import type { SnapshotMode } from "../roll/snapshot.ts";
import { type OpenStores, openBeside, openStore } from "../store/open.ts";

/** How old the listing behind an answer may be where the settings do not say; ms. */
const MAX_LISTING_AGE_MS = 10_000;

/** The refresher comes once a minute. */
const SAVE_EVERY_MS = 50_000;

export const clock = () => Date.now();

export const log = pino(
  { level: process.env.ROLLCALL_LOG_LEVEL ?? "info", base: null, timestamp: pino.stdTimeFunctions.isoTime },
  { write: (line) => process.stdout.write(line) },
);

/** As the settings of the same names are read. @throws QueryError that names the setting */
export function readDuration(name: "ROLLCALL_WITHIN" | "ROLLCALL_MAX_AGE", usual: number): number {
  const text = process.env[name];
  return text === undefined || text === "" ? usual : parseSpan(text, name);
}

/** Between two events the process stands still, so nothing may be begun that nobody waits for. */
export function openRoll(
  { store, alsoRead }: OpenStores,
  snapshot: SnapshotMode,
  onNotice: (notice: string, error?: unknown) => void,
): Roll {
  const maxAgeMs = readDuration("ROLLCALL_MAX_AGE", MAX_LISTING_AGE_MS);
  return createRoll({
    store,
    alsoRead,
    clock,
    maxAgeMs,
    snapshot,
    snapshotEveryMs: SAVE_EVERY_MS,
    refreshesAhead: false,
    onNotice,
  });
}

/** Begun while Lambda still starts the function, when it gives it most of a processor. */
const opening = openStores();
// Whoever waits for it hears of a failure.
opening.catch(() => undefined);

async function openStores(): Promise<OpenStores> {
  const store = await openStore(process.env.ROLLCALL_STORE ?? "", { clock });
  return await openBeside(store, splitList(process.env.ROLLCALL_ALSO_READ), { clock });
}

/** Runs once, at the first event: a function has one of the handlers only. */
export function once<T>(open: (stores: OpenStores) => T | Promise<T>): () => Promise<T> {
  let opened: Promise<T> | undefined;
  return () => {
    opened ??= opening.then(open);
    return opened;
  };
}
