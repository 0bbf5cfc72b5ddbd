// How Rollcall's keys are written: API keys (docs/decisions/0005) and enrolled hosts' own (0023).

/** A random part: 32 bytes in base64url. */
const RANDOM = "[A-Za-z0-9_-]{43}";

/** An API key, as a regular expression without groups: its id stands in the middle. */
export const API_KEY_FORM = `rc_[a-z2-7]{12}_${RANDOM}`;

/** An enrolled host's own key: the host's id stands in the middle. */
export const HOST_KEY_FORM = `rh_[A-Za-z0-9._-]{1,128}_${RANDOM}`;

/** @returns what stands in the middle of a key of either form */
export function readKeyMiddle(key: string): string {
  return key.slice(3, -44);
}

/** All that may be meant for a key, whole or not. */
const KEY_LIKE = "r[ch]_[A-Za-z0-9._-]";

const GIVEN = new RegExp(`^${KEY_LIKE}{1,190}$`);

/**
 * Whether what somebody gives for a key can be one: it goes into a header, so a quote or a newline
 * must be told before that. Whether it is one, the server knows.
 */
export function isKeyLike(text: string): boolean {
  return GIVEN.test(text);
}

/** Finds all that looks like a key, so that it can be hidden. */
export const KEYS_IN_TEXT = new RegExp(`(?<![A-Za-z0-9])${KEY_LIKE}+`, "g");
