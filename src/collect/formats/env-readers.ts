// How sh, systemd and docker compose each read the value of a NAME=value line.

/** Who reads such files. */
export type EnvReader = "sh" | "systemd" | "docker compose";

/**
 * A value, and where it ends in the text. Undefined: a reader fails, or what it takes is not in the
 * text.
 */
export interface Reading {
  readonly value: string | undefined;
  readonly end: number;
}

type Read = (text: string, start: number) => Reading;

const UNCLOSED: Reading = { value: undefined, end: Number.POSITIVE_INFINITY };

/** Those first that change the least of what is written. */
export const envReaders: ReadonlyArray<readonly [EnvReader, Read]> = [
  ["systemd", readSystemd],
  ["docker compose", readCompose],
  ["sh", readSh],
];

/** A stretch of a value, and where it ends; undefined: it does not end. */
type Part = { readonly value: string | undefined; readonly end: number } | undefined;

/** Characters that end a command, or that a shell replaces. */
const SHELL_SPECIAL = /[$`;&|<>()]/;
/** Characters that stand for themselves everywhere. */
const PLAIN = /[\w./@%+,=#{}[\]*?!^-]+/y;
const UNTIL_ESCAPE = /[^\\\n]+/y;

/**
 * https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02 (quoting),
 * for a word that is an assignment's, and for the rest of its line.
 */
export function readSh(text: string, start: number): Reading {
  // A ~ at the beginning or after a : is somebody's home.
  const isHome = text[start] === "~";
  const word = readShWord(text, start);
  if (word === undefined) return UNCLOSED;
  // What follows on the line is a command, which gets the value for itself alone; quotes in it may
  // go on in other lines.
  let isAlone = true;
  let at = skipBlank(text, word.end);
  while (at < text.length && text[at] !== "\n") {
    if (text[at] === "#") {
      at = findLineEnd(text, at);
      continue;
    }
    isAlone = false;
    const other = readShWord(text, at);
    if (other === undefined) return UNCLOSED;
    at = skipBlank(text, other.end);
  }
  return { value: isAlone && !isHome ? word.value : undefined, end: at };
}

function readShWord(text: string, start: number): Part {
  const parts: string[] = [];
  let isKnown = true;
  let at = start;
  while (at < text.length && !/[ \t\n]/.test(text.charAt(at))) {
    const char = text.charAt(at);
    const part = readShPart(text, at, char);
    if (part === undefined) return undefined;
    if (part.value === undefined || (char === ":" && text[part.end] === "~")) isKnown = false;
    parts.push(part.value ?? "");
    at = part.end;
  }
  return { value: isKnown ? parts.join("") : undefined, end: at };
}

function readShPart(text: string, at: number, char: string): Part {
  switch (char) {
    case "'":
      return readSingleQuoted(text, at + 1);
    case '"': {
      const part = readQuoted(text, at + 1, '"', unescapeSh);
      return part && hasExpansion(text.slice(at + 1, part.end)) ? { value: undefined, end: part.end } : part;
    }
    case "\\":
      return { value: text[at + 1] === "\n" ? "" : (text[at + 1] ?? "\\"), end: at + 2 };
    default:
      return (
        takeRun(PLAIN, text, at) ?? { value: isShellSpecial(text, at, char) ? undefined : char, end: at + 1 }
      );
  }
}

function readSingleQuoted(text: string, start: number): Part {
  const end = text.indexOf("'", start);
  return end < 0 ? undefined : { value: text.slice(start, end), end: end + 1 };
}

/** @param replaced gives what a backslash and the character after it stand for */
function readQuoted(text: string, start: number, quote: string, replaced: (next: string) => string): Part {
  const parts: string[] = [];
  for (let at = start; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === quote) return { value: parts.join(""), end: at + 1 };
    if (char === "\\" && at + 1 < text.length) parts.push(replaced(text.charAt(++at)));
    else parts.push(char);
  }
  return undefined;
}

/** Between double quotes of sh and systemd. */
function unescapeSh(next: string): string {
  if (next === "\n") return "";
  return /["\\`$]/.test(next) ? next : `\\${next}`;
}

function takeRun(
  pattern: RegExp,
  text: string,
  at: number,
): { readonly value: string; readonly end: number } | undefined {
  pattern.lastIndex = at;
  const value = pattern.exec(text)?.[0];
  return value === undefined ? undefined : { value, end: at + value.length };
}

