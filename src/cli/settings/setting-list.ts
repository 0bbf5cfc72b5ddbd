// All settings: where each may come from, and what it is.
import { LOG_LEVELS } from "./log-level.ts";

/** One setting. A missing flag, variable or key means that it cannot be set that way. */
export interface Setting {
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
  historyEvery: {
    flag: "--history-every",
    variable: "ROLLCALL_HISTORY_EVERY",
    key: "history_every",
    description: "how often history is recorded (default 1m); off: not at all",
  },
  historyIgnore: {
    flag: "--history-ignore",
    variable: "ROLLCALL_HISTORY_IGNORE",
    key: "history_ignore",
    description:
      "fields that change though nothing is new, which make no change in history, beside update_date; " +
      "split by commas",
    repeats: true,
  },
  config: { flag: "--config", variable: "ROLLCALL_CONFIG", description: "the configuration file" },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof SETTINGS;

/** What flags were given, by setting. */
export type Flags = { readonly [Name in SettingName]?: string | undefined };
