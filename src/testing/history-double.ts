// A history in memory, for tests of what asks it: rolls that were recorded, and the changes between
// them as they are given.

import type { Change } from "../history/change.ts";
import type { History } from "../history/history.ts";
import { type Gap, NO_FACTS, type Recorded, type RecordedFacts } from "../history/recorded.ts";
import { createPast } from "../questions/past-sources.ts";
import { keyAt } from "../roll/table.ts";
import type { RollView } from "../roll/view.ts";
import { NOW } from "./view-double.ts";

/** One entry of the log. */
export interface GivenEntry {
  readonly view: RollView;
  readonly changes?: readonly Change[];
  readonly facts?: Partial<RecordedFacts>;
  readonly gap?: Gap;
  readonly dropped?: number;
}

/** Makes a history of entries, the oldest first; each is of its view's instant. */
function makeHistory(entries: readonly GivenEntry[], noise: readonly string[] = ["update_date"]): History {
  const recorded = entries.map(
    ({ view, facts }, place): Recorded => ({
      number: place + 1,
      at: view.asOf,
      view: { ...view, version: -1 - place },
      facts: { ...NO_FACTS, ...facts },
      noise,
    }),
  );
  const within = (since: number, until: number) =>
    entries.flatMap((given, place) =>
      given.view.asOf > since && given.view.asOf <= until ? [{ given, place, at: given.view.asOf }] : [],
    );

  const history: History = {
    async viewAt(at) {
      const next = recorded.findIndex((one) => one.at > at);
      const found = recorded[(next === -1 ? recorded.length : next) - 1];
      const until = recorded[0]?.at ?? Number.POSITIVE_INFINITY;
      if (!found) return { untold: "history begins later", from: Number.NEGATIVE_INFINITY, until };
      const gap = entries[next]?.gap;
      return gap && at > gap.from ? { untold: gap.reason, from: gap.from, until: gap.until } : found;
    },
    async *viewsAt(instants, signal) {
      for (const at of instants) yield await history.viewAt(at, signal);
    },
    async *readChanges({ since, until }) {
      for (const { given, place, at } of within(since, until)) {
        const { changes = [], dropped = 0, gap } = given;
        yield { entry: place + 1, at, changes, dropped, ...(gap && { gap }) };
      }
    },
    async *readReceipts({ since, until }) {
      const first = entries.findLastIndex(({ view }) => view.asOf <= since);
      const start = within(Number.NEGATIVE_INFINITY, since).filter(({ place }) => place === first);
      for (const { given, place, at } of [...start, ...within(since, until)]) {
        const isWhole = place === Math.max(0, first);
        const before = toTimes(isWhole ? undefined : entries[place - 1]?.view);
        const now = toTimes(given.view);
        const came = [...now].filter(([key, time]) => before.get(key) !== time);
        yield {
          entry: place + 1,
          at,
          keys: came.map(([key]) => key),
          receivedAt: Float64Array.from(came, ([, time]) => time),
          left: [...before.keys()].filter((key) => !now.has(key)),
          isWhole,
        };
      }
    },
    async reach() {
      const [first, last] = [recorded[0], recorded.at(-1)];
      return first && last && { since: first.at, until: last.at, quietMs: 300_000 };
    },
    async status() {
      const [first, last] = [recorded[0], recorded.at(-1)];
      return {
        ...(first && last && { since: first.at, until: last.at }),
        entries: entries.length,
        bytes: 0,
        gaps: entries.flatMap(({ gap }) => gap ?? []),
      };
    },
  };
  return history;
}

/** The same, as questions read it. */
export function makePast(entries: readonly GivenEntry[], noise?: readonly string[]) {
  return createPast(makeHistory(entries, noise));
}

function toTimes(view: RollView | undefined): Map<string, number> {
  return new Map(
    Array.from(view?.reports.receivedAt ?? [], (time, at) => [keyAt((view as RollView).reports, at), time]),
  );
}

/** A change of a host, of its report in `reports/v1/local`. */
export function makeChange(host: string, more: Partial<Change> = {}): Change {
  return {
    entry: 1,
    at: NOW,
    receivedAt: NOW,
    account: "local",
    host,
    key: `reports/v1/local/${host}.json`,
    instanceName: null,
    labels: {},
    kind: "changed",
    field: "app_version",
    before: "1.0",
    after: "1.1",
    ...more,
  };
}
