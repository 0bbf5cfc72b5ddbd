// The words of a command line, or of a title that was written over it: which of them may be files.
// Pure.
import { posix } from "node:path";

/**
 * Most characters of one word that are looked at for files, and most files that one word may name.
 */
const MAX_WORD_LENGTH = 64 * 1024;
const MAX_REFERENCES = 200;

/** A text in a word that may be a file's path, relative or not. */
export type Reference = string;

/**
 * The words of a process, in each way that they can be read: as its arguments; and where its first
 * one has spaces, as nginx, sshd and php-fpm write their titles, split at them.
 */
export function readWords(argv: readonly string[]): readonly (readonly string[])[] {
  return isTitle(argv) ? [argv, splitTitle(argv)] : [argv];
}

/** A program's own path seldom has spaces; a title has. */
export function isTitle(argv: readonly string[]): boolean {
  return /\s/.test(argv[0] ?? "");
}

/** A title and what is left of the arguments behind it. */
export function splitTitle([title = "", ...rest]: readonly string[]): readonly string[] {
  return [...title.split(/\s+/).filter(Boolean), ...rest];
}

/** Each option with its value as two words: `--config=a` as `--config a`. What has no `=` stays. */
export function splitValues(words: readonly string[]): readonly string[] {
  return words.flatMap((word) => {
    const at = word.indexOf("=");
    return at > 0 && /^[\w.-]+$/.test(word.slice(0, at)) ? [word.slice(0, at), word.slice(at + 1)] : [word];
  });
}

/**
 * All that a word may mean as a file: itself, what stands after an `=` or a short option
 * (`-c/etc/a.conf`), each part of a list (`a,b`, `a:b`), a `file:` URL, and each of them without
 * the quotes and brackets around it.
 */
export function listReferences(word: string): readonly Reference[] {
  const found = new Set<string>();
  const add = (text: string): void => {
    if (text !== "" && found.size < MAX_REFERENCES) found.add(text);
  };
  const whole = word.slice(0, MAX_WORD_LENGTH);
  for (const part of openWord(whole)) {
    add(part);
    // Each part of a list may be NAME=PATH in its turn.
    for (const piece of part.split(/[,;]/)) {
      for (const inner of openWord(piece)) add(readUrl(strip(inner)));
      // `NAME:PATH,NAME:PATH`
      if (piece !== part && !piece.includes("://")) for (const inner of piece.split(":")) add(strip(inner));
    }
    if (!part.includes("://")) for (const piece of part.split(":")) add(strip(piece));
  }
  return [...found];
}

/** A word, what stands after its first `=`, and after a short option. */
function openWord(word: string): readonly string[] {
  const at = word.indexOf("=");
  return [
    word,
    ...(at > 0 ? [word.slice(at + 1)] : []),
    ...(/^-[A-Za-z][^-]/.test(word) ? [word.slice(2)] : []),
    ...(/^[-+@]./.test(word) ? [word.slice(1)] : []),
  ];
}

/** A title has a path in brackets, with a comma or a colon behind it, or in quotes. */
function strip(text: string): string {
  return text.replace(/^["'([{<]+/, "").replace(/["')\]}>,:;]+$/, "");
}

/**
 * `file:/a`, `file:///a`, `file://localhost/a` and Spring's `optional:file:/a` as `/a` (RFC 8089).
 */
function readUrl(text: string): string {
  const path = /^(?:optional:)?file:(?:\/\/(?:localhost)?(?=\/))?(.+)$/i.exec(text)?.[1];
  if (path === undefined) return text;
  try {
    return decodeURIComponent(path);
  } catch {
    // A stray % makes it no URL; as it stands it may still be the path.
    return path;
  }
}

/** Without `.`, `..`, doubled slashes and one at the end. */
export function normalizePath(path: string): string {
  const plain = posix.normalize(path);
  return plain.length > 1 ? plain.replace(/\/$/, "") : plain;
}
