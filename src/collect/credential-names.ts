// Names that credentials go by: keys, variables, options, files. Pure.

/**
 * What a name says of its value. `all`: a credential, even if it is a number. `text`: a credential
 * if it is a text. `random`: a credential if it looks as if a generator had made it.
 */
export type Judgement = "all" | "text" | "random";

/** Longer names are judged by their end. */
const MAX_KEY_NAME_LENGTH = 256;

/**
 * Words that say which of several, or how it is written, after the word that counts:
 * `password_old`, `SECRET_KEY_BASE`, `token2`.
 */
const QUALIFIER =
  /^(?:\d+|v\d+|prod|production|stag|stage|staging|dev|devel|test|qa|old|new|next|current|previous|prev|primary|secondary|backup|default|main|base|b64|base64|hex|value|text|plain|plaintext|string|raw|data|enc|encoded|encrypted|hash|hashed|md5|sha1|sha256|sha512|crypt|bcrypt)$/;

const PASSWORD =
  /(?:passwords?|passwds?|passphrases?|passcodes?|passwrd|pswd|pword|passwort|kennwort|senha|contraseñ?n?a|motdepasse|パスワード|密码|口令|비밀번호)$/;
const PASSWORD_WORDS = new Set([
  ...[
    "pwd",
    "pass",
    "pw",
    "psk",
    "secret",
    "secrets",
    "mnemonic",
    "requirepass",
    "masterauth",
    "masterpass",
    "storepass",
  ],
  ...[
    "keypass",
    "dbpass",
    "userpass",
    "rootpass",
    "adminpass",
    "smtppass",
    "mailpass",
    "ftppass",
    "ldappass",
    "bindpw",
    "rootpw",
  ],
  ...["rocommunity", "rwcommunity", "dbpwd", "userpwd", "authtok"],
]);

const TOKEN =
  /(?:tokens?|^(?:credentials?|creds|authorization|authorisation|bearer|jwt|(?:api|secret|access|private|signing|encryption|master|shared|preshared|account|license|auth)keys?))$/;

/** What makes a key a secret one. `public_key`, `primary_key`, `cache_key` are none. */
const SECRET_KEY_KINDS = new Set([
  ...[
    "api",
    "access",
    "private",
    "secret",
    "signing",
    "encryption",
    "encrypt",
    "decryption",
    "master",
    "shared",
    "preshared",
  ],
  ...[
    "auth",
    "account",
    "storage",
    "license",
    "licence",
    "app",
    "application",
    "cipher",
    "crypto",
    "hmac",
    "jwt",
    "aes",
    "deploy",
  ],
  ...[
    "client",
    "webhook",
    "subscription",
    "ingest",
    "ingestion",
    "write",
    "wep",
    "session",
    "cookie",
    "nonce",
    "in",
    "psk",
    "unlock",
  ],
  ...["recovery", "activation", "function", "symmetric", "service", "vault", "seal", "unseal"],
]);
/** Kinds of keys that are known to be no secrets, random as they may look. */
const PLAIN_KEY_KINDS = new Set([
  ...[
    "public",
    "pub",
    "primary",
    "foreign",
    "sort",
    "partition",
    "cache",
    "routing",
    "object",
    "s3",
    "kms",
    "idempotency",
    "host",
  ],
  ...[
    "hot",
    "hash",
    "range",
    "lookup",
    "index",
    "row",
    "map",
    "authorized",
    "known",
    "publishable",
    "site",
    "anon",
    "unique",
    "gpg",
    "pgp",
  ],
]);
const SALT_KINDS = new Set(["auth", "password", "nonce", "in", "secret", "hash", "key"]);
const RANDOM_WORDS = new Set([
  "auth",
  "cookie",
  "cookies",
  "session",
  "sessionid",
  "pat",
  "sas",
  "otp",
  "webhook",
  "encrypt",
  "hmac",
]);

/**
 * Judges what a key, variable or option calls its value; undefined where it is no credential's
 * name.
 */
