// Identity: where a report lies says whose it is.
import { MAX_HOST_ID_LENGTH } from "./limits.ts";

/** Hosts' reports lie under this prefix, and hosts may write nowhere else. */
export const REPORTS_PREFIX = "reports/v1/";

/**
 * Comes after every key that begins with REPORTS_PREFIX, since "0" follows "/", and is none itself.
 */
export const REPORTS_END = "reports/v10";

/**
 * Hosts' departures lie under this prefix, each with the same ACCOUNT/WRITER.json as the report
 * that it takes away.
 */
export const DEPARTURES_PREFIX = "departures/v1/";

/** The account of a host that reports through a server or into a folder. */
const LOCAL_ACCOUNT = "local";

/**
 * The account of a report that lies at the top of the store as INSTANCE_ID.json: its key names
 * none.
 */
const TOP_LEVEL_ACCOUNT = "";

const HOST_ID = /^[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?!\.))*$/;
const ACCOUNT = /^(?:[0-9]{12}|local)$/;
const WRITER_PREFIX = /^(?!\.)[A-Za-z0-9_=,.@-]{1,64}(?::[A-Za-z0-9_=,.@-]{1,64}){0,3}$/;

/**
 * Longest WRITER.json: a store takes no longer segment of a key (store.ts), so what is longer could
 * be listed but never read.
 */
const MAX_FILE_NAME_LENGTH = 200;

/** Whose report a key holds. */
export interface ReportOwner {
  /** An AWS account id, `local`, or "" for a key at the top of the store. */
  readonly account: string;
  readonly id: string;
}

/**
 * Tells whether a text can be a host id: letters, digits, `-`, `_` and single dots, starting with a
 * letter or digit, at most MAX_HOST_ID_LENGTH characters. So an id is never a path, an option or a
 * hidden file.
 */
export function isHostId(text: string): boolean {
  return text.length <= MAX_HOST_ID_LENGTH && HOST_ID.test(text);
}

/**
 * The key of a report that a server or a folder takes from a host.
 *
 * @param writer the host's id, which must have been checked with isHostId; before it and a colon
 *   what else tells the writer, such as its role's id on AWS
 */
export function formatReportKey(writer: string, account: string = LOCAL_ACCOUNT): string {
  return `${REPORTS_PREFIX}${account}/${writer}.json`;
}

/**
 * The key of the departure that takes a report away. @param reportKey a key below REPORTS_PREFIX
 */
export function formatDepartureKey(reportKey: string): string {
  return DEPARTURES_PREFIX + reportKey.slice(REPORTS_PREFIX.length);
}

/**
 * The key of the report that a departure takes away; undefined if no host may write such a
 * departure.
 */
export function parseDepartureKey(key: string): string | undefined {
  if (!key.startsWith(DEPARTURES_PREFIX)) return undefined;
  const reportKey = REPORTS_PREFIX + key.slice(DEPARTURES_PREFIX.length);
  return parseReportKey(reportKey) && reportKey;
}

/**
 * Reads the owner out of a report's key: `reports/v1/ACCOUNT/WRITER.json`, whose id follows
 * WRITER's last colon, or `ID.json` at the top.
 *
 * @returns undefined if no host may write such a key
 */
export function parseReportKey(key: string): ReportOwner | undefined {
  if (!key.endsWith(".json")) return undefined;
  const path = key.slice(0, -".json".length);
  if (!key.startsWith(REPORTS_PREFIX)) {
    return isHostId(path) ? { account: TOP_LEVEL_ACCOUNT, id: path } : undefined;
  }
  const [account = "", writer = "", ...rest] = path.slice(REPORTS_PREFIX.length).split("/");
  if (rest.length > 0 || !ACCOUNT.test(account)) return undefined;
  if (writer.length + ".json".length > MAX_FILE_NAME_LENGTH) return undefined;
  const colon = writer.lastIndexOf(":");
  if (colon >= 0 && !WRITER_PREFIX.test(writer.slice(0, colon))) return undefined;
  const id = writer.slice(colon + 1);
  return isHostId(id) ? { account, id } : undefined;
}
