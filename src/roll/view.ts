// What the roll shows: the reports of every host at one instant, and the objects that were set
// aside.
import { COLON, SLASH } from "../report/ascii.ts";
import { judgeAge, judgeFreshness } from "../report/freshness.ts";
import { parseReportKey, REPORTS_PREFIX } from "../report/key.ts";
import type { Problem, Rejection } from "../report/problem.ts";
import type { Report } from "../report/report.ts";
import { isOtherMachine, type ReportingMachine, readReportingMachine } from "../report/reporting-machine.ts";
import { type Departure, findDeparted, joinDepartures } from "./departures.ts";
import { mergeTables } from "./merge.ts";
import type { Refreshed } from "./refresh.ts";
import {
  isReport,
  readBody,
  readEtag,
  readInsertion,
  readKey,
  readSetAside,
  type Segment,
} from "./segment.ts";
import { findSuperseded } from "./supersede.ts";
import { createTableBuilder, keyAt, segmentAt, type Table, updatedAtAt } from "./table.ts";

/** One host's newest report and where it lies. */
export interface HostReport extends Report {
  readonly key: string;
  /** An AWS account id, `local`, or "" for a report at the top of the store. */
  readonly account: string;
  readonly etag: string;
  /** When the store received it; ms since the epoch. */
  readonly receivedAt: number;
}

/** The reports of the stores at one instant, immutable. */
export interface RollView {
  /** When the listing behind it began; ms since the epoch. Everything written before is in it. */
  readonly asOf: number;
  /** Two views of one roll with the same version hold the same reports and problems. */
  readonly version: number;
  /** Reports alone, by key, ascending; of every age but gone at the time of the listing. */
  readonly reports: Table;
  /**
   * Set where the listing is older than asOf, as the objects of one host were read again since:
   * when it began; ms since the epoch. What only a listing shows, such as another key of the host,
   * is as old.
   */
  readonly listedAt?: number;
  /** By key, ascending; the first ones where there are very many. */
  readonly problems: readonly Problem[];
  readonly problemCount: number;
  /**
   * Of what was set aside, what is a report all the same (of the future, or another stands for its
   * host), as far as problems lists it; and the last reports of departed hosts. By key, ascending,
   * over the segments of reports; undefined where there is none.
   */
  readonly aside?: Table;
  /** Of hosts whose report is still there but who have left since, by key. */
  readonly departed: readonly Departure[];
  /** Reasons not to believe the reader's clock, in words; the answer may be short by it. */
  readonly clockWarnings?: readonly string[];
  /**
   * Set if the store could not be read completely: what is missing, in words, and how many objects
   * that were listed could not be read.
   */
  readonly partial?: { readonly reason: string; readonly missing: number };
}

/** One report of a view, unpacked. Its body is a view of packed memory: not to be written to. */
export function readReport(table: Table, at: number): HostReport {
  const [segment, row] = [segmentAt(table, at), table.rowOf[at] as number];
  const key = readKey(segment, row);
  const { id, account } = parseReportKey(key) ?? { id: "", account: "" };
  return {
    id,
    account,
    key,
    etag: readEtag(segment, row),
    body: readBody(segment, row),
    updatedAt: updatedAtAt(table, at),
    insertion: readInsertion(segment, row),
    receivedAt: table.receivedAt[at] as number,
  };
}

/** All reports of a view, unpacked. */
export function readReports(table: Table): HostReport[] {
  return Array.from(table.rowOf, (_, at) => readReport(table, at));
}

/** All reports of one host id: one for each account that has it. */
export function findById(table: Table, id: string): HostReport[] {
  const found: HostReport[] = [];
  for (let at = 0; at < table.rowOf.length; at++) {
    if (hasId(segmentAt(table, at), table.rowOf[at] as number, id)) found.push(readReport(table, at));
  }
  return found;
}

/**
 * Whether a view has a report of a host that is not gone. @param account whatever one by default
 */
export function hasHost({ reports, asOf }: RollView, id: string, account?: string): boolean {
  return findById(reports, id).some(
    (report) =>
      (account === undefined || report.account === account) &&
      judgeAge(report.receivedAt, asOf, 0) !== "gone",
  );
}

