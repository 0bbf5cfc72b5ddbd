// Settings: which value counts of each (setting-list.ts). A flag beats the environment, that the
// configuration file, that the default.
import { join, resolve } from "node:path";
import type { PublishersConfig } from "../../publish/config.ts";
import { BUILT_IN_RULES, type LabelRule } from "../../questions/label-rule.ts";
import { parseSpan, QueryError } from "../../questions/query.ts";
import { splitList } from "../../report/list-text.ts";
import { UsageError } from "../program/failure.ts";
import type { Io } from "../program/io.ts";
import type { Config } from "./config-file.ts";
import { readConfigText } from "./config-text.ts";
import { API_KEY, readSecret, TOKEN } from "./secret-settings.ts";
import { type Flags, SETTINGS, type Setting, type SettingName } from "./setting-list.ts";
import { isNearer, type SourcedValue } from "./sourced-value.ts";

export interface Settings {
  get(name: SettingName): string | undefined;
  /** Where a setting's value comes from: `--store`, `ROLLCALL_STORE`, or the file's key. */
  sourceOf(name: SettingName): string | undefined;
  /**
   * Where reports are: the store or the server that was named at the highest level. @throws
   * UsageError if both are at one level
   */
  target(): { readonly kind: "store" | "server"; readonly value: string } | undefined;
  /**
   * The URLs of the stores that are read beside the store. Named at a lower level than the store,
   * they are another store's, and do not count.
   */
  alsoRead(): readonly string[];
  /**
   * The API key, from the environment, a file, or the configuration. @throws CommandError if the
   * file cannot be read
   */
  readKey(): Promise<string | undefined>;
  /** The token for the server, likewise. */
  readToken(): Promise<string | undefined>;
  /** The enrolment key, likewise. */
  readEnrolKey(): Promise<string | undefined>;
  /** The window in ms. @throws UsageError */
  windowMs(): number | undefined;
  /** Those of the configuration, by name. */
  readonly publishers: PublishersConfig;
  /** What labels are read out of: the configuration's rules, or those that are built in. */
  readonly labelRules: readonly LabelRule[];
  /** How old the listing behind an answer may be, in ms. @throws UsageError */
  maxAgeMs(): number | undefined;
}

/**
 * Gathers the settings.
 *
 * @throws CommandError if the configuration file has mistakes, each shown with line and column
 */
export async function readSettings(flags: Flags, io: Io): Promise<Settings> {
  const configPath = flags.config ?? io.env.ROLLCALL_CONFIG;
  const path = findConfigPath(flags, io);
  const content = path === undefined ? "" : await readConfigText(path, configPath !== undefined);
  const config: Config = path === undefined || content === "" ? {} : await parse(path, content, io);

  function find(name: SettingName): SourcedValue | undefined {
    const { flag, variable, key }: Setting = SETTINGS[name];
    const flagged = flags[name];
    if (flagged !== undefined) return { value: flagged, level: "flag", name: flag ?? name };
    const fromEnvironment = variable === undefined ? undefined : io.env[variable];
    if (variable && fromEnvironment) return { value: fromEnvironment, level: "environment", name: variable };
    const configured = key === undefined ? undefined : config[key as keyof Config];
    return typeof configured !== "string"
      ? undefined
      : { value: configured, level: "config", name: `${key} in ${path}` };
  }

  return {
    get: (name) => find(name)?.value,
    sourceOf: (name) => find(name)?.name,
    target() {
      const [store, server] = [find("store"), find("server")];
      if (store && server && store.level === server.level) {
        throw new UsageError(`${store.name} and ${server.name} are both set; leave one out`);
      }
      if (store && (!server || isNearer(store, server))) return { kind: "store", value: store.value };
      return server && { kind: "server", value: server.value };
    },
    alsoRead() {
      const [store, others] = [find("store"), find("alsoRead")];
      const isOthers = store && others && isNearer(store, others);
      return isOthers ? [] : splitList(others?.value);
    },
    readKey: () => readSecret(find("apiKey"), find("keyFile"), API_KEY, io),
    readToken: () => readSecret(find("token"), find("tokenFile"), TOKEN, io),
    readEnrolKey: () => readSecret(find("enrolKey"), find("enrolKeyFile"), API_KEY, io),
    publishers: config.publishers ?? {},
    labelRules: config.labels ?? BUILT_IN_RULES,
    windowMs: () => readSpan(find("within")),
    maxAgeMs: () => readSpan(find("maxAge")),
  };
}

/** Loads the parsers, which cost a tenth of a start: only where there is something to read. */
async function parse(path: string, content: string, io: Io): Promise<Config> {
  const { readConfig } = await import("./config-file.ts");
  return readConfig(path, content, io);
}

/**
 * Where the configuration file is, or would be; undefined where nobody named one and the user has
 * no home folder.
 */
export function findConfigPath(
  flags: Pick<Flags, "config">,
  io: Pick<Io, "env" | "cwd" | "folders">,
): string | undefined {
  const named = flags.config ?? io.env.ROLLCALL_CONFIG;
  if (named !== undefined) return resolve(io.cwd, named);
  return io.folders.config === undefined ? undefined : join(io.folders.config, "config.yaml");
}

/** @returns ms @throws UsageError */
function readSpan(setting: SourcedValue | undefined): number | undefined {
  if (!setting) return undefined;
  try {
    return parseSpan(setting.value, setting.name);
  } catch (error) {
    if (error instanceof QueryError) throw new UsageError(error.message);
    throw error;
  }
}
