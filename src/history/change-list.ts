// Gathers the changes of one entry, within their bounds.
import { parseReportKey } from "../report/key.ts";
import { readBody, readKey, type Segment } from "../roll/segment.ts";
import { type Change, MAX_ENTRY_CHANGE_TEXT, MAX_ENTRY_CHANGES } from "./change.ts";
import { type FieldChange, findFieldChanges } from "./field-changes.ts";
import type { Noise } from "./noise.ts";

/** What a host is called, and grouped by. */
export type HostDescription = Pick<Change, "instanceName" | "labels">;

/**
 * Reads that out of its report. @param report of an account: "" where its key names none
 */
export type DescribeHost = (report: { readonly account: string; readonly body: Buffer }) => HostDescription;

/** One report: its row. */
export interface Row {
  readonly segment: Segment;
  readonly row: number;
}

export interface ChangeList {
  readonly changes: readonly Change[];
  /** How many were beyond the bounds. */
  readonly dropped: number;
  /** What became of a host as a whole. */
  addEvent(row: Row, receivedAt: number, event: Pick<Change, "kind"> & Partial<FieldChange>): void;
  /** What differs between two reports of a host. */
  addFields(old: Row, now: Row, receivedAt: number): void;
}

export interface ChangeListOptions {
  /** Number of the entry. */
  readonly entry: number;
  /** Its instant; ms since the epoch. */
  readonly at: number;
  readonly noise: Noise;
  readonly describeHost: DescribeHost;
}

/** Makes an empty list. */
export function createChangeList({ entry, at, noise, describeHost }: ChangeListOptions): ChangeList {
  const changes: Change[] = [];
  let [dropped, length] = [0, 0];

  function describe({ segment, row }: Row, receivedAt: number) {
    const key = readKey(segment, row);
    const { id = "", account = "" } = parseReportKey(key) ?? {};
    return {
      entry,
      at,
      receivedAt,
      account,
      host: id,
      key,
      ...describeHost({ account, body: readBody(segment, row) }),
    };
  }

  function add(change: Change): void {
    const { field, before, after } = change;
    length += field.length + (before?.length ?? 0) + (after?.length ?? 0);
    if (isFull()) dropped++;
    else changes.push(change);
  }

  const isFull = () => changes.length >= MAX_ENTRY_CHANGES || length > MAX_ENTRY_CHANGE_TEXT;

  return {
    changes,
    get dropped() {
      return dropped;
    },
    addEvent(row, receivedAt, event) {
      add({ ...describe(row, receivedAt), field: "", before: null, after: null, ...event });
    },
    addFields(old, now, receivedAt) {
      const found = findFieldChanges(readBody(old.segment, old.row), readBody(now.segment, now.row), noise);
      dropped += found.dropped;
      if (found.changes.length === 0) return;
      const host = describe(now, receivedAt);
      for (const change of found.changes) add({ ...host, ...change });
    },
  };
}
