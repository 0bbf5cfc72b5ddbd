// Settings: where each may come from, and which one counts. A flag beats the environment, that the
// configuration file, that the default.
import { isAbsolute, join, resolve } from "node:path";
import { MAX_TOKEN_LENGTH } from "../../access/token-bounds.ts";
import type { PublishersConfig } from "../../publish/config.ts";
import { BUILT_IN_RULES, type LabelRule } from "../../questions/label-rule.ts";
import { parseSpan, QueryError } from "../../questions/query.ts";
import { isKeyLike } from "../../report/api-key.ts";
import { splitList } from "../../report/list-text.ts";
import { CommandError, UsageError } from "../program/failure.ts";
import type { Io } from "../program/io.ts";
import type { Config } from "./config-file.ts";
import { readGivenText } from "./given-file.ts";
import { LOG_LEVELS } from "./log-level.ts";

const MAX_KEY_FILE_BYTES = 4096;

/** One setting. A missing flag, variable or key means that it cannot be set that way. */
interface Setting {
  readonly flag?: string;
  readonly variable?: string;
  /** Key in the configuration file. */
  readonly key?: string;
  readonly description: string;
  /** Whether the flag may stand several times; all that is given is split by commas. */
  readonly repeats?: true;
}

/** All settings, in the order of the documentation. */
export const SETTINGS = {
  store: {
    flag: "--store",
    variable: "ROLLCALL_STORE",
    key: "store",
    description: "the store's URL, such as file:/srv/rollcall",
  },
  alsoRead: {
    flag: "--also-read",
    variable: "ROLLCALL_ALSO_READ",
    key: "also_read",
    description:
      "another store that is read beside --store and never written, such as one that you move from; " +
      "several: again, or split by commas",
    repeats: true,
  },
  legacyStore: {
    flag: "--legacy-store",
    variable: "ROLLCALL_LEGACY_STORE",
    key: "legacy_store",
    description:
      "a bucket that is moved from: the agent puts each report there too, in the old form, as " +
      "INSTANCE_ID.json",
  },
  server: {
    flag: "--server",
    variable: "ROLLCALL_SERVER",
    key: "server",
    description: "the server's URL, such as https://rollcall.example.com",
  },
  apiKey: {
    variable: "ROLLCALL_KEY",
    key: "key",
    description: "the API key for the server; never a flag, since other users see those",
  },
  keyFile: {
    flag: "--key-file",
    variable: "ROLLCALL_KEY_FILE",
    key: "key_file",
    description: "a file that holds the API key",
  },
  token: {
    variable: "ROLLCALL_TOKEN",
    key: "token",
    description:
      "a token (JWT) of the company's identity provider for the server, in the place of a key; never a flag",
  },
  tokenFile: {
    flag: "--token-file",
    variable: "ROLLCALL_TOKEN_FILE",
    key: "token_file",
    description: "a file that holds such a token",
  },
  sigv4: {
    flag: "--sigv4",
    variable: "ROLLCALL_SIGV4",
    key: "sigv4",
    description:
      "signs requests to the server with AWS credentials (Authorization=AWS_IAM): an AWS region, or " +
      "auto where the server's name has it",
  },
  enrolKey: {
    variable: "ROLLCALL_ENROL_KEY",
    key: "enrol_key",
    description: "the enrolment key, with which an agent gets a key of its own from the server; never a flag",
  },
  enrolKeyFile: {
    flag: "--enrol-key-file",
    variable: "ROLLCALL_ENROL_KEY_FILE",
    key: "enrol_key_file",
    description: "a file that holds the enrolment key",
  },
  spec: { flag: "--spec", variable: "ROLLCALL_SPEC", key: "spec", description: "the collection spec's file" },
  listen: {
    flag: "--listen",
    variable: "ROLLCALL_LISTEN",
    key: "listen",
    description: "the address to listen on (default 127.0.0.1:8787)",
  },
  keepAlive: {
    flag: "--keep-alive",
    variable: "ROLLCALL_KEEP_ALIVE",
    key: "keep_alive",
    description:
      "how long a server keeps a connection that is asked nothing (default 5s, behind a proxy 75s)",
  },
  jwtIssuer: {
    flag: "--jwt-issuer",
    variable: "ROLLCALL_JWT_ISSUER",
    key: "jwt_issuer",
    description:
      "people and programs may ask with a token (JWT) of this issuer, which signs for --jwt-audience",
  },
  jwtAudience: {
    flag: "--jwt-audience",
    variable: "ROLLCALL_JWT_AUDIENCE",
    key: "jwt_audience",
    description: "whom such tokens must be for (aud): one of these, split by commas",
  },
  jwtHeader: {
    flag: "--jwt-header",
    variable: "ROLLCALL_JWT_HEADER",
    key: "jwt_header",
    description:
      "the header that has the token, such as Cf-Access-Jwt-Assertion (default Authorization: Bearer)",
  },
  jwtKeys: {
    flag: "--jwt-keys",
    variable: "ROLLCALL_JWT_KEYS",
    key: "jwt_keys",
    description:
      "where the issuer's keys are (JWKS); default: where its .well-known/openid-configuration says",
  },
  jwtAlgorithms: {
    flag: "--jwt-algorithms",
    variable: "ROLLCALL_JWT_ALGORITHMS",
    key: "jwt_algorithms",
    description: "how tokens may be signed, split by commas (default RS256,ES256)",
  },
  albSigner: {
    flag: "--alb-signer",
    variable: "ROLLCALL_ALB_SIGNER",
    key: "alb_signer",
    description:
      "people may ask whom this AWS load balancer (ARN) has signed in, in x-amzn-oidc-data; several split " +
      "by commas",
  },
  albClient: {
    flag: "--alb-client",
    variable: "ROLLCALL_ALB_CLIENT",
    key: "alb_client",
    description: "with --alb-signer: the client ids that count, split by commas (default all)",
  },
  albKeys: {
    flag: "--alb-keys",
    variable: "ROLLCALL_ALB_KEYS",
    key: "alb_keys",
    description: "with --alb-signer: where its keys are, instead of at AWS's own address",
  },
  signInScopes: {
    flag: "--sign-in-scopes",
    variable: "ROLLCALL_SIGN_IN_SCOPES",
    key: "sign_in_scopes",
    description:
      "what a token's claims give, such as groups=staff:read,groups=sre:admin (default: all who are signed " +
      "in read)",
  },
  maxKeyHosts: {
    flag: "--max-key-hosts",
    variable: "ROLLCALL_MAX_KEY_HOSTS",
    key: "max_key_hosts",
    description: "how many hosts one key may write or enrol within a day (default 100000)",
  },
  maxKeyBytes: {
    flag: "--max-key-bytes",
    variable: "ROLLCALL_MAX_KEY_BYTES",
    key: "max_key_bytes",
    description: "how large the reports of one key may be together (default 512MiB)",
  },
  maxKeyWrites: {
    flag: "--max-key-writes",
    variable: "ROLLCALL_MAX_KEY_WRITES",
    key: "max_key_writes",
    description: "how many reports, departures and enrolments a minute one key may send (default 20000)",
  },
  corsOrigins: {
    flag: "--cors-origins",
    variable: "ROLLCALL_CORS_ORIGINS",
    key: "cors_origins",
    description:
      "the origins whose web pages may read answers, split by commas, such as https://wiki.example.com; " +
      "* for all (default none)",
    repeats: true,
  },
  within: {
    flag: "--within",
    variable: "ROLLCALL_WITHIN",
    key: "within",
    description: "how old a fresh report may be (default 2h)",
  },
  maxAge: {
    flag: "--max-age",
    variable: "ROLLCALL_MAX_AGE",
    key: "max_age",
    description:
      "how old the listing behind an answer may be (default 1s); more makes large fleets cheaper to ask",
  },
  state: {
    flag: "--state",
    variable: "ROLLCALL_STATE",
    key: "state",
    description: "the folder where the agent keeps what must survive a restart",
  },
  roleIds: {
    flag: "--role-ids",
    variable: "ROLLCALL_ROLE_IDS",
    key: "role_ids",
    description:
      "the id of this host's role on AWS, for networks without STS: AROA…, or ACCOUNT/ROLE=AROA… of " +
      "each role, split by commas",
  },
  specKeys: {
    flag: "--spec-keys",
    variable: "ROLLCALL_SPEC_KEYS",
    key: "spec_keys",
    description: "the agent follows published specs that one of these keys signed; split by commas",
  },
  allowCommands: {
    flag: "--allow-commands",
    variable: "ROLLCALL_ALLOW_COMMANDS",
    key: "allow_commands",
    description:
      "programs that published specs may run: absolute paths, with / at the end for " +
      "all in a folder; split by commas",
  },
  allowFiles: {
    flag: "--allow-files",
    variable: "ROLLCALL_ALLOW_FILES",
    key: "allow_files",
    description:
      "files that published specs may read: absolute paths and globs, with / at the " +
      "end for all in a folder; split by commas",
  },
  allowEnvironment: {
    flag: "--allow-environment",
    variable: "ROLLCALL_ALLOW_ENVIRONMENT",
    key: "allow_environment",
    description:
      "variables that published specs may look for in the environment of processes; split by commas",
  },
  allowCredentials: {
    flag: "--allow-credentials",
    variable: "ROLLCALL_ALLOW_CREDENTIALS",
    key: "allow_credentials",
    description: "fields that published specs may send unmasked; split by commas",
  },
  logLevel: {
    variable: "ROLLCALL_LOG_LEVEL",
    key: "log_level",
    description: `the log's level: ${LOG_LEVELS.join(", ")} (default info)`,
  },
  expect: {
    flag: "--expect",
    variable: "ROLLCALL_EXPECT",
    key: "expect",
    description:
      "a file with the ids of the hosts that should report: one a line, or JSON as " +
      "of aws ec2 describe-instances",
  },
  config: { flag: "--config", variable: "ROLLCALL_CONFIG", description: "the configuration file" },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof SETTINGS;

/** What flags were given, by setting. */
export type Flags = { readonly [Name in SettingName]?: string | undefined };

/** Highest first. */
const LEVELS = ["flag", "environment", "config"] as const;

/** Where a value came from, for messages. */
interface SourcedValue {
  readonly value: string;
  readonly level: (typeof LEVELS)[number];
  /** As its user knows it: `--store`, `ROLLCALL_STORE`, or the file's path and key. */
  readonly name: string;
}

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
  // Loaded here, so that help and completion do not wait for the parsers.
  const { readConfig } = await import("./config-file.ts");
  const config = path === undefined ? {} : await readConfig(path, configPath !== undefined, io);

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
      if (store && (!server || LEVELS.indexOf(store.level) < LEVELS.indexOf(server.level)))
        return { kind: "store", value: store.value };
      return server && { kind: "server", value: server.value };
    },
    alsoRead() {
      const [store, others] = [find("store"), find("alsoRead")];
      const isOthers = store && others && LEVELS.indexOf(others.level) > LEVELS.indexOf(store.level);
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

/** What is secret and goes into a header: so a quote or a newline must be told before that. */
interface SecretForm {
  readonly name: string;
  readonly form: string;
  readonly isLike: (text: string) => boolean;
  readonly maxLength: number;
}

const API_KEY: SecretForm = {
  name: "API key",
  form: "it should be one word that begins with rc_",
  isLike: isKeyLike,
  maxLength: MAX_KEY_FILE_BYTES,
};

/** What a token should be, for people. */
export const TOKEN_FORM = "it should be one word of three parts, with dots between";

/** Whether what somebody gives for a token can be one (RFC 7515, section 7.1). */
export function isTokenLike(text: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(text);
}

const TOKEN: SecretForm = {
  name: "token",
  form: TOKEN_FORM,
  isLike: isTokenLike,
  maxLength: MAX_TOKEN_LENGTH,
};

/**
 * A secret that is set, or in a file that is: whichever was named at the higher level. @throws
 * CommandError
 */
async function readSecret(
  secret: SourcedValue | undefined,
  file: SourcedValue | undefined,
  form: SecretForm,
  io: Io,
): Promise<string | undefined> {
  if (secret && !(file && LEVELS.indexOf(file.level) < LEVELS.indexOf(secret.level)))
    return checkSecret(secret.value, secret.name, form);
  return file && checkSecret(await readSecretFile(file, form, io), file.value, form);
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

async function readSecretFile({ value, name }: SourcedValue, form: SecretForm, io: Io): Promise<string> {
  try {
    const content = await readGivenText(isAbsolute(value) ? value : resolve(io.cwd, value));
    if (content.length > form.maxLength) throw new Error(`it is longer than any ${form.name}`);
    return content.trim();
  } catch (error) {
    throw new CommandError(`cannot read the ${form.name} (${name}): ${(error as Error).message}`);
  }
}

/** Without showing the secret. */
function checkSecret(secret: string, from: string, { name, form, isLike }: SecretForm): string {
  if (!isLike(secret)) throw new CommandError(`${from} holds no ${name}: ${form}`);
  return secret;
}
