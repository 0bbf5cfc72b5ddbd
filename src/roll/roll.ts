// The reader: keeps every report of a store in memory and brings it up to date by one listing and the bodies that changed.
import pMap from "p-map";
import type { Clock } from "../report/clock.ts";
import { judgeFreshness } from "../report/freshness.ts";
import { parseReportKey, REPORTS_PREFIX } from "../report/key.ts";
import { EXPIRY_MS, MAX_REPORT_BYTES } from "../report/limits.ts";
import type { Problem, Rejection } from "../report/problem.ts";
import { isRejected, parseReport } from "../report/report.ts";
import { type Entry, type Store, TooLarge, Unreadable } from "../store/store.ts";
import { setAsideSuperseded } from "./supersede.ts";
import type { HostReport, RollView } from "./view.ts";

/** Bodies read at a time. A folder gains nothing past this (docs/benchmarks.md). */
const READ_CONCURRENCY = 64;

/** How long after a refresh its view is used again. Short enough that nobody waits for news, long enough that a crowd costs one listing. */
const MAX_VIEW_AGE_MS = 1000;

/** Keys shown of a listing are cut, since anyone who can write to the store chooses them. */
const MAX_SHOWN_KEY_LENGTH = 1024;

export interface Roll {
  /**
   * The reports as they are now: the listing behind it ended at most a second ago, or as long ago as it took. Questions that come while a refresh runs share it.
   *
   * @throws whatever the store throws when it cannot list or read completely
   */
  view(): Promise<RollView>;

  /** Takes in a report that this process has just put, so that the next view holds it without a listing. */
  note(entry: Entry, body: Uint8Array): void;
}

/** What became of one object: a report, or why it is set aside. */
interface Known {
  readonly entry: Entry;
  readonly outcome: HostReport | Rejection;
}

export interface RollOptions {
  readonly store: Store;
  readonly clock: Clock;
}

/** Makes a reader. Nothing is read until the first view. */
export function createRoll({ store, clock }: RollOptions): Roll {
  let known = new Map<string, Known>();
  let noted = new Set<string>();
  let current: RollView | undefined;
  let version = 0;
  let asOf = Number.NEGATIVE_INFINITY;
  let refreshedAt = Number.NEGATIVE_INFINITY;
  let refreshMs = 0;
  let refreshing: Promise<void> | undefined;

  async function refresh(): Promise<void> {
    const startedAt = clock();
    const next = new Map<string, Known>();
    noted = new Set();
    const isFirst = known.size === 0;
    let changed = false;
    const take = (found: Known): void => {
      changed ||= found !== known.get(found.entry.key);
      next.set(found.entry.key, found);
    };
    const readOne = async (entry: Entry): Promise<void> => {
      const found = await readEntry(store, entry);
      if (found) take(found);
    };
    let reading: Promise<unknown> = Promise.resolve();
    for await (const page of listCandidates(store)) {
      const unread = sortOut(page, startedAt, take);
      await reading;
      // The next page is listed while this one's bodies are read.
      reading = pMap(unread, readOne, { concurrency: READ_CONCURRENCY });
      // Its failure is met at the next await; until then it must not count as unhandled.
      reading.catch(() => undefined);
    }
    await reading;
    // What was put through this process while the listing ran is newer than what the listing may have seen.
    for (const key of noted) {
      const found = known.get(key);
      if (found) next.set(key, found);
    }
    if (changed || next.size !== known.size) version++;
    known = next;
    asOf = startedAt;
    refreshedAt = clock();
    // The first one reads every body and says nothing of how long the next will take.
    refreshMs = isFirst ? 0 : refreshedAt - startedAt;
  }

  /** Hands over what is known already of a page; returns what must be read. */
  function sortOut(page: readonly Entry[], now: number, take: (found: Known) => void): Entry[] {
    const unread: Entry[] = [];
    for (const entry of page) {
      if (now - entry.lastModified > EXPIRY_MS) continue;
      const before = known.get(entry.key);
      if (before && isSameObject(before.entry, entry)) take(before);
      else if (before?.entry.etag === entry.etag) take(renew(before, entry));
      else {
        const rejection = rejectUnread(entry);
        if (rejection) take({ entry, outcome: rejection });
        else unread.push(entry);
      }
    }
    return unread;
  }

  function build(): RollView {
    const reports: HostReport[] = [];
    const problems: Problem[] = [];
    for (const key of [...known.keys()].sort()) {
      const { entry, outcome } = known.get(key) as Known;
      if ("reason" in outcome) problems.push(toProblem(entry, outcome));
      else if (judgeFreshness(outcome.receivedAt, asOf, 0) === "future") problems.push(toProblem(entry, FUTURE_DATED));
      else reports.push(outcome);
    }
    return { asOf, version, ...setAsideSuperseded(reports, problems) };
  }

  return {
    async view() {
      const age = clock() - refreshedAt;
      // A store whose listing takes seconds rests for as long before it is asked again; a clock set back makes every view stale.
      if (!(age >= 0 && age <= Math.max(MAX_VIEW_AGE_MS, refreshMs))) {
        refreshing ??= refresh().finally(() => {
          refreshing = undefined;
        });
        await refreshing;
      }
      // A future-dated report becomes an ordinary one as time passes, so views with such are built anew each time.
      if (current?.version !== version || current.problems.some(({ reason }) => reason === "future_dated")) current = build();
      else if (current.asOf !== asOf) current = { ...current, asOf };
      return current;
    },

    note(entry, body) {
      noted.add(entry.key);
      known.set(entry.key, judge(entry, body));
      version++;
    },
  };
}

