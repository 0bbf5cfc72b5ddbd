// Version syntax: reads a version token by token, in one pass: its numbers, and what follows them,
// as parts that can be compared.

/** What follows the numbers of a version, one step of a comparison each. */
export interface Part {
  readonly rank: number;
  /** Decimal digits without zeros in front; a letter of the rank LETTER. */
  readonly digits: string;
}

/** Ranks: what is before the release, the release itself (0), what is after it. */
export const RANKS = {
  /** After Debian's `~`, and Go's pseudo-versions: before everything. */
  earliest: -9,
  dev: -8,
  alpha: -5,
  beta: -4,
  preview: -3,
  candidate: -2,
  number: 1,
  after: 2,
  /** A letter without a number: OpenSSL's 1.0.2k. */
  letter: 3,
} as const;

const RELEASED = 0;

/** How ripe a version is by a word after its numbers. */
const WORDS: Readonly<Record<string, number>> = {
  dev: RANKS.dev,
  snapshot: RANKS.dev,
  nightly: RANKS.dev,
  canary: RANKS.dev,
  next: RANKS.dev,
  insiders: RANKS.dev,
  unstable: RANKS.dev,
  experimental: RANKS.dev,
  alpha: RANKS.alpha,
  beta: RANKS.beta,
  milestone: RANKS.preview,
  preview: RANKS.preview,
  pre: RANKS.preview,
  eap: RANKS.preview,
  ea: RANKS.preview,
  rc: RANKS.candidate,
  cr: RANKS.candidate,
  release: RELEASED,
  final: RELEASED,
  stable: RELEASED,
  ga: RELEASED,
  lts: RELEASED,
  post: RANKS.after,
  patch: RANKS.after,
  hotfix: RANKS.after,
  update: RANKS.after,
  sp: RANKS.after,
  sr: RANKS.after,
  rev: RANKS.after,
  build: RANKS.after,
  git: RANKS.after,
  svn: RANKS.after,
  eks: RANKS.after,
  gke: RANKS.after,
};

/** Letters that stand for words where a number follows. */
const LETTERS: Readonly<Record<string, number>> = {
  a: RANKS.alpha,
  b: RANKS.beta,
  c: RANKS.candidate,
  m: RANKS.preview,
  p: RANKS.after,
  r: RANKS.after,
  u: RANKS.after,
};

/**
 * Where in a version the reader is: after its one number, its several, a number further on, a word,
 * a hash.
 */
type Place = "one number" | "numbers" | "revision" | "word" | "hash";

const DATE = /(\d{4})-(\d{2})-(\d{2})(?!\d)/y;
const TIME = /T(\d{2})[:-]?(\d{2})(?:[:-]?(\d{2}))?Z?/iy;
const DIGITS = /\d+(?:\.\d+)*/y;
/** Numbers between underscores, as names of files and tags have them: `1_10_0`, `REL_15_2_1`. */
const UNDERSCORED = /\d{1,6}(?:_\d{1,6})+(?![0-9A-Za-z]|\.\d|_\d)/y;

/**
 * Go's pseudo-version, after the revision that it is based on: `-20191109021931-daa7c04131f5`,
 * `-0.2019…` (go.dev/ref/mod).
 */
const PSEUDO = /[-.](?:0\.)?(\d{14})-[0-9a-f]{12}(?![0-9a-z])/iy;
/**
 * A commit: git describe's `-14-g1a2b3c4` (of four digits or more, git-config(1) on core.abbrev),
 * or seven or more hexadecimal digits with a letter among them. It says nothing of the order.
 */
const COMMIT =
  /[-._](?:g[0-9a-f]{7,40}|(?<=-\d{1,6}-)g[0-9a-f]{4,6}|(?=\d*[a-f])(?=[a-f]*\d)[0-9a-f]{7,40})(?:-dirty)?(?![0-9a-z])/iy;
