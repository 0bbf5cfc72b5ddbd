// Patterns run in RE2, which takes time linear in the text: no pattern of a spec can hang a host.
import { RE2JS, RE2JSException, RE2JSSyntaxException } from "re2js";

/** Longest pattern, in characters. */
export const MAX_REGEXP_LENGTH = 1000;

/**
 * Most steps that one search may cost: the compiled size of the pattern times the length of the
 * text. Linear time is not yet little time; RE2 in JavaScript does about 60 million steps a second
 * (measured: Node 20, 2.5 GHz), so a search ends in about two seconds at worst. A usual pattern has
 * a size of 20 and searches 5 MB within this.
 */
const MAX_SEARCH_STEPS = 100_000_000;

/** A pattern that compiled. */
export interface Pattern {
  /**
   * Searches a text; `^` and `$` match at lines, and a line may end in CR LF.
   *
   * @returns the first capture group of the first match, or the whole match if the pattern has no
   *   group; undefined if nothing matches, or the group took no part in the match; `too_costly` if
   *   the search would take too long
   */
  search(text: string): Match | undefined | typeof TOO_COSTLY;
}

/** What was found, and where. */
export interface Match {
  readonly value: string;
  /** The text with LF for CR LF, which the offsets are of; the end is exclusive. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** Says that a text is too long for a pattern. */
export const TOO_COSTLY = Symbol("too costly");

/**
 * Compiles a pattern in RE2's syntax (https://github.com/google/re2/wiki/Syntax): no look-around,
 * no back references.
 *
 * @returns the pattern, or what is wrong with it
 */
export function compilePattern(source: string): Pattern | { readonly mistake: string } {
  if (source.length > MAX_REGEXP_LENGTH) {
    return { mistake: `the pattern has ${source.length} characters; the limit is ${MAX_REGEXP_LENGTH}` };
  }
  const literal = /^\/(.+)\/([dgimsuvy]{1,8})$/.exec(source);
  if (literal) return { mistake: explainLiteral(literal[1] ?? "", literal[2] ?? "") };
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(source, RE2JS.MULTILINE);
  } catch (error) {
    if (error instanceof RE2JSException) return { mistake: explain(source, error) };
    throw error;
  }
  const group = compiled.groupCount() > 0 ? 1 : 0;
  const size = Math.max(1, compiled.programSize());
  return {
    search(text) {
      // RE2 knows LF only; without this, `(.*)$` would take a CR along.
      const lines = text.includes("\r\n") ? text.replaceAll("\r\n", "\n") : text;
      if (size * lines.length > MAX_SEARCH_STEPS) return TOO_COSTLY;
      const matcher = compiled.matcher(lines);
      const value = matcher.find() ? (matcher.group(group) ?? undefined) : undefined;
      return value === undefined
        ? undefined
        : { value, text: lines, start: matcher.start(group), end: matcher.end(group) };
    },
  };
}

/**
 * `/text/i` is how JavaScript, sed and perl write a pattern; here the slashes would be looked for
 * in the text.
 */
function explainLiteral(inner: string, flags: string): string {
  const kept = [...flags].filter((flag) => flag === "i" || flag === "s").join("");
  return (
    "write the pattern without slashes and flags: " +
    `${kept === "" ? "" : `(?${kept})`}${inner}; if the slashes are meant, begin with ` +
    "[/]"
  );
}

/**
 * RE2's message without the flag that we put before the pattern, and with a way out where people
 * stumble most.
 */
function explain(source: string, error: RE2JSException): string {
  const hint = /\(\?<?[=!]|\\[1-9]/.test(source)
    ? "; RE2 has no look-around and no back references: match the text around the " +
      "value too and put (…) around the value"
    : "";
  return `${describeFault(error, MULTILINE)}${hint}`;
}

/** What RE2JS.MULTILINE puts before a pattern. */
const MULTILINE = "(?m)";

/**
 * What is wrong with a pattern, as RE2 says it.
 *
 * @param prefix what was put before the pattern, which its writer should not be shown
 */
export function describeFault(error: RE2JSException, prefix = ""): string {
  if (!(error instanceof RE2JSSyntaxException)) return `not a pattern that RE2 takes: ${error.message}`;
  const { error: reason, input } = error;
  const part = input?.startsWith(prefix) ? input.slice(prefix.length) : input;
  return `not a pattern that RE2 takes: ${reason}${input ? `: \`${part}\`` : ""}`;
}