export function judgeName(name: string): Judgement | undefined {
  const words = splitWords(name);
  while (words.length > 1 && QUALIFIER.test(words.at(-1) ?? "")) words.pop();
  const [before = "", last = ""] = [words.at(-2), words.at(-1)];
  // Charts name the object that holds it: `existingSecret: app-db`.
  if (before === "existing") return undefined;
  if (PASSWORD.test(last) || PASSWORD_WORDS.has(last) || PASSWORD.test(before + last)) return "all";
  if (/^(?:phrase|codes?)$/.test(last) && /^(?:seed|recovery|pass)$/.test(before)) return "all";
  if (TOKEN.test(last)) return /^(?:load|import|condition)$/.test(before) ? undefined : "text";
  if (/^keys?$/.test(last)) return judgeKey(before);
  if (/^salts?$/.test(last) && SALT_KINDS.has(before)) return "text";
  return RANDOM_WORDS.has(last) || (last === "id" && /^(?:secret|session)$/.test(before))
    ? "random"
    : undefined;
}

function judgeKey(kind: string): Judgement | undefined {
  if (SECRET_KEY_KINDS.has(kind)) return "text";
  return kind === "" || PLAIN_KEY_KINDS.has(kind) ? undefined : "random";
}

/** Judges a name in a URL's query, where signatures stand too. */
export function judgeParameter(name: string): Judgement | undefined {
  const judged = judgeName(name);
  if (judged !== undefined) return judged;
  const last = splitWords(name).at(-1) ?? "";
  if (/^(?:sig|signature)$/.test(last)) return "text";
  return /^(?:key|code|state|credential|hmac|ticket|assertion)$/.test(last) ? "random" : undefined;
}

