// Coverage: who reported, who fell silent, who left, what was set aside, and who was expected and
// never heard of.
import { judgeAge } from "../report/freshness.ts";
import { parseReportKey } from "../report/key.ts";
import type { RollView } from "../roll/view.ts";
import { readReport } from "../roll/view.ts";
import { HOST_NAME_BYTES, SHARED_YIELDER, sortInSlices, type Yielder } from "../roll/yielder.ts";

/** A host, and a time of the store's clock; ms since the epoch. */
export interface HostAt {
  readonly id: string;
  /** An AWS account id, `local`, or "" for a report at the top of the store. */
  readonly account: string;
  readonly at: number;
}

/** What a store's reports say of the fleet at one instant. Times are ms since the epoch. */
export interface Coverage {
  readonly asOf: number;
  /** Hosts with a fresh report. */
  readonly fresh: number;
  /**
   * Hosts whose report is older than the window, and when the store received it; the longest silent
   * first.
   */
  readonly silent: readonly HostAt[];
  /** Hosts that left within the last day, and when; the last one first. */
  readonly departed: readonly HostAt[];
  /** Reports that were set aside, at most as many as a view lists, and how many they are. */
  readonly setAside: readonly { readonly key: string; readonly reason: string; readonly detail: string }[];
  readonly setAsideCount: number;
  /** How it compares with who was expected; undefined where no list of them was given. */
  readonly expectation: Expectation | undefined;
}

/** The expected hosts, each in one of three places. */
export interface Expectation {
  readonly expected: number;
  /** Of them, those with a fresh report. */
  readonly reported: number;
  /**
   * Of them, those that did not report: neither fresh, nor said that they left. `since` is when
   * they last did; undefined for never within a day.
   */
  readonly missing: readonly { readonly id: string; readonly since: number | undefined }[];
  /** Fresh hosts that nobody expected, the first of them; and how many there are. */
  readonly unexpected: readonly string[];
  readonly unexpectedCount: number;
}

/** Rows looked at before their work is counted. */
export const ROWS_COUNTED_AT_ONCE = 512;

/** Unexpected hosts that are named. */
const MAX_UNEXPECTED = 1000;

/**
 * Finds out who reported.
 *
 * @param windowMs how old a fresh report may be
 * @param expected host ids
 */
export async function judgeCoverage(
  view: RollView,
  windowMs: number,
  expected?: ReadonlySet<string>,
  yielder: Yielder = SHARED_YIELDER,
): Promise<Coverage> {
  const { reports: table, asOf } = view;
  const silent: HostAt[] = [];
  const freshIds = new Set<string>();
  let fresh = 0;
  for (let at = 0; at < table.rowOf.length; at++) {
    if (at % ROWS_COUNTED_AT_ONCE === ROWS_COUNTED_AT_ONCE - 1)
      await yielder.spend(ROWS_COUNTED_AT_ONCE * HOST_NAME_BYTES);
    const receivedAt = table.receivedAt[at] as number;
    const state = judgeAge(receivedAt, asOf, windowMs);
    if (state === "fresh") fresh++;
    if (state !== "silent" && (state !== "fresh" || !expected)) continue;
    const { id, account } = readReport(table, at);
    if (state === "fresh") freshIds.add(id);
    else silent.push({ id, account, at: receivedAt });
  }
  const departed = view.departed
    .map(({ key, receivedAt }) => ({ ...(parseReportKey(key) ?? { id: key, account: "" }), at: receivedAt }))
    .sort((a, b) => b.at - a.at);
  const sortedSilent = await sortInSlices(silent, (a, b) => a.at - b.at || (a.id < b.id ? -1 : 1), yielder);
  return {
    asOf,
    fresh,
    silent: sortedSilent,
    departed,
    setAside: view.problems.map(({ key, reason, detail }) => ({ key, reason, detail })),
    setAsideCount: view.problemCount,
    expectation: expected && compareExpected(expected, { fresh: freshIds, silent, departed }),
  };
}

/** The hosts that ever reported, by their state. */
export interface HostsByState {
  readonly fresh: ReadonlySet<string>;
  readonly silent: readonly Pick<HostAt, "id" | "at">[];
  readonly departed: readonly Pick<HostAt, "id">[];
}

/**
 * Compares the hosts that reported with those expected. Two accounts may each have a host of one
 * id; it is expected once.
 */
