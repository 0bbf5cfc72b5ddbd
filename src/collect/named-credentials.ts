// What the host itself calls a credential: by the key in its file, what stands before it in its
// line, or the file's path. Pure.
import type { Match } from "../specs/pattern.ts";
import { isCredentialFile, type Judgement, judgeName, strongest } from "./credential-names.ts";
import { findCredentials } from "./credential-text.ts";

/** A value within the fields of a step that the host calls a credential. */
export interface NamedCredential {
  /** The field, then keys and indices down to the value. */
  readonly at: readonly [field: string, ...rest: (string | number)[]];
  readonly judgement: Judgement;
}

/** Names of a credential in another value beside it: `{ name: DB_PASSWORD, value: x }`. */
const NAMED_VALUE = /^(.+)\.(?:value|val|default|content)$/i;

/** What Kubernetes' objects of the kind Secret hold. */
const SECRET_DATA = /^(?:(.+)\.)?(?:data|stringData)(?:\.|$)/;

/**
 * Judges a key of a file by each of its levels, and by what a member beside it says.
 *
 * @param follow looks up another key in the same file
 */
export function judgeKeyPath(
  key: string,
  path: string,
  follow: (key: string) => unknown,
): Judgement | undefined {
  const [, parent] = NAMED_VALUE.exec(key) ?? [];
  const beside =
    parent === undefined ? [] : ["name", "key", "Name", "Key"].map((name) => follow(`${parent}.${name}`));
  const names = [key, ...key.split("."), ...beside.filter((name) => typeof name === "string")];
  const [isData, object] = SECRET_DATA.exec(key) ?? [];
  const isSecret =
    isData !== undefined && follow(object === undefined ? "kind" : `${object}.kind`) === "Secret";
  return strongest([judgePath(path), isSecret ? "all" : undefined, ...names.map(judgeName)]);
}

/** Of a text, characters before and after a match that can say what it is. */
const BEFORE = 16_384;
const AFTER = 2048;

/**
 * Judges what a pattern found: by the pattern's own words, the text around it, and the file's path.
 */
export function judgeMatch(
  pattern: string,
  { text, start, end, value }: Match,
  path: string,
): Judgement | undefined {
  const judged = strongest([judgePath(path), ...namesIn(pattern).map(judgeName)]);
  if (judged !== undefined || value === "") return judged;
  const from = Math.max(0, start - BEFORE);
  const window = text.slice(from, Math.min(text.length, end + AFTER));
  // What is known for one in the value itself is masked there; here it is all that only its
  // surroundings tell.
  const own = findCredentials(value).map((range) => ({
    start: range.start + start - from,
    end: range.end + start - from,
  }));
  const isTold = findCredentials(window).some((range) => {
    const [first, last] = [Math.max(range.start, start - from), Math.min(range.end, end - from)];
    return first < last && !own.some((known) => known.start <= first && known.end >= last);
  });
  return isTold ? "all" : undefined;
}

function judgePath(path: string): Judgement | undefined {
  return isCredentialFile(path) ? "all" : undefined;
}

/** The names that stand nearest before a pattern's group, and the group's own. */
function namesIn(pattern: string): readonly string[] {
  const group = /(?<!\\)\((?:\?P?<(\w+)>|(?!\?))/.exec(pattern);
  if (!group) return [];
  const before = pattern
    .slice(0, group.index)
    .replace(/\\([A-Za-z])/g, " ")
    .replaceAll("\\", "");
  const names = before.match(/[\p{L}_][\p{L}\p{N}_.-]*/gu) ?? [];
  return [
    ...names.slice(-2).map((name) => name.replace(/[.-]+$/, "")),
    ...(group[1] === undefined ? [] : [group[1]]),
  ];
}
