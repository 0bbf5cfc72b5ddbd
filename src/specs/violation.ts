// Turns zod's issues into violations that name one place each and say what to write.
import type { z } from "zod";
import { findClosest } from "./closest.ts";

/** What is wrong at one path of a value. */
export interface Violation {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  /**
   * Point at the key itself, not at its value. A refinement asks for it with
   * `params: { atKey: true }`.
   */
  readonly atKey: boolean;
  /** Set where the key is not known. */
  readonly unknownKey?: UnknownKey;
  /** The message with stars in the place of the text that stands there, where it quotes that. */
  readonly redacted?: string;
}

export interface UnknownKey {
  /** The known key that is nearest to it, if one is near. */
  readonly closest: string | undefined;
}

type Issue = z.core.$ZodIssue;

/**
 * Checks a value and lists what is wrong, in words for people.
 *
 * @returns the value as the schema makes it, or at least one violation
 */
export function check<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
): { readonly value: z.output<Schema> } | { readonly violations: readonly Violation[] } {
  const outcome = schema.safeParse(value, { error: explain, reportInput: true });
  if (outcome.success) return { value: outcome.data };
  const violations = outcome.error.issues.flatMap((issue) => unfold(issue, []));
  return { violations: violations.filter((violation) => !isEcho(violation, violations)) };
}

/** `colect` is unknown, so `collect` is missing: one mistake, not two. */
function isEcho(violation: Violation, violations: readonly Violation[]): boolean {
  const key = String(violation.path.at(-1));
  return violations.some(
    (other) =>
      other !== violation &&
      other.unknownKey?.closest === key &&
      other.path.length === violation.path.length &&
      other.path.slice(0, -1).every((part, level) => part === violation.path[level]),
  );
}

function suggest(word: string): string {
  return `; did you mean "${word}"?`;
}

/**
 * Messages for issues whose schema gives none of its own. What an unknown key could have been is
 * told later, key by key, from the keys that are noted here: zod copies what it is given to the
 * issue (4.6.7, core/util.js, finalizeIssue), but for the schema that raised it.
 */
function explain(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case "unrecognized_keys":
      issue.knownKeys = listKnownKeys(issue.inst);
      return undefined;
    case "invalid_type":
      if (issue.input === undefined) return `is missing; write ${nameType(issue.expected)}`;
      return note(issue, (shown) => `write ${nameType(issue.expected)}, not ${shown}`);
    case "invalid_value":
      return explainChoice(
        issue,
        issue.values.map((choice) => String(choice)),
      );
    default:
      return undefined;
  }
}

function reportUnknownKeys(
  issue: z.core.$ZodIssueUnrecognizedKeys & { readonly knownKeys?: readonly string[] },
  path: readonly PropertyKey[],
): readonly Violation[] {
  const { keys, knownKeys } = issue;
  return keys.map((key) => {
    // Its schema has a message of its own.
    if (!knownKeys)
      return {
        path: [...path, key],
        message: issue.message,
        atKey: true,
        unknownKey: { closest: undefined },
      };
    const closest = findClosest(key, knownKeys);
    const hint = closest === undefined ? `; known here: ${knownKeys.join(", ")}` : suggest(closest);
    const message = `unknown key ${JSON.stringify(key.slice(0, 64))}${knownKeys.length > 0 ? hint : ""}`;
    return { path: [...path, key], message, atKey: true, unknownKey: { closest } };
  });
}

function explainChoice(issue: z.core.$ZodRawIssue, choices: readonly string[]): string {
  const { input } = issue;
  const closest = typeof input === "string" ? findClosest(input, choices) : undefined;
  const hint = closest === undefined ? "" : suggest(closest);
  const wanted = `write one of ${choices.join(", ")}`;
  return input === undefined ? `${wanted}${hint}` : note(issue, (shown) => `${wanted}, not ${shown}${hint}`);
}

/** Makes the message, and notes at the issue what it is where the text may not be shown. */
function note(issue: z.core.$ZodRawIssue, say: (shown: string) => string): string {
  issue.redacted = redact(issue.input, say);
  return say(describe(issue.input));
}

/** @returns undefined where what stands there is no text, which no message quotes */
function redact(input: unknown, say: (shown: string) => string): string | undefined {
  const quoted = quote(input);
  return quoted === undefined ? undefined : say(nameText("*".repeat(quoted.length)));
}

/**
 * The keys that an object schema takes. zod hands the schema that raised an issue over as `inst`.
 */