export function compareExpected(
  expected: ReadonlySet<string>,
  { fresh, silent, departed }: HostsByState,
): Expectation {
  const left = new Set(departed.map(({ id }) => id));
  const lastHeard = new Map(silent.map(({ id, at }) => [id, at]));
  const all = [...expected];
  const unexpected = [...fresh].filter((id) => !expected.has(id)).sort();
  return {
    expected: expected.size,
    reported: all.filter((id) => fresh.has(id)).length,
    missing: all
      .filter((id) => !fresh.has(id) && !left.has(id))
      .sort()
      .map((id) => ({ id, since: lastHeard.get(id) })),
    unexpected: unexpected.slice(0, MAX_UNEXPECTED),
    unexpectedCount: unexpected.length,
  };
}

/** Most hosts in a list of those expected. */
const MAX_EXPECTED_HOSTS = 2_000_000;

/** A list of expected hosts that cannot be understood. */
export class ExpectationError extends Error {
  override name = "ExpectationError";
}

/**
 * Who is expected, or why that cannot be said: a list that cannot be read takes the comparison from
 * an answer, not the answer.
 */
export async function readExpectation(
  read: (() => Promise<ReadonlySet<string>>) | undefined,
): Promise<{ readonly expected?: ReadonlySet<string>; readonly mistake?: string }> {
  try {
    const expected = await read?.();
    return expected ? { expected } : {};
  } catch (error) {
    if (error instanceof ExpectationError) return { mistake: `the list of expected hosts: ${error.message}` };
    throw error;
  }
}

/**
 * Reads a list of host ids: one a line, `#` begins a comment; or JSON, in which each string called
 * `InstanceId`, `instance_id` or `id` is one (so `aws ec2 describe-instances` may be given as it
 * is; of its instances, those that are pending or running), or an array of strings.
 *
 * @throws ExpectationError
 */
export function parseExpected(text: string): ReadonlySet<string> {
  const document = /^\s*[[{]/.test(text) ? parseDocument(text) : undefined;
  if (isCoverage(document))
    throw new ExpectationError(
      "is an answer of rollcall coverage, which names only who is missing; give that of rollcall list --json",
    );
  const ids = document === undefined ? listLines(text) : findIds(document);
  if (ids.size > MAX_EXPECTED_HOSTS)
    throw new ExpectationError(`names more than ${MAX_EXPECTED_HOSTS} hosts`);
  if (ids.size === 0)
    throw new ExpectationError(
      "names no host that should report; write one id a line, or give the JSON of " +
        "aws ec2 describe-instances, of which the running instances count",
    );
  return ids;
}

function isCoverage(document: unknown): boolean {
  return typeof document === "object" && document !== null && "set_aside" in document && "counts" in document;
}

function listLines(text: string): Set<string> {
  const ids = new Set<string>();
  for (const [at, line] of text.split("\n").entries()) {
    const id = line.replace(/#.*/, "").trim();
    if (id === "") continue;
    if (!/^[\w.@-]{1,128}$/.test(id))
      throw new ExpectationError(`line ${at + 1}: ${JSON.stringify(id.slice(0, 64))} is no host id`);
    ids.add(id);
  }
  return ids;
}

/** @throws ExpectationError that says where it is no JSON */
function parseDocument(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ExpectationError(`is not JSON: ${(error as Error).message}`);
  }
}

/** What an id is called: by EC2, in a report, in general. The first of these counts. */
const ID_KEYS = ["InstanceId", "instance_id", "id"];

/** Finds ids without recursion, which deep JSON would exhaust. */
function findIds(document: unknown): Set<string> {
  const ids = new Set<string>();
  const waiting: unknown[] = [document];
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (typeof value === "object" && value !== null && isOff(value)) continue;
    const id = readId(value);
    if (id !== undefined) ids.add(id);
    else if (typeof value === "object" && value !== null) {
      // Texts are ids where they stand in an array, and else whatever they are.
      for (const member of Object.values(value))
        if (Array.isArray(value) || typeof member === "object") waiting.push(member);
    }
  }
  return ids;
}

/** The id that a text is, or that an object has. */
function readId(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null) return undefined;
  const members = new Map<string, unknown>(Object.entries(value));
  return ID_KEYS.map((key) => members.get(key)).find((member) => typeof member === "string");
}

/** What EC2 says of instances that run, or are about to. */
const RUNNING: readonly unknown[] = ["pending", "running"];

/** Whether EC2 says of an instance that it is stopped or terminated, or on the way there. */
function isOff(value: object): boolean {
  const { InstanceId: id, State: state } = value as Readonly<Record<string, unknown>>;
  if (id === undefined || typeof state !== "object" || state === null) return false;
  const { Name: name } = state as Readonly<Record<string, unknown>>;
  return typeof name === "string" && !RUNNING.includes(name);
}