const WORD = new RegExp(`([-_.~ ]?)(${Object.keys(WORDS).join("|")})(?![a-z])`, "iy");
/** A word of a Debian or Ubuntu revision: `-6ubuntu14.4`, `+deb12u3`. */
const DISTRIBUTIONS = "(?:ubuntu|deb|dfsg|ds|bpo|esm|nmu)(?![a-z])";
const DISTRIBUTION = new RegExp(`(?:[+~]|(?<=\\d))${DISTRIBUTIONS}`, "iy");
const LETTER = /(-(?=[bmpr])|_(?=p)|)([abcmpru])(?=\d)/iy;
const LONE_LETTER = /[a-z](?![0-9a-z])/iy;
/** Java's `1.8.0_392`. */
const UPDATE = /_(\d+)(?![0-9a-z])/iy;
/** What follows a `+` says nothing of the order (semver.org, item 10). */
const METADATA = new RegExp(`\\+(?!${DISTRIBUTIONS})[0-9a-z.-]+`, "iy");

/** By place: a number that follows. */
const NUMBERS: Readonly<Record<Place, RegExp | undefined>> = {
  "one number": undefined,
  numbers: /([-~])(\d+)/y,
  revision: /([-.~])(\d+)/y,
  word: /([-_. ]?)(\d+)/y,
  hash: undefined,
};

interface Token {
  readonly end: number;
  readonly place: Place;
  readonly parts: readonly Part[];
}

/** What was read. */
export interface Scan {
  readonly numbers: readonly string[];
  readonly tail: readonly Part[];
  /**
   * Where the numbers end; for each token after them, where it ends, and how much of the tail was
   * read by then.
   */
  readonly numbersEnd: number;
  readonly stops: readonly { readonly end: number; readonly tail: number }[];
}

/**
 * Reads a version that begins with a digit. Each byte is looked at by a fixed number of patterns,
 * whatever the text is.
 *
 * @param isNamed whether underscores stand before it, in a name: then one after it separates names
 *   too, and does not belong to it
 */
export function scanVersion(text: string, start: number, isNamed: boolean): Scan | undefined {
  const date = match(DATE, text, start);
  const underscored = date ? null : matchUnderscored(text, start);
  const digits = date ?? underscored ?? match(DIGITS, text, start);
  if (!digits) return undefined;
  let end = start + digits[0].length;
  const time = date && match(TIME, text, end);
  if (time) end += time[0].length;
  const numbers = date
    ? [...date.slice(1), ...(time?.slice(1) ?? [])]
    : digits[0].split(underscored ? "_" : ".");
  const numbersEnd = end;
  const tail: Part[] = [];
  const stops: { end: number; tail: number }[] = [];
  let place: Place = date ? "revision" : numbers.length > 1 ? "numbers" : "one number";
  for (;;) {
    const token = readToken(text, { end, place, isNamed, count: numbers.length, tail });
    if (!token) break;
    ({ end, place } = token);
    tail.push(...token.parts);
    stops.push({ end, tail: tail.length });
  }
  return {
    numbers: numbers.filter((number) => number !== undefined).map(trimZeros),
    tail,
    numbersEnd,
    stops,
  };
}

/**
 * In a name, `gpu_2_9` is more likely the ninth of `gpu_2`; three numbers are a version, and two
 * where nothing else stands before them.
 */
function matchUnderscored(text: string, start: number): RegExpExecArray | null {
  const found = match(UNDERSCORED, text, start);
  const isAlone = start === 0 || /^v$/i.test(text.slice(0, start));
  return found && (isAlone || found[0].split("_").length > 2) ? found : null;
}

interface State {
  readonly end: number;
  readonly place: Place;
  readonly isNamed: boolean;
  /** Of the numbers that the version begins with. */
  readonly count: number;
  readonly tail: readonly Part[];
}

function readToken(text: string, state: State): Token | undefined {
  return (
    readCommit(text, state) ?? readWord(text, state) ?? readLetter(text, state) ?? readNumber(text, state)
  );
}

