// Masking: what looks like a credential does not leave the host, unless the spec names the field. Pure.
import type { JsonValue } from "./value.ts";

/** What stands in the place of a value, or of the part of a text that is one. */
export const MASK = "[masked]";

/** Keys whose values are secrets whatever they look like. True and false are none, nor are numbers: `max_tokens: 4096`. */
const SECRET_KEY =
  /(?:(?:password|passwd|passphrase)s?|(?:^|[_.-])(?:pwd|pass|secrets?|tokens?|(?:api|access|private|secret|signing|encryption)[_-]?keys?|credentials?|authorization))$/;

/** Keys under which even a number is one: YAML and JSON make numbers of digits. */
const SECRET_NUMBER_KEY = /(?:(?:password|passwd|passphrase)s?|(?:^|[_.-])(?:pwd|pass|secrets?))$/;

/** Texts, or parts of one, that are credentials whatever they are called. Each begins with what no other text does. */
const CREDENTIALS: readonly RegExp[] = [
  // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html: keys, and keys of sessions.
  /\b(?:AKIA|ASIA)[A-Z2-7]{16}\b/g,
  /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|$)/g,
  // https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/
  /\b(?:gh[pousr]_[A-Za-z0-9]{36,251}|github_pat_[A-Za-z0-9_]{22,251})/g,
  // https://docs.slack.dev/authentication/tokens
  /\bxox[abeoprs]-[A-Za-z0-9-]{10,250}/g,
  // RFC 7519: a header and a claims set, both JSON objects, so both begin with `{"` in base64url.
  /\beyJ[A-Za-z0-9_-]{10,4096}\.eyJ[A-Za-z0-9_-]{10,4096}\.[A-Za-z0-9_-]{0,4096}/g,
  // docs/decisions/0005 and 0023: Rollcall's own.
  /\brc_[a-z2-7]{12}_[A-Za-z0-9_-]{43}/g,
  /\brh_[A-Za-z0-9._-]{1,128}_[A-Za-z0-9_-]{43}/g,
  // https://cloud.google.com/docs/authentication/api-keys
  /\bAIza[A-Za-z0-9_-]{35}/g,
  // https://docs.stripe.com/keys
  /\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,250}/g,
];

/** What a text says itself to be one, as programs do in their messages: password=…, `Authorization: Bearer …` (RFC 6750). */
const NAMED: readonly RegExp[] = [
  /\b((?:[A-Za-z]{0,30}[_-]?)?(?:password|passwd|secret|token|api[_-]?key)["']?[ \t]{0,3}[=:][ \t]{0,3})(?:"[^"\n]{1,256}"|'[^'\n]{1,256}'|[^\s"',;&]{1,256})/gi,
  /\b(Bearer[ \t]{1,3})[A-Za-z0-9._~+/-]{8,4096}=*/g,
];

/** RFC 3986, section 3.2.1: user:password@ in a URL. The user stays; the password may hold an @, though it should not. */
const URL_PASSWORD = /(\b[a-z][a-z0-9+.-]{0,30}:\/\/[^\s/:@]{0,256}:)[^\s/?#]{1,256}(?=@)/gi;

/**
 * Masks a field's value.
 *
 * @param name the field's, or the key that the value has in it
 * @returns the value as it may leave the host; the same object where nothing was masked
 */
export function maskCredentials(name: string, value: JsonValue): JsonValue {
  return mask(value, judgeKey(name));
}

/** What a key says of all that is below it. */
interface Judgement {
  readonly isSecret: boolean;
  readonly areNumbers: boolean;
}

function mask(value: JsonValue, judged: Judgement): JsonValue {
  if (typeof value === "string") return value !== "" && judged.isSecret ? MASK : maskText(value);
  if (typeof value === "number") return judged.areNumbers && Math.abs(value) >= 1000 ? MASK : value;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return maskAll(value, (item) => mask(item as JsonValue, judged));
  const entries = Object.entries(value);
  const masked = entries.map(([key, child]) => [key, mask(child, judged.isSecret ? judged : judgeKey(key))] as const);
  return masked.every(([, child], at) => child === entries[at]?.[1]) ? value : Object.fromEntries(masked);
}

/** dbPassword is like db_password. */
function judgeKey(key: string): Judgement {
  const name = key.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toLowerCase();
  return { isSecret: SECRET_KEY.test(name), areNumbers: SECRET_NUMBER_KEY.test(name) };
}

function maskAll(list: readonly JsonValue[], mask: (item: JsonValue) => JsonValue): readonly JsonValue[] {
  const masked = list.map(mask);
  return masked.every((item, at) => item === list[at]) ? list : masked;
}

/** Masks what is a credential in a text. */
export function maskText(text: string): string {
  let masked = text.replace(URL_PASSWORD, `$1${MASK}`);
  for (const pattern of NAMED) masked = masked.replace(pattern, `$1${MASK}`);
  for (const pattern of CREDENTIALS) masked = masked.replace(pattern, MASK);
  return masked;
}