function listKnownKeys(schema: unknown): readonly string[] {
  if (typeof schema !== "object" || schema === null || !("shape" in schema)) return [];
  return typeof schema.shape === "object" && schema.shape !== null ? Object.keys(schema.shape) : [];
}

/** One issue as violations: unknown keys one by one, a union by the branch that was meant. */
function unfold(issue: Issue, base: readonly PropertyKey[]): readonly Violation[] {
  const path = [...base, ...issue.path];
  if (issue.code === "unrecognized_keys") return reportUnknownKeys(issue, path);
  if (issue.code === "invalid_key") {
    return [{ path, message: issue.issues[0]?.message ?? issue.message, atKey: true }];
  }
  if (issue.code === "invalid_union") return unfoldUnion(issue, path);
  const { redacted } = issue as { readonly redacted?: string | undefined };
  return [
    {
      path,
      message: issue.message,
      atKey: issue.code === "custom" && issue.params?.atKey === true,
      ...(redacted !== undefined && { redacted }),
    },
  ];
}

/**
 * Of a union of objects that differ in their keys, the branch that was meant is the one that knows
 * most of the keys that were written and misses none of its own. Where no branch is it, the union's
 * own message is all there is to say.
 */
function unfoldUnion(
  issue: z.core.$ZodIssueInvalidUnion,
  path: readonly PropertyKey[],
): readonly Violation[] {
  // Told apart by one key, whose value is none of those known.
  if (issue.errors.length === 0) return [{ path, message: issue.message, atKey: false }];
  const branches = issue.errors.map((issues) => ({ issues, ...judge(issues) }));
  const meant = branches.filter((branch) => branch.fits).sort((a, b) => a.unknown.length - b.unknown.length);
  const [best, next] = meant;
  if (best && (next === undefined || best.unknown.length < next.unknown.length)) {
    return best.issues.flatMap((inner) => unfold(inner, path));
  }
  const mistyped =
    meant.length === 0
      ? findMistyped(
          branches.flatMap((branch) => branch.issues),
          path,
        )
      : undefined;
  if (mistyped) return [mistyped];
  const redacted = redact(issue.input, (shown) => `${issue.message}, not ${shown}`);
  return [
    {
      path,
      message: `${issue.message}${describeFound(issue.input)}`,
      atKey: false,
      ...(redacted !== undefined && { redacted }),
    },
  ];
}

/** Does a branch of a union fit so far: are all its own keys there, and is it of the right type? */
function judge(issues: readonly Issue[]): { readonly fits: boolean; readonly unknown: readonly string[] } {
  const fits = !issues.some(
    (issue) =>
      (issue.path.length === 0 && (issue.code === "invalid_type" || issue.code === "invalid_value")) ||
      // A key that is missing, whatever its schema says to that; unknown keys have no input of
      // their own.
      (issue.path.length === 1 && issue.code !== "unrecognized_keys" && issue.input === undefined),
  );
  return {
    fits,
    unknown: issues.flatMap((issue) =>
      issue.code === "unrecognized_keys" && issue.path.length === 0 ? issue.keys : [],
    ),
  };
}

/** An unknown key near a known one of some branch: `patern` for `pattern`. */
function findMistyped(issues: readonly Issue[], path: readonly PropertyKey[]): Violation | undefined {
  for (const issue of issues) {
    if (issue.code !== "unrecognized_keys" || issue.path.length > 0) continue;
    const mistyped = reportUnknownKeys(issue, path).find(({ unknownKey }) => unknownKey?.closest);
    if (mistyped) return mistyped;
  }
  return undefined;
}

function describeFound(input: unknown): string {
  if (typeof input !== "object" || input === null || Array.isArray(input)) return `, not ${describe(input)}`;
  const keys = Object.keys(input).slice(0, 5);
  return keys.length === 0 ? "; none is here" : `; here: ${keys.join(", ")}`;
}

function nameType(expected: string): string {
  const names: Readonly<Record<string, string>> = {
    string: "a text",
    number: "a number",
    boolean: "true or false",
    array: "a list (- one, - two, or [one, two])",
    object: "keys with values (name: value)",
    record: "keys with values (name: value)",
  };
  return names[expected] ?? expected;
}

/** @returns a text as it stands in a message, undefined for what is none */
function quote(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
}

function describe(value: unknown): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "keys with values";
  const quoted = quote(value);
  if (quoted !== undefined) return nameText(quoted);
  return value === undefined ? "nothing" : String(value);
}

function nameText(shown: string): string {
  return `the text ${shown}`;
}
