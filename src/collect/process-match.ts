// The words of a match, against the words of a process. Pure.
import { posix } from "node:path";
import { listReferences, readWords, splitValues } from "./process-words.ts";

/** Whether a process is a file's: what cannot be told says why. */
export type Verdict = "yes" | "no" | { readonly uncertainty: string };

/** What stands for the placeholders of a match. */
export function fillIn(text: string, path: string): string {
  const { base, name } = posix.parse(path);
  const parts: Readonly<Record<string, string>> = { "{path}": path, "{name}": base, "{stem}": name };
  return text.replace(/\{(?:path|name|stem)\}/g, (part) => parts[part] ?? part);
}

/** All of them hold, or the first that does not. */
export function both(a: Verdict, b: Verdict): Verdict {
  if (a === "no" || b === "no") return "no";
  return a === "yes" ? b : a;
}

/** One of them holds, or else the first that may. */
export function either(a: Verdict, b: Verdict): Verdict {
  if (a === "yes" || b === "yes") return "yes";
  return a === "no" ? b : a;
}

/** One word of a match. */
interface Token {
  /** As it stands, placeholders filled in. */
  readonly text: string;
  /**
   * The file that it ends in, and what stands before it; where it ends in a file's absolute path.
   */
  readonly file?: { readonly before: string; readonly path: string };
  /** Any word does in its place: for what a match could be of another file. */
  readonly isOpen: boolean;
}

/** A match's words for one file; ready for many processes. */
export interface WordMatch {
  /**
   * Looks for the words, one after the other.
   *
   * @param isFile whether a text of a word is a file of the host: its path, relative or through
   *   links
   */
  look(words: PreparedWords, isFile: (reference: string, path: string) => Verdict): Verdict;
  /** Whether there is anything in them beside placeholders. */
  readonly hasOwnWords: boolean;
  /**
   * Whether a process has these words with whatever in the placeholders' place; no, of a match that
   * is nothing but a placeholder.
   */
  looksLike(words: PreparedWords): boolean;
}

/** A process's words in all ways that they are read. */
export interface PreparedWords {
  readonly lists: readonly (readonly string[])[];
  /** What each word may mean as a file; by the word. */
  readonly references: ReadonlyMap<string, readonly string[]>;
}

/** @param isWrapper of `su -c "app -c a.conf"`, the words within an argument count too */
export function prepareWords(argv: readonly string[], isWrapper = false): PreparedWords {
  const read = [...readWords(argv), ...(isWrapper ? [argv.flatMap((word) => word.split(/\s+/))] : [])];
  const lists = [...read, ...read.map(splitValues).filter((list, at) => list.length !== read[at]?.length)];
  const references = new Map<string, readonly string[]>();
  for (const word of lists.flat()) if (!references.has(word)) references.set(word, listReferences(word));
  return { lists, references };
}

/**
 * @param match words with a space between them; as `--config {path}`, which also takes
 *   `--config={path}`, and the other way round
 */
export function compileWords(match: string, path: string): WordMatch {
  const words = match.split(" ");
  const whole = words.map((word) => makeToken(word, path));
  const split = splitValues(words).map((word) => makeToken(word, path));
  const readings = split.length === whole.length ? [whole] : [whole, split];
  // `-c {path}` takes `-c/etc/a.conf` too.
  for (const [at, { text }] of split.entries()) {
    const next = split[at + 1];
    if (!/^-[A-Za-z]$/.test(text) || !next) continue;
    const before = `${text}${next.file?.before ?? ""}`;
    const joined = {
      ...next,
      text: `${text}${next.text}`,
      ...(next.file && { file: { ...next.file, before } }),
    };
    readings.push([...split.slice(0, at), joined, ...split.slice(at + 2)]);
  }
  const hasOwnWords = words.some((word) => word.replace(/\{(?:path|name|stem)\}/g, "") !== "");
  const lookAll = (
    lists: readonly (readonly string[])[],
    fits: (token: Token, word: string) => Verdict,
  ): Verdict => {
    let verdict: Verdict = "no";
    for (const list of lists)
      for (const tokens of readings) verdict = either(verdict, findRun(list, tokens, fits));
    return verdict;
  };
  return {
    look: ({ lists, references }, isFile) =>
      lookAll(lists, ({ text, file }, word) => {
        // A word alone may also be what stands after an `=`.
        const isWhole = word === text || (whole.length === 1 && word.endsWith(`=${text}`));
        if (!file) return isWhole ? "yes" : "no";
        if (isWhole) return isFile(file.path, file.path);
        if (!word.startsWith(file.before)) return "no";
        const texts =
          file.before === "" ? (references.get(word) ?? []) : listReferences(word.slice(file.before.length));
        return texts.reduce<Verdict>((verdict, text) => either(verdict, isFile(text, file.path)), "no");
      }),
    hasOwnWords,
    looksLike: ({ lists }) =>
      hasOwnWords &&
      lookAll(lists, ({ text, isOpen, file }, word) => {
        return (isOpen ? word.startsWith(file?.before ?? "") : word === text) ? "yes" : "no";
      }) === "yes",
  };
}

function makeToken(word: string, path: string): Token {
  const text = fillIn(word, path);
  const isOpen = text !== word;
  // After `=`, a short option or nothing, an absolute path begins; `file:` before it is part of a
  // reference.
  const begins = /^(.*?[=]|-[A-Za-z])?(?:file:(?:\/\/)?)?(?=\/)/.exec(text);
  if (!begins) return { text, isOpen };
  return { text, isOpen, file: { before: begins[1] ?? "", path: text.slice(begins[0].length) } };
}

function findRun(
  words: readonly string[],
  tokens: readonly Token[],
  fits: (token: Token, word: string) => Verdict,
): Verdict {
  let best: Verdict = "no";
  for (let at = 0; at + tokens.length <= words.length && best !== "yes"; at++) {
    let verdict: Verdict = "yes";
    for (const [offset, token] of tokens.entries()) {
      verdict = both(verdict, fits(token, words[at + offset] ?? ""));
      if (verdict === "no") break;
    }
    best = either(best, verdict);
  }
  return best;
}
