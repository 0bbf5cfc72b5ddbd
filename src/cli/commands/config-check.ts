// rollcall config check: every mistake of the configuration file at once, and what is in force.

import { posix, resolve } from "node:path";
import * as z from "zod";
import { publishersSchema } from "../../publish/config.ts";
import { PublishError } from "../../publish/publisher.ts";
import { openPublisher } from "../../publish/registry.ts";
import { ExpectationError, parseExpected } from "../../questions/coverage.ts";
import { readSpan } from "../../questions/query.ts";
import { parseRoleIds, ROLE_IDS_FORM } from "../../remote/role-ids.ts";
import { isKeyLike } from "../../report/api-key.ts";
import { splitList } from "../../report/list-text.ts";
import { sanitizeLine } from "../../report/safe-text.ts";
import { parseListen } from "../../service/service.ts";
import { type Mistake, renderMistakes } from "../../specs/mistake.ts";
import { parseSpec } from "../../specs/spec.ts";
import { parsePublicKey } from "../../specs/spec-key.ts";
import { STORE_SCHEMES } from "../../store/open.ts";
import { parseS3Url } from "../../store/s3-url.ts";
import { StoreError } from "../../store/store.ts";
import { CommandError } from "../program/failure.ts";
import type { Io } from "../program/io.ts";
import {
  type Config,
  configSchema,
  parseConfig,
  parseConfigAs,
  renderConfigMistakes,
} from "../settings/config-file.ts";
import { readConfigText } from "../settings/config-text.ts";
import { readGivenText } from "../settings/given-file.ts";
import {
  BYTES_FORM,
  COUNT_FORM,
  KEEP_ALIVE_FORM,
  parseByteCount,
  parseCount,
  parseKeepAlive,
} from "../settings/limit-text.ts";
import { readPublisherSecret } from "../settings/publisher-secret.ts";
import { isTokenLike, TOKEN_FORM } from "../settings/secret-settings.ts";
import { type Flags, SETTINGS, type SettingName } from "../settings/setting-list.ts";
import { findConfigPath, readSettings } from "../settings/settings.ts";
import { findSignInFault } from "../settings/sign-in.ts";
import { parseServerUrl } from "../settings/target.ts";
import { layOutTable, styleTable } from "../terminal/table.ts";
import { describePublishers, layOutPublishers } from "./config-publishers.ts";

export interface ConfigCheckOptions extends Flags {
  readonly json?: boolean;
}

/** Values that nobody should see. */
const SECRETS: readonly SettingName[] = ["apiKey", "token", "enrolKey"];

/**
 * Checks the file, and what it names. @throws CommandError that shows each mistake with line and
 * column
 */
export async function runConfigCheck(options: ConfigCheckOptions, io: Io): Promise<void> {
  const path = findConfigPath(options, io);
  if (path === undefined)
    throw new CommandError(
      "there is no home folder to look for a configuration in; name a file with --config, or set HOME",
    );
  const content = await readConfigText(
    path,
    options.config !== undefined || io.env.ROLLCALL_CONFIG !== undefined,
  );
  const mistakes = await findMistakes(content, io);
  if (mistakes.length > 0) {
    await io.stderr.write(renderConfigMistakes(path, content, mistakes));
    throw new CommandError(
      `${path} has ${mistakes.length === 1 ? "a mistake" : `${mistakes.length} mistakes`}`,
    );
  }
  await showSettings(
    options,
    content === "" ? `${path} is not there; these are in force` : `${path}: ok`,
    io,
  );
}

/** Mistakes of form and of meaning together, in the order of the text. */
async function findMistakes(content: string, io: Io): Promise<readonly Mistake[]> {
  const formal = parseConfig(content);
  // What is well formed is looked at, whatever stands beside it.
  const readable = parseConfigAs(content, wellFormedSchema);
  const faults =
    "value" in readable
      ? [
          ...findValueFaults(readable.value),
          ...(await findFileFaults(readable.value, io)),
          ...(await findSecretFaults(readable.value, io)),
        ]
      : [];
  const meant = parseConfigAs(content, withFaults(faults));
  const all = [
    "mistakes" in formal ? formal.mistakes : [],
    "mistakes" in meant && "value" in readable ? meant.mistakes : [],
  ].flat();
  return all.sort((a, b) => a.line - b.line || a.column - b.column);
}

/**
 * Takes every key whose value has the right form, and passes over the others; publishers as they
 * are.
 */
const wellFormedSchema = z.looseObject({
  ...Object.fromEntries(
    Object.entries(configSchema.shape).map(([key, schema]) => [key, (schema as z.ZodType).catch(undefined)]),
  ),
  publishers: z
    .record(z.string(), z.looseObject({ token_file: z.string().optional().catch(undefined) }).catch({}))
    .catch({}),
}) as unknown as z.ZodType<WellFormed>;

