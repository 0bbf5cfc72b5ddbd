// Masking: what looks like a credential does not leave the host, unless the spec names the field. Pure.
import type { JsonValue } from "./value.ts";

/** What stands in the place of a value, or of the part of a text that is one. */
export const MASK = "[masked]";

/** Keys whose values are secrets whatever they look like. Numbers, true and false are none: `token_count: 5`. */
const SECRET_KEY = /(?:^|[_.-])(?:password|passwd|pwd|passphrase|secret|token|(?:api|access|private)[_-]?key|credentials?)$/;

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
  // docs/decisions/0005: Rollcall's own.
  /\brc_[a-z2-7]{12}_[A-Za-z0-9_-]{43}/g,
];

/** RFC 3986, section 3.2.1: user:password@ in a URL. The user stays. */
const URL_PASSWORD = /(\b[a-z][a-z0-9+.-]{0,30}:\/\/[^\s/:@]{0,256}:)[^\s/@]{1,256}(?=@)/gi;

/**
 * Masks a field's value.
 *
 * @param name the field's, or the key that the value has in it
 * @returns the value as it may leave the host; the same object where nothing was masked
 */
export function maskCredentials(name: string, value: JsonValue): JsonValue {
  if (typeof value === "string") return value !== "" && isSecretKey(name) ? MASK : maskText(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return maskAll(value, (item) => maskCredentials(name, item as JsonValue));
  const entries = Object.entries(value);
  const masked = entries.map(([key, child]) => [key, maskCredentials(key, child)] as const);
  return masked.every(([, child], at) => child === entries[at]?.[1]) ? value : Object.fromEntries(masked);
}

/** dbPassword is like db_password. */
function isSecretKey(key: string): boolean {
  return SECRET_KEY.test(key.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toLowerCase());
}

function maskAll(list: readonly JsonValue[], mask: (item: JsonValue) => JsonValue): readonly JsonValue[] {
  const masked = list.map(mask);
  return masked.every((item, at) => item === list[at]) ? list : masked;
}

function maskText(text: string): string {
  let masked = text.replace(URL_PASSWORD, `$1${MASK}`);
  for (const pattern of CREDENTIALS) masked = masked.replace(pattern, MASK);
  return masked;
}
