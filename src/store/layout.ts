// The layout of a store: where each kind of object lies, who may put, get and remove it, and how
// long it stays. Everything that depends on this takes it from here; infra/, which imports nothing
// of src/, is compared with it by layout.test.ts.
import { createHash } from "node:crypto";
import { DEPARTURES_PREFIX, REPORTS_PREFIX } from "../report/key.ts";
import { EXPIRY_MS } from "../report/limits.ts";

/**
 * Who has to do with a store, each with rights of its own where the store can tell them apart, as a
 * bucket can by the roles of infra/. `rollcall serve`, and the command line over a store, are all
 * of them but `host` and `deployment` at once.
 *
 * - `host`: a machine that reports, by its own key alone where it writes.
 * - `reader`: answers questions.
 * - `refresher`: keeps the snapshot.
 * - `publisher`: turns the roll into a page or a message elsewhere.
 * - `recorder`: writes history.
 * - `operator`: a person or a pipeline that publishes specs, makes keys, declares releases.
 * - `deployment`: CloudFormation, while it deploys.
 */
export type Principal =
  | "host"
  | "reader"
  | "refresher"
  | "publisher"
  | "recorder"
  | "operator"
  | "deployment";

/** A part of a store: all keys that begin alike. */
export interface Area {
  /** What each key in it begins with; no area's is the beginning of another's. */
  readonly prefix: string;
  /** What each key in it ends with, where that tells it from what else may lie there. */
  readonly suffix?: string;
  /** What it holds, in a few words. */
  readonly holds: string;
  readonly put: readonly Principal[];
  readonly get: readonly Principal[];
  readonly remove: readonly Principal[];
  /**
   * How long an object stays after it was last put, at least: ms. Undefined where its age says
   * nothing about its use, and no rule may remove it for that.
   */
  readonly staysMs?: number;
}

/** A URL to an answer opens for minutes, and its object is used again for hours. */
const ANSWER_STAYS_MS = 24 * 60 * 60_000;

/** Long enough for any deployment. */
const TEMPLATE_STAYS_MS = 24 * 60 * 60_000;

/** 13 months: a year, and a month beside it to compare with. */
export const HISTORY_STAYS_MS = 396 * 24 * 60 * 60_000;

const HISTORY_READERS: readonly Principal[] = ["reader", "publisher", "recorder"];

/** All areas. The top of a store may hold anything else too, which is not Rollcall's. */
export const AREAS: readonly Area[] = [
  {
    prefix: "reports/",
    holds: "hosts' reports",
    put: ["host"],
    get: ["reader", "refresher", "publisher"],
    remove: [],
    staysMs: EXPIRY_MS,
  },
  {
    prefix: "departures/",
    holds: "hosts' departures",
    put: ["host"],
    get: ["reader", "refresher", "publisher"],
    remove: [],
    staysMs: EXPIRY_MS,
  },
  {
    // A piece is written once and in use for as long as the manifest names it, so no age is safe;
    // whoever writes the manifest removes pieces.
    prefix: "snapshots/",
    holds: "the roll as it was saved",
    put: ["refresher"],
    get: ["reader", "refresher", "publisher"],
    remove: ["refresher"],
  },
  {
    prefix: "answers/",
    holds: "answers too large for the way back",
    put: ["reader"],
    get: ["reader"],
    remove: [],
    staysMs: ANSWER_STAYS_MS,
  },
  {
    // Nothing of Rollcall's writes here. Ids of EC2 alone: anything else may lie there too.
    prefix: "i-",
    suffix: ".json",
    holds: "reports that a script pushed to the top of the store",
    put: [],
    get: ["reader", "refresher", "publisher"],
    remove: [],
    staysMs: EXPIRY_MS,
  },
  {
    prefix: "specs/",
    holds: "published specs",
    put: ["operator"],
    get: ["host", "reader"],
    remove: [],
  },
  {
    prefix: "keys/",
    holds: "API keys by their hashes, enrolled and denied hosts",
    put: ["operator"],
    get: ["operator"],
    remove: ["operator"],
  },
  {
    prefix: "publishers/",
    holds: "what publishers keep between runs",
    put: ["publisher"],
    get: ["publisher"],
    remove: [],
  },
  {
    // The recorder removes an entry once its day is closed: no age is safe, as a day may take long
    // to be closed.
    prefix: "history/v1/log/",
    holds: "entries of history",
    put: ["recorder"],
    get: HISTORY_READERS,
    remove: ["recorder"],
  },
  {
    prefix: "history/v1/pieces/",
    holds: "reports of large entries",
    put: ["recorder"],
    get: HISTORY_READERS,
    remove: ["recorder"],
  },
  ...[
    ["history/v1/changes/", "closed days: what changed, for SQL"],
    ["history/v1/rolls/", "closed days: reports, for SQL"],
    ["history/v1/receipts/", "closed days: all else"],
  ].map(
    ([prefix = "", holds = ""]): Area => ({
      prefix,
      holds,
      put: ["recorder"],
      get: HISTORY_READERS,
      remove: ["recorder"],
      staysMs: HISTORY_STAYS_MS,
    }),
  ),
  // Nothing is in this one yet. Its place is taken, so that no rule that is set up now would be in
  // its way; who may read it is said with what does.
  { prefix: "releases/", holds: "declared releases", put: ["operator"], get: [], remove: [] },
  {
    prefix: "templates/",
    holds: "templates of a deployment",
    put: ["deployment"],
    get: [],
    remove: [],
    staysMs: TEMPLATE_STAYS_MS,
  },
];