/** A configuration of which only the form of single values is known. */
type WellFormed = Omit<Config, "publishers"> & {
  readonly publishers?: Readonly<Record<string, { readonly token_file?: string | undefined }>>;
};

/** What is wrong, and where. */
interface Fault {
  readonly path: readonly string[];
  readonly message: string;
}

/** Tells faults where they stand in the text. */
function withFaults(faults: readonly Fault[]): z.ZodType<Config> {
  return z.custom<Config>().superRefine((_, context) => {
    for (const { path, message } of faults) context.addIssue({ code: "custom", path: [...path], message });
  });
}

function findRoleIdsFault(text: string | undefined): string | undefined {
  return text === undefined || parseRoleIds(text) ? undefined : ROLE_IDS_FORM;
}

/** Wrong values, told from the text alone. */
function findValueFaults(config: WellFormed): Fault[] {
  const found: Record<string, string | undefined> = {
    ...findStoreFaults(config),
    server: config.server === undefined ? undefined : findServerFault(config),
    listen:
      config.listen === undefined || parseListen(config.listen)
        ? undefined
        : "write HOST:PORT, such as 127.0.0.1:8787",
    keep_alive:
      config.keep_alive === undefined || parseKeepAlive(config.keep_alive) ? undefined : KEEP_ALIVE_FORM,
    max_key_hosts:
      config.max_key_hosts === undefined || parseCount(config.max_key_hosts) ? undefined : COUNT_FORM,
    max_key_bytes:
      config.max_key_bytes === undefined || parseByteCount(config.max_key_bytes) ? undefined : BYTES_FORM,
    max_key_writes:
      config.max_key_writes === undefined || parseCount(config.max_key_writes) ? undefined : COUNT_FORM,
    within: findSpanFault(config.within),
    max_age: findSpanFault(config.max_age),
    role_ids: findRoleIdsFault(config.role_ids),
    spec_keys: splitList(config.spec_keys).every((key) => parsePublicKey(key))
      ? undefined
      : "write keys as rollcall spec keygen prints them (ed25519:…), split by commas",
    allow_commands: splitList(config.allow_commands).every((program) => posix.isAbsolute(program))
      ? undefined
      : "write absolute paths, split by commas; with / at the end for all programs in a folder",
    key:
      config.key === undefined || isKeyLike(config.key)
        ? undefined
        : "write a key as rollcall keys create prints it: rc_…",
    enrol_key:
      config.enrol_key === undefined || isKeyLike(config.enrol_key)
        ? undefined
        : "write a key as rollcall keys create --scope enrol prints it: rc_…",
    ...findSignInFaults(config),
    ...(config.key !== undefined &&
      config.key_file !== undefined && { key_file: "key is set as well; leave one out" }),
    ...(config.enrol_key !== undefined &&
      config.enrol_key_file !== undefined && { enrol_key_file: "enrol_key is set as well; leave one out" }),
  };
  return keepFaults(found);
}

function findSignInFaults(config: WellFormed): Record<string, string | undefined> {
  const keyOf = (name: SettingName): string => {
    const setting: object & { readonly key?: string } = SETTINGS[name];
    return setting.key ?? name;
  };
  const fault = findSignInFault((name) => config[keyOf(name) as keyof WellFormed] as string | undefined);
  const { token } = config;
  return {
    token: token === undefined || isTokenLike(token) ? undefined : TOKEN_FORM,
    ...(fault && { [keyOf(fault.setting)]: fault.message }),
  };
}

function keepFaults(found: Readonly<Record<string, string | undefined>>): Fault[] {
  return Object.entries(found).flatMap(([key, message]) =>
    message === undefined ? [] : [{ path: [key], message }],
  );
}

function findStoreFault(url: string): string | undefined {
  const scheme = url.split(":")[0] ?? "";
  if (!url.includes(":") || !STORE_SCHEMES.includes(scheme))
    return `write a store's URL: file:/srv/rollcall, or s3://BUCKET?region=REGION`;
  try {
    if (scheme === "s3") parseS3Url(url);
    return undefined;
  } catch (error) {
    if (error instanceof StoreError) return error.reason;
    throw error;
  }
}

function findStoreFaults(config: WellFormed): Record<string, string | undefined> {
  const { store, legacy_store: legacy } = config;
  return {
    store: store === undefined ? undefined : findStoreFault(store),
    also_read: findAlsoReadFault(config),
    legacy_store: legacy === undefined ? undefined : findStoreFault(legacy),
  };
}