/** dbPassword is like DB_PASSWORD and db.password. */
function splitWords(name: string): string[] {
  return name
    .slice(-MAX_KEY_NAME_LENGTH)
    .replace(/(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/g, "_")
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .flatMap((word) => word.split(/(?<=[a-z])(?=\d+$)/))
    .filter((word) => word !== "");
}

const SECRET_FOLDER = /(?:^|\/)\.?(?:secrets?|credentials?|creds|private|gnupg|password-store)\//i;
const SECRET_FILE =
  /(?:\.(?:key|p12|pfx|jks|jceks|keystore|truststore|ppk|kdbx|keytab|keyring|secrets?|pgpass|token|cookie|asc|gpg|age)|(?:^|[._-])(?:credentials?|creds|secrets?|tokens?|passwords?|passphrase|netrc|pgpass|htpasswd|htdigest|sasl_passwd|passwd\.client|gshadow|shadow-?|keytab|userlist|chap|pap)(?:\.(?:json|ya?ml|toml|ini|txt|conf|cfg|env|properties|xml|csv|db|bak|old))?)$/i;
const SSH_KEY = /^(?:id_[a-z0-9_]+|ssh_host_[a-z0-9_]+_key|identity)$/i;
const PEM = /\.pem$/i;
const CERTIFICATE =
  /(?:^|[-_.])(?:certs?|certificates?|chain|fullchain|ca|cacert|bundle|public|pub|crt)(?:[-_.]|$)/i;

/**
 * Whether a file by its path holds credentials and nothing else: `/run/secrets/db`, `.pgpass`,
 * `server.key`.
 */
export function isCredentialFile(path: string): boolean {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (SECRET_FOLDER.test(path) || SSH_KEY.test(name)) return true;
  return SECRET_FILE.test(name) || (PEM.test(name) && !CERTIFICATE.test(name));
}

/**
 * What even under a credential's name is none, as it is a word for yes or no, or says where the
 * credential is.
 */
const SWITCH = /^(?:true|false|yes|no|on|off|null|none|nil)$/i;
const REFERENCE =
  /^(?:\$\{[A-Za-z_][\w.]*\}|\$\([A-Za-z_][\w.]*\)|\{\{[^{}]{1,128}\}\}|arn:aws[\w-]*:[\w:/.*-]+)$/;
const PATH =
  /^(?:file:(?:\/\/)?)?(?:[~.]{1,2}\/[\w.@+~/-]+|\/(?:etc|var|run|usr|opt|home|root|srv|mnt|tmp|app|data|secrets?|vault|keys?|certs?|config|proc|dev|lib|nix|media|Users)(?:\/[\w.@+~-]+)+\/?|[A-Za-z]:\\[\w.\\ ~-]+)$/;
/**
 * Words of a model's vocabulary, as in tokenizer_config.json: `</s>`, `<|endoftext|>`, `[PAD]`; and
 * marks.
 */
const VOCABULARY = /^(?:<\/?\|?[\w -]{1,40}\|?>|\[[A-Z]{2,12}\]|[^A-Za-z0-9]{1,3})$/;
/** nsswitch.conf has a line `passwd: files systemd`. */
const NAME_SERVICES = /^(?:(?:files|compat|systemd|sss|ldap|nis|winbind|db|altfiles|\[[\w!= ]+\])\s*)+$/;
/** Packages have such names too: `"jsonwebtoken": "^9.0.2"`, `passwd 1:4.13+dfsg1-1`. */
const VERSION =
  /^(?:[\^~]|[<>=]{1,2})?v?(?:\d{1,3}:\d{1,5}(?:\.\d{1,8}){1,3}|\d{1,5}(?:\.\d{1,8}){2,4}|(?<=[\^~=>])\d{1,5}\.\d{1,8})(?:[-+~][\w.+~-]{1,24})?$/;
const QUANTITY = /^[-+]?\d{1,7}(?:\.\d+)?(?:ms|s|m|h|d|w|y|%|[kmgt]i?b?)?$/i;

/** Whether a text is a credential by what its name says. */
export function isCredential(text: string, judgement: Judgement, name = ""): boolean {
  const value = text.trim().replace(/[;,]+$/, "");
  if (value === "" || SWITCH.test(value) || REFERENCE.test(value) || PATH.test(value) || VERSION.test(value))
    return false;
  if (VOCABULARY.test(value)) return false;
  if (/^(?:OLD)?PWD$/i.test(name) && value.startsWith("/")) return false;
  if ((/^passwd$/i.test(name) || value.includes(" ")) && NAME_SERVICES.test(value)) return false;
  if (judgement === "all") return true;
  if (QUANTITY.test(value)) return false;
  return judgement === "text" || isRandom(value) || isUserAndPassword(value);
}

/** Whether a text is `user:password` in base64, as `Authorization: Basic` has it (RFC 7617). */
export function isUserAndPassword(text: string): boolean {
  if (text.length < 8 || text.length > MAX_RANDOM_LENGTH || !/^[A-Za-z0-9+/]+={0,2}$/.test(text))
    return false;
  return /^[\x21-\x7e]+:[\x20-\x7e]+$/.test(Buffer.from(text, "base64").toString("latin1"));
}

const STRENGTH: Readonly<Record<Judgement, number>> = { all: 3, text: 2, random: 1 };

/** Of several judgements the one that hides most. */
export function strongest(judgements: ReadonlyArray<Judgement | undefined>): Judgement | undefined {
  return judgements.reduce(
    (best, one) => (one && (!best || STRENGTH[one] > STRENGTH[best]) ? one : best),
    undefined,
  );
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Longer words that a generator made are found by their form, if at all. */
export const MAX_RANDOM_LENGTH = 2048;

/**
 * Whether a text looks as if a generator had made it: one long word of mixed letters and digits.
 * UUIDs name things.
 */
export function isRandom(text: string): boolean {
  if (
    text.length < 16 ||
    text.length > MAX_RANDOM_LENGTH ||
    !/^[A-Za-z0-9+/=_.%:~-]+$/.test(text) ||
    UUID.test(text)
  )
    return false;
  if (/^[A-Za-z]+:|\/[a-z]{2,}\/|\.[a-z]{2,}$/.test(text)) return false;
  const digits = text.replace(/\D/g, "").length;
  // By chance there may be few digits; but in words a capital begins several small letters.
  const changes = text.match(/(?<=[a-z])[^a-z]|(?<=[A-Z])[^A-Z]|(?<=\d)\D/g)?.length ?? 0;
  if (text.length >= 24 && /[a-z]/.test(text) && /[A-Z]/.test(text) && changes >= text.length * 0.45)
    return true;
  return (
    digits >= 3 &&
    /[A-Za-z]/.test(text) &&
    (digits >= text.length / 8 || (/[a-z]/.test(text) && /[A-Z]/.test(text)))
  );
}