/** Whether an object in an area goes by its age. */
function expires(area: Area): area is Area & { readonly staysMs: number } {
  return area.staysMs !== undefined;
}

/** Areas of which an object goes by its age, but CloudFormation's own. */
export const EXPIRING_AREAS = AREAS.filter(expires).filter(({ put }) => !put.includes("deployment"));

/** Prefixes below which no object may be removed for its age. */
export const KEPT_PREFIXES: readonly string[] = AREAS.filter((area) => !expires(area))
  .map(({ prefix }) => prefix)
  .sort();

/**
 * Below these a store without a lifecycle of its own is swept: what hosts write. The top is not,
 * though reports may lie there: in a folder anything else may too, and `package.json` there would
 * pass for the report of a host named "package".
 */
export const SWEPT_PREFIXES: readonly string[] = [REPORTS_PREFIX, DEPARTURES_PREFIX];

/** Below these lie closed days, which a store without a lifecycle of its own is swept of too. */
export const CLOSED_DAYS_PREFIXES: readonly string[] = AREAS.filter(
  ({ staysMs }) => staysMs === HISTORY_STAYS_MS,
).map(({ prefix }) => prefix);

/** All snapshots lie below this. */
export const SNAPSHOTS_PREFIX = "snapshots/";

/** The snapshot's pieces, and what names those in use. */
export const SNAPSHOT_PREFIX = `${SNAPSHOTS_PREFIX}v1/`;
export const SNAPSHOT_MANIFEST_KEY = locateSnapshotManifest(SNAPSHOT_PREFIX);

/** @param prefix of the snapshot */
export function locateSnapshotManifest(prefix: string): string {
  return `${prefix}manifest.json`;
}

/** @param name of the piece: the hash of its bytes */
export function locateSnapshotPiece(prefix: string, name: string): string {
  return `${prefix}${name}.gz`;
}

/** Below this are the snapshots of stores that are only read: nothing is written in those. */
const OTHERS_SNAPSHOTS_PREFIX = `${SNAPSHOTS_PREFIX}others-v1/`;

/**
 * Below which prefix the snapshot of another store lies, in the store that is written.
 *
 * @param location of the other one
 */
export function locateOthersSnapshot(location: string): string {
  const name = createHash("sha256").update(location).digest("hex").slice(0, 32);
  return `${OTHERS_SNAPSHOTS_PREFIX}${name}/`;
}

/** @param name of the answer: a hash that its bytes alone have */
export function locateAnswer(name: string): string {
  return `answers/v1/${name}`;
}

/** The edition of specs that counts, where hosts find it. */
export const CURRENT_EDITION_KEY = "specs/v1/current.json";

/** Below this every edition stays, for rolling back and for the record. */
export const EDITIONS_PREFIX = "specs/v1/editions/";

/** Where the edition of a number stays. Ten digits, so that listings have them in order. */
export function locateEdition(number: number): string {
  return `${EDITIONS_PREFIX}${String(number).padStart(10, "0")}.json`;
}

/** The number of the edition under an object's key; 0 if it is no edition's. */
export function parseEditionNumber(key: string): number {
  return Number(/^(\d{10})\.json$/.exec(key.slice(EDITIONS_PREFIX.length))?.[1] ?? 0);
}

/** API keys lie at the top of this; what lies deeper is of other kinds. */
export const API_KEYS_PREFIX = "keys/v1/";

/** @param id of the API key */
export function locateApiKey(id: string): string {
  return `${API_KEYS_PREFIX}${id}.json`;
}

/** Hosts that enrolled, with the hashes of their own keys. */
export const ENROLMENTS_PREFIX = "keys/v1/hosts/";

export function locateEnrolment(host: string): string {
  return `${ENROLMENTS_PREFIX}${host}.json`;
}

