// Masking: what looks like a credential does not leave the host, unless the spec names the field.
// Pure.
import { isCredential, type Judgement, judgeName, strongest } from "./credential-names.ts";
import { findCredentials } from "./credential-text.ts";
import type { NamedCredential } from "./named-credentials.ts";
import type { JsonValue } from "./value.ts";

/** What stands in the place of a value, or of the part of a text that is one. */
export const MASK = "[masked]";

/**
 * Masks a field's value.
 *
 * @param name the field's, or the key that the value has in it
 * @param named what the host calls credentials, in this field and others
 * @returns the value as it may leave the host; the same object where nothing was masked
 */
export function maskCredentials(
  name: string,
  value: JsonValue,
  named: readonly NamedCredential[] = [],
): JsonValue {
  const own = maskNamed(
    value,
    named.filter(({ at }) => at[0] === name),
    1,
  );
  return mask(own, judgeName(name), name);
}

/** Masks values below another; the rest stays the same. */
function maskNamed(value: JsonValue, named: readonly NamedCredential[], depth: number): JsonValue {
  const whole = named.find(({ at }) => at.length === depth);
  if (whole) return mask(value, whole.judgement, "");
  if (named.length === 0 || typeof value !== "object" || value === null) return value;
  const groups = new Map<string, NamedCredential[]>();
  for (const one of named)
    groups.set(String(one.at[depth]), [...(groups.get(String(one.at[depth])) ?? []), one]);
  const below = ([key, child]: readonly [string, JsonValue]) =>
    [key, maskNamed(child, groups.get(key) ?? [], depth + 1)] as const;
  const masked = Object.entries(value as { readonly [key: string]: JsonValue }).map(below);
  return Array.isArray(value) ? masked.map(([, child]) => child) : Object.fromEntries(masked);
}

/** Masks what a name judges, and what has the form of a credential. */
function mask(value: JsonValue, judgement: Judgement | undefined, name: string): JsonValue {
  if (typeof value === "string")
    return judgement && isCredential(value, judgement, name) && value !== MASK ? MASK : maskText(value);
  if (typeof value === "number") return judgement === "all" && Math.abs(value) >= 1000 ? MASK : value;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return maskArray(value as readonly JsonValue[], judgement, name);
  const entries = Object.entries(value as { readonly [key: string]: JsonValue });
  const pair = judgePair(entries);
  const masked = entries.map(([key, child]) => {
    const own = pair?.key === key ? pair.judgement : isSecretData(value, key) ? "all" : judgeName(key);
    return [key, mask(child, strongest([judgement, own]), own ? key : name)] as const;
  });
  return masked.every(([, child], at) => child === entries[at]?.[1]) ? value : Object.fromEntries(masked);
}

/**
 * `{ name: DB_PASSWORD, value: x }`, as Kubernetes and ECS write variables: one member names the
 * other.
 */
function judgePair(
  entries: ReadonlyArray<readonly [string, JsonValue]>,
): { readonly key: string; readonly judgement: Judgement } | undefined {
  const naming = entries.find(([key]) => /^(?:name|key|variable|parameter|parameterkey)$/i.test(key))?.[1];
  const key = entries.find(([one]) => /^(?:value|val|default|content|parametervalue)$/i.test(one))?.[0];
  const judgement = typeof naming === "string" ? judgeName(naming) : undefined;
  return key !== undefined && judgement ? { key, judgement } : undefined;
}

/** What Kubernetes' objects of the kind Secret hold. */
function isSecretData(value: object, key: string): boolean {
  return "kind" in value && value.kind === "Secret" && /^(?:data|stringData)$/.test(key);
}

/**
 * The words of a command are read as the one line that they are, since an option stands before its
 * value.
 */
function maskArray(list: readonly JsonValue[], judgement: Judgement | undefined, name: string): JsonValue {
  const isCommand = !judgement && list.length > 1 && list.every((item) => typeof item === "string");
  const inLine = isCommand ? findInLine(list as readonly string[]) : new Map<number, number>();
  const masked = list.map((item, at) => {
    const own = mask(item, judgement, name);
    const from = inLine.get(at);
    return own !== item || from === undefined ? own : (item as string).slice(0, from) + MASK;
  });
  return masked.every((item, at) => item === list[at]) ? list : masked;
}

/**
 * By place, the words that are credentials for what stands before them, and where in the word one
 * begins.
 */
function findInLine(words: readonly string[]): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  if (!words.some((word) => word.startsWith("-"))) return found;
  // One word is one here, spaces or not.
  const ranges = findCredentials(words.map((word) => word.replace(/\s/g, "_")).join(" "));
  let start = 0;
  for (const [at, { length }] of words.entries()) {
    const range = ranges.find((one) => one.start >= start && one.start < start + length);
    if (range) found.set(at, range.start - start);
    start += length + 1;
  }
  return found;
}

/** Masks what is a credential in a text. */
export function maskText(text: string): string {
  let masked = "";
  let from = 0;
  for (const { start, end } of findCredentials(text)) {
    if (text.slice(start, end).includes(MASK)) continue;
    masked += text.slice(from, start) + MASK;
    from = end;
  }
  return masked + text.slice(from);
}