function readCommit(text: string, { end, place, isNamed, tail }: State): Token | undefined {
  const pseudo = place === "one number" ? null : match(PSEUDO, text, end);
  if (pseudo) {
    const isPrerelease = tail.some(({ rank }) => rank < RELEASED);
    const parts = [...(isPrerelease ? [] : [makePart(RANKS.earliest)]), makePart(RANKS.number, pseudo[1])];
    return { end: end + pseudo[0].length, place: "hash", parts };
  }
  const silent = match(METADATA, text, end) ?? match(COMMIT, text, end);
  if (!silent || (isNamed && silent[0].startsWith("_"))) return undefined;
  return { end: end + silent[0].length, place: "hash", parts: [] };
}

function readWord(text: string, { end, place, isNamed }: State): Token | undefined {
  const word = match(WORD, text, end);
  if (word) {
    const [whole, separator = "", name = ""] = word;
    const rank = WORDS[name.toLowerCase()] ?? RANKS.after;
    // `A_1.10_rc1` is a candidate all the same; `gpu_2_build` is a name.
    if (separator === "_" && isNamed && (place === "one number" || rank > RELEASED)) return undefined;
    const parts = rank === RELEASED ? [] : [makePart(rank)];
    if (separator === "~" && rank >= RELEASED) parts.unshift(makePart(RANKS.earliest));
    return { end: end + whole.length, place: "word", parts };
  }
  const distribution = place === "one number" ? null : match(DISTRIBUTION, text, end);
  if (!distribution) return undefined;
  const parts = [makePart(RANKS.after)];
  if (distribution[0].startsWith("~")) parts.unshift(makePart(RANKS.earliest));
  return { end: end + distribution[0].length, place: "word", parts };
}

function readLetter(text: string, { end, place, isNamed, tail }: State): Token | undefined {
  const letter = match(LETTER, text, end);
  if (letter) {
    const [whole, separator = "", name = ""] = letter;
    if (separator !== "" && (place === "one number" || (separator === "_" && isNamed))) return undefined;
    // After an update or a revision a `b` is a build: `1.8.0_392-b08`.
    const isBuild = /b/i.test(name) && tail.length > 0;
    const rank = isBuild ? RANKS.after : (LETTERS[name.toLowerCase()] ?? RANKS.after);
    return { end: end + whole.length, place: "word", parts: [makePart(rank)] };
  }
  const lone = place === "numbers" && tail.length === 0 ? match(LONE_LETTER, text, end) : null;
  return lone
    ? { end: end + 1, place, parts: [{ rank: RANKS.letter, digits: lone[0].toLowerCase() }] }
    : undefined;
}

function readNumber(text: string, { end, place, isNamed, count, tail }: State): Token | undefined {
  const isUpdate = place === "numbers" && count > 2 && tail.length === 0 && !isNamed;
  const update = isUpdate ? match(UPDATE, text, end) : null;
  if (update)
    return { end: end + update[0].length, place: "revision", parts: [makePart(RANKS.number, update[1])] };
  const pattern = NUMBERS[place];
  const number = pattern && match(pattern, text, end);
  if (!number) return undefined;
  const [whole, separator = "", digits = ""] = number;
  if (separator === "_" && isNamed) return undefined;
  const next = end + whole.length;
  if (separator === "-" && place !== "word" && isHash(digits)) return { end: next, place: "hash", parts: [] };
  const parts = [makePart(RANKS.number, digits)];
  if (separator === "~") parts.unshift(makePart(RANKS.earliest));
  return { end: next, place: "revision", parts };
}

function makePart(rank: number, digits = ""): Part {
  return { rank, digits: trimZeros(digits) };
}

/**
 * Numbers are compared as digits, since those of builds and dates may be longer than what a number
 * holds exactly.
 */
function trimZeros(digits: string): string {
  return digits.replace(/^0+/, "");
}

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/** Git and others shorten a hash to seven digits at least. */
const HASH = /^[0-9a-f]{7,}$/i;
/** yyyymmdd, and hours, minutes, seconds, milliseconds, or a number of the day after it. */
const COMPACT_DATE = /^(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:\d{2}|\d{4}|\d{6}|\d{9})?$/;

/**
 * Whether a word without dots is more likely a hash than a version: seven or more hexadecimal
 * digits that read as no date.
 */
export function isHash(word: string): boolean {
  return HASH.test(word) && !COMPACT_DATE.test(word);
}