/** Hosts that are shut out. */
export const DENIALS_PREFIX = "keys/v1/denied/";

export function locateDenial(host: string): string {
  return `${DENIALS_PREFIX}${host}.json`;
}

/**
 * Marks of when keys were used. A mark's time is its object's, so that a listing tells all. Marks
 * lie apart from keys: to write one can bring no revoked key back.
 */
export const KEY_USES_PREFIX = "keys/v1/used/";

/** @param name the id of an API key, or `hosts/HOST` */
export function locateKeyUse(name: string): string {
  return `${KEY_USES_PREFIX}${name}.json`;
}

/**
 * The secret of nonces: all servers of a store have one, so that a nonce of one counts at the
 * others behind the same address.
 */
export const NONCE_SECRET_KEY = "keys/v1/servers/nonces.json";

const PUBLISHERS_PREFIX = "publishers/v1/";

/** @param name of the publisher, as it is configured */
export function locatePublisherState(name: string): string {
  return `${PUBLISHERS_PREFIX}${name}.json`;
}

/** Where a store that tells its time no other way is asked for it; gone again at once. */
export const PUBLISHERS_CLOCK_KEY = `${PUBLISHERS_PREFIX}clock`;

/** The entries of the history's log lie below this, and nothing else. */
export const HISTORY_LOG_PREFIX = "history/v1/log/";

/** Where the entry of a number lies. Ten digits, so that listings have them in order. */
export function locateLogEntry(number: number): string {
  return `${HISTORY_LOG_PREFIX}${String(number).padStart(10, "0")}.gz`;
}

/** The number of the entry under an object's key; undefined if it is no entry's. */
export function parseLogNumber(key: string): number | undefined {
  const digits = /^(\d{10})\.gz$/.exec(key.slice(HISTORY_LOG_PREFIX.length))?.[1];
  return digits === undefined || !key.startsWith(HISTORY_LOG_PREFIX) ? undefined : Number(digits);
}

/** Reports that are too much for the log's entries themselves lie below this. */
export const HISTORY_PIECES_PREFIX = "history/v1/pieces/";

/** @param name of the piece: the hash of its bytes */
export function locateHistoryPiece(name: string): string {
  return `${HISTORY_PIECES_PREFIX}${name}.gz`;
}

/**
 * Of closed days, as Hive partitions: their changes, their reports, and all else of their entries.
 */
const HISTORY_CHANGES_PREFIX = "history/v1/changes/";
const HISTORY_ROLLS_PREFIX = "history/v1/rolls/";
export const HISTORY_DAYS_PREFIX = "history/v1/receipts/";

const DAY_MS = 86_400_000;

/** @param day UTC days since the epoch */
function partitionOf(day: number): string {
  return `dt=${new Date(day * DAY_MS).toISOString().slice(0, "2026-11-26".length)}`;
}

/** Where a closed day's changes lie. @param day UTC days since the epoch */
export function locateDayChanges(day: number): string {
  return `${HISTORY_CHANGES_PREFIX}${partitionOf(day)}/changes.parquet`;
}

/** Where a closed day's reports lie. @param day UTC days since the epoch */
export function locateDayRolls(day: number): string {
  return `${HISTORY_ROLLS_PREFIX}${partitionOf(day)}/rolls.parquet`;
}

/** A closed day: UTC days since the epoch, and the numbers of its entries, both included. */
export interface ClosedDay {
  readonly day: number;
  readonly first: number;
  readonly last: number;
}

/** Where all else of a closed day's entries lies: the mark that the day is closed. */
export function locateDay({ day, first, last }: ClosedDay): string {
  const [from, to] = [first, last].map((number) => String(number).padStart(10, "0"));
  return `${HISTORY_DAYS_PREFIX}${partitionOf(day)}/${from}-${to}.day`;
}

/** Reads what the key of such a mark says; undefined if it is none's. */
export function parseDay(key: string): ClosedDay | undefined {
  const [, date, first, last] =
    /^dt=(\d{4}-\d\d-\d\d)\/(\d{10})-(\d{10})\.day$/.exec(key.slice(HISTORY_DAYS_PREFIX.length)) ?? [];
  const day = Date.parse(`${date}T00:00:00Z`) / DAY_MS;
  return key.startsWith(HISTORY_DAYS_PREFIX) && Number.isInteger(day)
    ? { day, first: Number(first), last: Number(last) }
    : undefined;
}

/**
 * Reads what an object is called below a prefix, where its key is PREFIX NAME.json. @returns
 * undefined if its key is not of that form
 */
export function parseName(prefix: string, key: string): string | undefined {
  return key.startsWith(prefix) && key.endsWith(".json")
    ? key.slice(prefix.length, -".json".length)
    : undefined;
}
