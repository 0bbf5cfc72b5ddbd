// Settings that are more than text: what one key may write, ids of roles, times of connections.
import { USUAL_WRITE_LIMITS, type WriteLimits } from "../../access/write-limits.ts";
import { parseFieldPath } from "../../grammar/path.ts";
import { parseRoleIds, ROLE_IDS_FORM, type RoleId } from "../../remote/role-ids.ts";
import { splitList } from "../../report/list-text.ts";
import { parseDuration } from "../../specs/duration.ts";
import { UsageError } from "../program/failure.ts";
import {
  BYTES_FORM,
  COUNT_FORM,
  KEEP_ALIVE_FORM,
  parseByteCount,
  parseCount,
  parseKeepAlive,
} from "./limit-text.ts";
import type { SettingName } from "./setting-list.ts";
import type { Settings } from "./settings.ts";

type GivenSettings = Pick<Settings, "get" | "sourceOf">;

/** What one key may write, with what the settings do not say as usual. @throws UsageError */
export function readWriteLimits(settings: GivenSettings): WriteLimits {
  const { hosts, bytes, writesAMinute } = USUAL_WRITE_LIMITS;
  return {
    hosts: readParsed(settings, "maxKeyHosts", parseCount, COUNT_FORM) ?? hosts,
    bytes: readParsed(settings, "maxKeyBytes", parseByteCount, BYTES_FORM) ?? bytes,
    writesAMinute: readParsed(settings, "maxKeyWrites", parseCount, COUNT_FORM) ?? writesAMinute,
  };
}

/** The ids of hosts' roles; none where they are not set. @throws UsageError */
export function readRoleIds(settings: GivenSettings): readonly RoleId[] {
  return readParsed(settings, "roleIds", parseRoleIds, ROLE_IDS_FORM) ?? [];
}

/** How long idle connections stay, ms; undefined where it is not set. @throws UsageError */
export function readKeepAlive(settings: GivenSettings): number | undefined {
  return readParsed(settings, "keepAlive", parseKeepAlive, KEEP_ALIVE_FORM);
}

/** The origins whose web pages may read answers; none where it is not set. @throws UsageError */
export function readCorsOrigins(settings: GivenSettings): readonly string[] {
  return readParsed(settings, "corsOrigins", parseOrigins, ORIGINS_FORM) ?? [];
}

/** How history is recorded. */
export interface HistorySettings {
  /** ms; undefined where it is not recorded. */
  readonly everyMs: number | undefined;
  /** Fields that are noise, beside those that are built in. */
  readonly ignore: readonly string[];
}

/** Entries a minute are a day's 1,440 objects; rarer than hourly, and instants say little. */
const USUAL_HISTORY_EVERY = "1m";
const HISTORY_EVERY_BOUNDS = [10_000, 60 * 60_000] as const;

/** How history is recorded. @throws UsageError */
export function readHistorySettings(settings: GivenSettings): HistorySettings {
  const text = settings.get("historyEvery") ?? USUAL_HISTORY_EVERY;
  const ignore = readParsed(settings, "historyIgnore", parseFields, FIELDS_FORM) ?? [];
  if (text === "off") return { everyMs: undefined, ignore };
  const [least, most] = HISTORY_EVERY_BOUNDS;
  const everyMs = parseDuration(text);
  if (everyMs === undefined || everyMs < least || everyMs > most)
    throw new UsageError(`${settings.sourceOf("historyEvery")}: from 10s to 1h, or off`);
  return { everyMs, ignore };
}

const FIELDS_FORM = "fields such as update_date or rollcall.collectors.duration_ms, split by commas";

function parseFields(text: string): string[] | undefined {
  const fields = splitList(text);
  return fields.every((field) => parseFieldPath(field) !== undefined) ? fields : undefined;
}

const ORIGINS_FORM = "origins such as https://wiki.example.com, split by commas, or *";

/** Each as a browser sends it: scheme and host, and a port where it is another than usual. */
function parseOrigins(text: string): string[] | undefined {
  const origins = splitList(text);
  const isOrigin = (origin: string) =>
    origin === "*" || (/^https?:/.test(origin) && URL.canParse(origin) && new URL(origin).origin === origin);
  return origins.length > 0 && origins.every(isOrigin) ? origins : undefined;
}

/**
 * Parses a setting where it is set.
 *
 * @param form what it should be, for people
 * @throws UsageError that names the setting
 */
function readParsed<T>(
  settings: GivenSettings,
  name: SettingName,
  parse: (text: string) => T | undefined,
  form: string,
): T | undefined {
  const text = settings.get(name);
  if (text === undefined) return undefined;
  const value = parse(text);
  if (value === undefined) throw new UsageError(`${settings.sourceOf(name)}: ${form}`);
  return value;
}