function findAlsoReadFault({ also_read: others, store, server }: WellFormed): string | undefined {
  if (others === undefined) return undefined;
  if (server !== undefined)
    return "goes with store, and server is set; a server reads what it was started with";
  const urls = splitList(others);
  const all = store === undefined ? urls : [store, ...urls];
  if (new Set(all).size < all.length) return "names a store twice; name each store once";
  return urls.map(findStoreFault).find((fault) => fault !== undefined);
}

function findServerFault({ server = "", store }: WellFormed): string | undefined {
  if (store !== undefined) return "store is set as well; leave one out";
  try {
    parseServerUrl(server);
    return undefined;
  } catch (error) {
    if (error instanceof CommandError)
      return "write a URL such as https://rollcall.example.com, with no key in it";
    throw error;
  }
}

function findSpanFault(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const span = readSpan(text);
  if ("ms" in span) return undefined;
  return "form" in span ? `write ${span.form}` : span.excess;
}

/** Files that the configuration names: that they can be read, and hold what they should. */
async function findFileFaults(config: WellFormed, io: Io): Promise<Fault[]> {
  const check = async (
    path: string | undefined,
    judge: (text: string, path: string) => string | undefined,
  ) => {
    if (path === undefined) return undefined;
    try {
      return judge(await readGivenText(resolve(io.cwd, path)), path);
    } catch (error) {
      return `cannot be read: ${(error as Error).message}`;
    }
  };
  const judgeKey = (text: string) =>
    isKeyLike(text.trim()) ? undefined : "the file holds no key; it should be one word that begins with rc_";
  return keepFaults({
    spec: await check(config.spec, judgeSpec),
    key_file: await check(config.key_file, judgeKey),
    enrol_key_file: await check(config.enrol_key_file, judgeKey),
    token_file: await check(config.token_file, (text) =>
      isTokenLike(text.trim()) ? undefined : `the file holds no token; ${TOKEN_FORM}`,
    ),
    expect: await check(config.expect, judgeExpected),
  });
}

/**
 * Files that hold publishers' secrets. Variables are those of the service, and none of this shell's
 * business.
 */
async function findSecretFaults({ publishers = {} }: WellFormed, io: Io): Promise<Fault[]> {
  const faults: Fault[] = [];
  for (const [name, config] of Object.entries(publishers)) {
    if (config.token_file === undefined) continue;
    try {
      const whole = publishersSchema.safeParse({ [name]: config }).data?.[name];
      const readSecret = () => readPublisherSecret({ token_file: config.token_file }, io);
      if (whole) await openPublisher(name, whole, readSecret);
      else await readSecret();
    } catch (error) {
      if (!(error instanceof PublishError)) throw error;
      faults.push({ path: ["publishers", name, "token_file"], message: error.message });
    }
  }
  return faults;
}

function judgeSpec(text: string, path: string): string | undefined {
  const outcome = parseSpec(text);
  if (!("mistakes" in outcome)) return undefined;
  const [first = ""] = renderMistakes(path, text, outcome.mistakes).split("\n");
  return `the spec has mistakes: ${first} (rollcall spec check ${path} shows all)`;
}

function judgeExpected(text: string): string | undefined {
  try {
    parseExpected(text);
    return undefined;
  } catch (error) {
    if (error instanceof ExpectationError) return `the file ${error.message}`;
    throw error;
  }
}

/** Everything that is set, and where. */
async function showSettings(options: ConfigCheckOptions, heading: string, io: Io): Promise<void> {
  const settings = await readSettings(options, io);
  const rows = (Object.keys(SETTINGS) as SettingName[]).flatMap((name) => {
    const [value, from] = [settings.get(name), settings.sourceOf(name)];
    return value === undefined || from === undefined
      ? []
      : [{ setting: name, value: SECRETS.includes(name) ? "(hidden)" : value, from }];
  });
  const labels = [
    ...new Set(
      settings.labelRules.flatMap(({ pattern }) =>
        [...pattern.matchAll(/\(\?P?<(\w+)>/g)].map(([, name = ""]) => name),
      ),
    ),
  ];
  const publishers = describePublishers(settings.publishers, io);
  if (io.stdout.isTerminal && !options.json) {
    const table = layOutTable(
      ["SETTING", "VALUE", "FROM"],
      rows.map(({ setting, value, from }) => [setting, sanitizeLine(value), from]),
      io.stdout.columns,
    );
    await io.stdout.writeStyled(
      `${heading}\n\n${rows.length > 0 ? `${styleTable(table, io)}\n` : ""}labels: ${labels.join(", ")}\n` +
        layOutPublishers(publishers),
    );
  } else await io.stdout.write(`${JSON.stringify({ settings: rows, labels, publishers }, null, 2)}\n`);
}