function hasExpansion(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === "\\") at++;
    else if (char === "`" || (char === "$" && isShellSpecial(text, at, char))) return true;
  }
  return false;
}

/** A $ that no name, brace or the like follows stands for itself. */
function isShellSpecial(text: string, at: number, char: string): boolean {
  return char === "$" ? /[\w{([@*#?!$'"-]/.test(text.charAt(at + 1)) : SHELL_SPECIAL.test(char);
}

/**
 * parse_env_file_internal() in https://github.com/systemd/systemd/blob/main/src/basic/env-file.c
 */
function readSystemd(text: string, start: number): Reading {
  const parts: string[] = [];
  let at = skipBlank(text, start);
  // Quotes count at the beginning, and again after quotes.
  for (let quote = text.charAt(at); quote === "'" || quote === '"'; quote = text.charAt(at)) {
    const part = quote === "'" ? readSingleQuoted(text, at + 1) : readQuoted(text, at + 1, quote, unescapeSh);
    if (part === undefined) return UNCLOSED;
    parts.push(part.value ?? "");
    at = skipBlank(text, part.end);
  }
  const bare = readSystemdBare(text, at);
  return { value: parts.join("") + bare.value, end: bare.end };
}

function readSystemdBare(text: string, start: number): { readonly value: string; readonly end: number } {
  const parts: string[] = [];
  let at = start;
  while (at < text.length && text[at] !== "\n") {
    const run = takeRun(UNTIL_ESCAPE, text, at);
    if (run === undefined) {
      parts.push(text[at + 1] === "\n" ? "" : text.charAt(at + 1));
      at += 2;
    } else {
      // Blanks at the end go, unless they are escaped.
      const isLast = run.end >= text.length || text[run.end] === "\n";
      parts.push(isLast ? trimBlanks(run.value) : run.value);
      at = run.end;
    }
  }
  return { value: parts.join(""), end: Math.min(at, text.length) };
}

function trimBlanks(text: string): string {
  let end = text.length;
  while (text[end - 1] === " " || text[end - 1] === "\t") end--;
  return text.slice(0, end);
}

/** extractVarValue() in https://github.com/compose-spec/compose-go/blob/main/dotenv/parser.go */
function readCompose(text: string, start: number): Reading {
  const at = skipBlank(text, start);
  const quote = text.charAt(at);
  if (quote !== "'" && quote !== '"') {
    const end = findLineEnd(text, at);
    const line = text.slice(at, end);
    const comment = line.indexOf(" #");
    const value = (comment < 0 ? line : line.slice(0, comment)).trimEnd();
    return { value: isReplaced(value) ? undefined : value, end };
  }
  const part = readQuoted(text, at + 1, quote, (next) => (next === quote ? quote : `\\${next}`));
  if (part === undefined) return UNCLOSED;
  const isAlone = /^\s*(?:#.*)?$/.test(text.slice(part.end, findLineEnd(text, part.end)));
  if (!isAlone || part.value === undefined) return { value: undefined, end: part.end };
  if (quote === "'") return { value: part.value, end: part.end };
  // \$ is a $ that is not replaced.
  const value = unescapeCompose(part.value);
  return {
    value: isReplaced(value.replaceAll("\\$", "")) ? undefined : value.replaceAll("\\$", "$"),
    end: part.end,
  };
}

const COMPOSE_ESCAPES = new Map([
  ["a", "\x07"],
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ["v", "\v"],
  ['"', '"'],
  ["\\", "\\"],
]);

/**
 * Octal escapes are left as they are: they occur in no file that anybody writes, and sh and systemd
 * differ then.
 */
function unescapeCompose(text: string): string {
  return text.replace(/\\([abfnrtv"\\])/g, (_, char: string) => COMPOSE_ESCAPES.get(char) ?? "");
}

/** Compose puts variables in for $NAME and ${NAME}, and one $ for two. */
function isReplaced(text: string): boolean {
  return /\$[A-Za-z_{$]/.test(text);
}

export function skipBlank(text: string, start: number): number {
  let at = start;
  while (text[at] === " " || text[at] === "\t") at++;
  return at;
}

export function findLineEnd(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  return end < 0 ? text.length : end;
}
