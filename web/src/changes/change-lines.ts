// The lines of the view Changes: changes with how many hosts have each, and gaps in their places.
// What came since is put over what is there. Pure.
import {
  compareVersions,
  findPackaging,
  parseVersion,
  splitVersion,
} from "../../../src/grammar/version-order.ts";
import type { components } from "../api/openapi.d.ts";

/** As /v1/changes answers it. */
export type ChangesAnswer = components["schemas"]["Changes"];

type ChangeRow = ChangesAnswer["changes"][number];

export type ChangeKind = ChangeRow["kind"];

/** A host that has a change. */
export interface ChangedHost {
  readonly id: string;
  /** "" for the top of the store. */
  readonly account: string;
  readonly name: string | null;
  /** ms since the epoch. */
  readonly at: number;
  /** With the places of array elements. */
  readonly field: string;
}

/** The same change on some hosts. */
export interface ChangeLine {
  /** Tells it from all others, short enough for an address. */
  readonly id: string;
  readonly kind: ChangeKind;
  readonly field: string;
  readonly before: string | null;
  readonly after: string | null;
  /** Changes: one host may have several. */
  readonly count: number;
  /** ms since the epoch. */
  readonly first: number;
  readonly last: number;
  readonly hosts: readonly ChangedHost[];
  /** Further hosts, which are not named. */
  readonly omitted: number;
}

/** A stretch of which it cannot be told what changed; ms since the epoch. */
export interface Gap {
  readonly from: number;
  readonly until: number;
  readonly reason: string;
}

/** What is shown: an answer, and what came since. */
export interface ReadChanges {
  /** ms since the epoch. */
  readonly since: number;
  readonly until: number;
  readonly cursor: string;
  readonly lines: readonly ChangeLine[];
  readonly gaps: readonly Gap[];
}

/** Reads an answer, of which each row is one line. */
export function readChanges({ since, until, cursor, changes, gaps }: ChangesAnswer): ReadChanges {
  return {
    since: Date.parse(since),
    until: Date.parse(until),
    cursor,
    lines: changes.map(readLine),
    gaps: gaps.map(({ from, until: end, reason }) => ({
      from: Date.parse(from),
      until: Date.parse(end),
      reason,
    })),
  };
}

function readLine(row: ChangeRow): ChangeLine {
  const { kind, field, before, after, at } = row;
  // With `each=true` a row is one change of one host.
  const own = row.host === undefined ? [] : [{ ...row, host: row.host, at: at ?? "", field }];
  const hosts = (row.hosts ?? own).map((host) => ({
    id: host.host,
    account: host.account ?? "",
    name: host.instance_name ?? null,
    at: Date.parse(host.at),
    field: host.field,
  }));
  return {
    id: shorten(JSON.stringify([kind, field, before, after, ...(row.hosts ? [] : [at])])),
    kind,
    field,
    before,
    after,
    count: row.count ?? 1,
    first: Date.parse(row.first ?? at ?? ""),
    last: Date.parse(row.last ?? at ?? ""),
    hosts,
    omitted: row.hosts_omitted ?? 0,
  };
}

/** FNV-1a, 32 bits (draft-eastlake-fnv): two lines of one id would open together, no more. */
function shorten(text: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return (hash >>> 0).toString(36);
}

/**
 * Puts what came since over what is there.
 *
 * @returns undefined where that does not tell how many hosts a line then has, so that all is to be
 *   asked for
 */
export function addChanges(before: ReadChanges, next: ReadChanges): ReadChanges | undefined {
  const lines = new Map(before.lines.map((line) => [line.id, line]));
  for (const line of next.lines) {
    const known = lines.get(line.id);
    if (known && (known.omitted > 0 || line.omitted > 0)) return undefined;
    lines.set(line.id, known ? joinLines(known, line) : line);
  }
  const isNew = next.lines.length > 0;
  const gaps = next.gaps.filter(({ until }) => !before.gaps.some((gap) => gap.until === until));
  return {
    since: before.since,
    until: next.until,
    cursor: next.cursor,
    lines: isNew ? [...lines.values()] : before.lines,
    gaps: gaps.length > 0 ? [...before.gaps, ...gaps] : before.gaps,
  };
}

function joinLines(known: ChangeLine, line: ChangeLine): ChangeLine {
  const isAgain = ({ id, account }: ChangedHost) =>
    line.hosts.some((host) => host.id === id && host.account === account);
  return {
    ...known,
    count: known.count + line.count,
    first: Math.min(known.first, line.first),
    last: Math.max(known.last, line.last),
    hosts: [...known.hosts.filter((host) => !isAgain(host)), ...line.hosts],
  };
}

/** Lines and gaps of one day, the newest first. */
export interface Day {
  /** When it begins where the reader is; ms since the epoch. */
  readonly start: number;
  readonly entries: readonly (ChangeLine | Gap)[];
}

export const isGap = (entry: ChangeLine | Gap): entry is Gap => "reason" in entry;

/** @param text that a line has in its field, its values or its hosts' names; "" for all */
export function listEntries({ lines, gaps }: ReadChanges, text: string): (ChangeLine | Gap)[] {
  const wanted = text.toLowerCase();
  const has = (one: string | null) => one?.toLowerCase().includes(wanted) ?? false;
  const isWanted = ({ field, before, after, hosts }: ChangeLine) =>
    wanted === "" || [field, before, after].some(has) || hosts.some(({ id, name }) => has(id) || has(name));
  const endOf = (entry: ChangeLine | Gap) => (isGap(entry) ? entry.until : entry.last);
  return [...lines.filter(isWanted), ...gaps].sort(
    (a, b) => endOf(b) - endOf(a) || Number(isGap(a)) - Number(isGap(b)),
  );
}

/** Divides entries, the newest first, by the reader's days. */
export function divideByDay(entries: readonly (ChangeLine | Gap)[]): Day[] {
  const days: { start: number; entries: (ChangeLine | Gap)[] }[] = [];
  for (const entry of entries) {
    const start = findDay(isGap(entry) ? entry.until : entry.last);
    const last = days.at(-1);
    if (last?.start === start) last.entries.push(entry);
    else days.push({ start, entries: [entry] });
  }
  return days;
}

/** When the reader's day begins. @param at ms since the epoch */
export function findDay(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0);
}

/** Whether a value was followed by an older version of the same variant. */
export function isOlder(before: string | null, after: string | null): boolean {
  if (before === null || after === null) return false;
  const [one, other] = [splitVersion(before), splitVersion(after)];
  if (one.version === "" || other.version === "" || one.variant !== other.variant) return false;
  const [old, now] = [parseVersion(one.version), parseVersion(other.version)];
  return compareVersions(now, old, findPackaging([old, now])) < 0;
}