/** A report's key is its id and `.json`, after a colon or slash or alone (parseReportKey). */
function hasId({ names, nameStarts, keyLengths }: Segment, row: number, id: string): boolean {
  const start = nameStarts[row] as number;
  const place = (keyLengths[row] as number) - ".json".length - id.length;
  if (place < 0) return false;
  const before = names[start + place - 1];
  if (place > 0 && before !== COLON && before !== SLASH) return false;
  return names.toString("latin1", start + place, start + place + id.length) === id;
}

const FUTURE_DATED: Rejection = {
  reason: "future_dated",
  detail:
    "the store received it later than now by the reader's clock; set the clock of " +
    "the store or of the reader right",
};

/** A store tells whole seconds at worst. */
const CLONE_TOLERANCE_MS = 5000;

/**
 * The two machines that made two reports of one id; undefined where one did, as far as is known.
 */
function findClones(
  table: Table,
  at: number,
  winner: number,
): readonly [ReportingMachine, ReportingMachine] | undefined {
  const [older, newer] = [reportingMachineAt(table, at), reportingMachineAt(table, winner)];
  const [receivedAt, newerAt] = [table.receivedAt[at] as number, table.receivedAt[winner] as number];
  const areTwo =
    older && newer && isOtherMachine({ reporter: older, receivedAt }, newer, newerAt, CLONE_TOLERANCE_MS);
  return areTwo ? [older, newer] : undefined;
}

/**
 * The host reports under another key by now; or another machine does.
 *
 * @param elsewhere the store that the newer one lies in, where it is another one
 */
function explainSuperseded(table: Table, at: number, winner: number, elsewhere?: string): Rejection {
  const clones = findClones(table, at, winner);
  const key = keyAt(table, winner) + (elsewhere === undefined ? "" : ` in ${elsewhere}`);
  if (!clones) {
    // Of two stores that are read together, either may be one that is only read.
    const remedy =
      elsewhere === undefined ? "delete this one" : "while the host reports to both, nothing is to be done";
    return { reason: "superseded", detail: `the same host has a newer report under ${key}; ${remedy}` };
  }
  const [name, other] = clones.map((reporter) => JSON.stringify(reporter.name?.slice(0, 64) ?? "no name"));
  const detail =
    `two machines report under one id: this report is of ${name}, and a newer one, of ` +
    `${other}, is under ${key}; give one of them an id of its own`;
  return { reason: "clone", detail };
}

/** Who made which row, by segment: a view is built again and again, and its rows seldom change. */
const reporters = new WeakMap<Segment, Map<number, ReportingMachine | undefined>>();

function reportingMachineAt(table: Table, at: number): ReportingMachine | undefined {
  const [segment, row] = [segmentAt(table, at), table.rowOf[at] as number];
  const known = reporters.get(segment) ?? new Map<number, ReportingMachine | undefined>();
  reporters.set(segment, known);
  if (!known.has(row)) known.set(row, readReportingMachine(readBody(segment, row)));
  return known.get(row);
}

/** Whether two reports of one id lie under one account, as far as is known: the top names none. */
function areOfOneAccount(table: Table, at: number, other: number): boolean {
  const [account, theirs] = [at, other].map((place) => parseReportKey(keyAt(table, place))?.account);
  return account === "" || theirs === "" || account === theirs;
}

/** Problems shown at most. */
const MAX_PROBLEMS = 10_000;

interface ViewOptions {
  readonly asOf: number;
  readonly version: number;
  readonly now: number;
  readonly locations?: readonly string[] | undefined;
}

/**
 * A departure takes away what the same host put to the top of a store before it, too: scripts that
 * write there know no departures.
 */
function addDepartedAtTop(
  table: Table,
  superseded: ReadonlyMap<number, number>,
  departed: Map<number, Departure>,
): void {
  for (const [at, winner] of superseded) {
    const departure = departed.get(at);
    if (!departure || departed.has(winner) || keyAt(table, winner).startsWith(REPORTS_PREFIX)) continue;
    const isLater = departure.receivedAt >= (table.receivedAt[winner] as number);
    if (isLater && !findClones(table, at, winner)) departed.set(winner, departure);
  }
}

/**
 * Tells reports from what is set aside. `hasFuture`: some of it is only so until the clock gets
 * there.
 *
 * @param states of each store that is read
 * @param now by the reader's clock, ms since the epoch: what was received later is of the future. A
 *   listing takes its time, and what came since it began is not
 * @param locations the stores' URLs, where there are several
 */