const FUTURE_DATED: Rejection = {
  reason: "future_dated",
  detail: "the store received it later than now by the reader's clock; set the clock of the store or of the reader right",
};

/** Every object that may be a report, by key within each listing: those at the top of the store, then those under reports/v1/. */
async function* listCandidates(store: Store): AsyncGenerator<readonly Entry[]> {
  yield* store.list("", { shallow: true });
  yield* store.list(REPORTS_PREFIX);
}

/** What the listing alone proves wrong, so that it is never downloaded. */
function rejectUnread({ key, size }: Entry): Rejection | undefined {
  if (!parseReportKey(key)) {
    return {
      reason: "bad_key",
      detail: "the key is not reports/v1/ACCOUNT/WRITER.json, nor INSTANCE_ID.json at the top of the store",
    };
  }
  if (size > MAX_REPORT_BYTES)
    return { reason: "too_large", detail: `the report has ${size} bytes; the limit is ${MAX_REPORT_BYTES}` };
  return undefined;
}

/** Reads an object that the listing showed. @returns undefined if it was deleted since */
async function readEntry(store: Store, entry: Entry): Promise<Known | undefined> {
  try {
    const object = await store.get(entry.key, { maxBytes: MAX_REPORT_BYTES });
    return object && judge(object, object.body);
  } catch (error) {
    // It grew between the listing and the read.
    if (error instanceof TooLarge) return { entry, outcome: { reason: "too_large", detail: "it has more bytes than the limit" } };
    if (error instanceof Unreadable)
      return { entry, outcome: { reason: "unreadable", detail: "the store cannot read it: another user's, or being written" } };
    throw error;
  }
}

function judge({ key, etag, size, lastModified }: Entry, body: Uint8Array): Known {
  const entry = { key, etag, size, lastModified };
  const owner = parseReportKey(key);
  if (!owner) return { entry, outcome: { reason: "bad_key", detail: "the key names no host" } };
  const report = parseReport(body, owner.id);
  if (isRejected(report)) return { entry, outcome: report };
  return { entry, outcome: { ...report, key, account: owner.account, etag, receivedAt: lastModified } };
}

function isSameObject(a: Entry, b: Entry): boolean {
  return a.etag === b.etag && a.lastModified === b.lastModified;
}

/** The same bytes, put again later: the host is alive and nothing changed. */
function renew({ outcome }: Known, entry: Entry): Known {
  return { entry, outcome: "reason" in outcome ? outcome : { ...outcome, receivedAt: entry.lastModified } };
}

function toProblem({ key, lastModified, size }: Entry, { reason, detail }: Rejection): Problem {
  return { key: key.slice(0, MAX_SHOWN_KEY_LENGTH), reason, detail, receivedAt: lastModified, size };
}