export function buildView(
  states: readonly Refreshed[],
  { asOf, version, now, locations }: ViewOptions,
): RollView & { readonly hasFuture: boolean } {
  const { table, repeated, storeOf } = mergeTables(states.map((state) => state.table));
  const departures = joinDepartures(states.map((state) => state.departures));
  const listed = states.flatMap(({ problems }, store) =>
    locations ? problems.map((problem) => ({ ...problem, store: locations[store] ?? "" })) : problems,
  );
  const count = table.rowOf.length;
  const superseded = findSuperseded(table, now, repeated);
  const departed = new Map(findDeparted(table, departures, now));
  addDepartedAtTop(table, superseded, departed);
  const problems: Problem[] = [];
  let problemCount = states.reduce((sum, state) => sum + state.problemCount, 0);
  let hasFuture = departures.some(({ receivedAt }) => judgeFreshness(receivedAt, now, 0) === "future");
  const aside = (at: number, { reason, detail }: Rejection, size: number) => {
    problemCount++;
    if (problems.length < MAX_PROBLEMS)
      problems.push({
        key: keyAt(table, at),
        reason,
        detail,
        receivedAt: table.receivedAt[at] as number,
        size,
        ...(locations && { store: locations[storeOf(at)] ?? "" }),
      });
  };
  /** Where that is another store than the one that a row is of. */
  const findOtherStore = (at: number, winner: number): string | undefined =>
    storeOf(winner) === storeOf(at) ? undefined : locations?.[storeOf(winner)];
  /**
   * Whose report stands in the place of one. When a machine leaves, another one with its id stays,
   * and comes to light.
   */
  const findWinner = (at: number): number | undefined => {
    let winner = superseded.get(at);
    while (winner !== undefined && departed.has(winner) && findClones(table, at, winner))
      winner = superseded.get(winner);
    return winner;
  };
  /**
   * Whether the host of a departed report is there all the same: it has written a newer one since,
   * in whatever place that is its own. Other accounts' are other hosts.
   */
  const isBack = (at: number): boolean => {
    let winner = superseded.get(at);
    while (winner !== undefined && departed.has(winner)) winner = superseded.get(winner);
    return winner !== undefined && areOfOneAccount(table, at, winner) && !findClones(table, at, winner);
  };
  const listDepartures = (): Departure[] => {
    return [...new Set([...departed].flatMap(([at, departure]) => (isBack(at) ? [] : departure)))];
  };
  const builder = createTableBuilder(count);
  const beside: number[] = [];
  for (let at = 0; at < count; at++) {
    const [segment, row] = [segmentAt(table, at), table.rowOf[at] as number];
    const winner = findWinner(at);
    if (!isReport(segment, row)) {
      const rejection = readSetAside(segment, row);
      aside(at, rejection, rejection.size);
    } else if (judgeFreshness(table.receivedAt[at] as number, now, 0) === "future") {
      hasFuture = true;
      if (problems.length < MAX_PROBLEMS) beside.push(at);
      aside(at, FUTURE_DATED, readBody(segment, row).length);
    } else if (winner !== undefined && !departed.has(at)) {
      if (problems.length < MAX_PROBLEMS) beside.push(at);
      const rejection = explainSuperseded(table, at, winner, findOtherStore(at, winner));
      aside(at, rejection, readBody(segment, row).length);
    } else if (departed.has(at)) beside.push(at);
    else builder.push(table.segmentOf[at] as number, row, table.receivedAt[at] as number);
  }
  return {
    asOf,
    version,
    // Usually every row is a report, and the view needs no columns of its own.
    reports: builder.length === count ? table : builder.build(table.segments),
    problems: [...listed, ...problems].sort((a, b) => (a.key < b.key ? -1 : 1)).slice(0, MAX_PROBLEMS),
    problemCount,
    ...(beside.length > 0 && { aside: pickRows(table, beside) }),
    departed: listDepartures(),
    hasFuture,
  };
}

function pickRows(table: Table, positions: readonly number[]): Table {
  const rows = createTableBuilder(positions.length);
  for (const at of positions)
    rows.push(table.segmentOf[at] as number, table.rowOf[at] as number, table.receivedAt[at] as number);
  return rows.build(table.segments);
}
