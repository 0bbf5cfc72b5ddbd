// Version order: what in a value is its version, what its variant, and which of two versions is
// newer.
import {
  comparePackageVersions,
  findPackageVersion,
  type PackageVersion,
  type Packaging,
  parsePackageVersion,
} from "./package-version.ts";
import { isHash, type Part, RANKS, type Scan, scanVersion } from "./version-syntax.ts";

/** A value in two parts. */
export interface Versioned {
  /**
   * The value without its version: `A_red` of `A_red_1.9`, `libfoo.so` of `libfoo-1.2.3.so`; the
   * whole value where there is no version.
   */
  readonly variant: string;
  /** `1.9` of `A_red_1.9`; "" where the value holds no version. */
  readonly version: string;
}

/** Longer values are names or text, not versions; characters. */
const MAX_VERSION_LENGTH = 512;

/**
 * Where a version may begin: at the beginning or after punctuation, with a `v` in front or without.
 * A UUID is passed over whole.
 */
const BEGINNING =
  /(?<![0-9A-Za-z])(?:(?<uuid>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9a-z]))|v?(?=\d))/gi;

/** The digest of an image, beside its tag. */
const DIGEST = /@sha\d{3}:[0-9a-f]{7,128}$/i;

const WORD = /[0-9a-z]+/iy;

/**
 * Splits a value. Of several numbers that could be its version, it is the one with the most parts,
 * and of these the last: `1.9` of `gpu_2_1.9`, `1.10` of `linux-64-app_1.10`. What is recognisably
 * a package's version counts before all others. A hash is no version.
 */
export function splitVersion(value: string): Versioned {
  const none = { variant: value, version: "" };
  if (value.length > MAX_VERSION_LENGTH) return none;
  const text = value.replace(DIGEST, "");
  const packaged = findPackageVersion(text);
  if (packaged) return cutOut(text, packaged.start, packaged.start, packaged.end);
  const underscore = text.indexOf("_");
  let best: (Candidate & { readonly beginning: number; readonly start: number }) | undefined;
  BEGINNING.lastIndex = 0;
  for (let match = BEGINNING.exec(text); match; match = BEGINNING.exec(text)) {
    const start = match.index + match[0].length;
    const found =
      match.groups?.uuid === undefined
        ? findVersion(text, start, underscore >= 0 && underscore < start)
        : undefined;
    BEGINNING.lastIndex = found?.end ?? start + 1;
    if (found && (!best || found.parts >= best.parts)) best = { ...found, beginning: match.index, start };
  }
  if (!best) return none;
  return cutOut(text, best.beginning, best.start, best.end);
}

function cutOut(text: string, beginning: number, start: number, end: number): Versioned {
  const before = text.slice(0, beginning).replace(/[\s_./:@=~-]+$/, "");
  return { variant: before + text.slice(end), version: text.slice(start, end) };
}

interface Candidate {
  readonly end: number;
  /** How many numbers stand in it before any word. */
  readonly parts: number;
}

/** Finds the version that begins here; after it come no letters or digits. */
function findVersion(text: string, start: number, isNamed: boolean): Candidate | undefined {
  if (isHashAt(text, start)) return undefined;
  const scan = scanVersion(text, start, isNamed);
  if (!scan) return undefined;
  const { numbers, numbersEnd, tail } = scan;
  const stop = scan.stops.findLast(({ end }) => isEnd(text, end));
  if (stop) return { end: stop.end, parts: numbers.length + countNumbers(tail.slice(0, stop.tail)) };
  if (isEnd(text, numbersEnd)) return { end: numbersEnd, parts: numbers.length };
  // `1.2.3x`: the last number belongs to a word.
  const lastDot = text.lastIndexOf(".", numbersEnd);
  return numbers.length > 2 && lastDot > start ? { end: lastDot, parts: numbers.length - 1 } : undefined;
}

/**
 * Whether the word that begins here is a hash, or begins with a number as long as one and no dot
 * after it.
 */
function isHashAt(text: string, start: number): boolean {
  WORD.lastIndex = start;
  const word = WORD.exec(text)?.[0] ?? "";
  if (!/^\d+$/.test(word)) return isHash(word) || isHash(/^\d+/.exec(word)?.[0] ?? "");
  return isHash(word) && !/^\.\d/.test(text.slice(start + word.length, start + word.length + 2));
}

function isEnd(text: string, at: number): boolean {
  return !/[0-9A-Za-z]/.test(text.charAt(at));
}

function countNumbers(tail: Scan["tail"]): number {
  const other = tail.findIndex(({ rank }) => rank !== RANKS.number);
  return other < 0 ? tail.length : other;
}

/** A version that was read for comparing. */
export interface ParsedVersion {
  readonly numbers: readonly string[];
  readonly tail: readonly Part[];
  /** Its parts, were it a package's. */
  readonly package: PackageVersion;
  /** Whose package it recognisably is; undefined where it is not. */
  readonly packaging: Packaging | undefined;
  /** Whether it could be a package's, as it ends in a revision. */
  readonly hasRevision: boolean;
}

const REVISION = /-\d[0-9A-Za-z.+~]*$/;

/** Reads a version as splitVersion gives it. */
export function parseVersion(version: string): ParsedVersion {
  const packaging = findPackageVersion(version)?.packaging;
  const start = packaging ? (/^\d+:/.exec(version)?.[0].length ?? 0) : 0;
  const { numbers = [], tail = [] } = scanVersion(version, start, false) ?? {};
  const length = numbers.findLastIndex((number) => number !== "") + 1;
  return {
    numbers: numbers.slice(0, length),
    tail,
    package: parsePackageVersion(version),
    packaging,
    hasRevision: REVISION.test(version),
  };
}

/**
 * Whose order a group of versions has: that of packages where no more of them are certainly none
 * than are recognisably one. A version that could be either (`1.2.3-1`) goes with the others.
 */
export function findPackaging(group: Iterable<ParsedVersion>): Packaging | undefined {
  let common: Packaging | undefined;
  let lead = 0;
  for (const { packaging, hasRevision } of group) {
    common = joinPackaging(common, packaging);
    if (packaging) lead++;
    else if (!hasRevision) lead--;
  }
  return lead >= 0 ? common : undefined;
}

/** Of two groups of versions, whose order they have in common. */
export function joinPackaging(a: Packaging | undefined, b: Packaging | undefined): Packaging | undefined {
  return a === "rpm" || b === "rpm" ? "rpm" : (a ?? b);
}

/**
 * In a pre-release its end comes before what follows, and numbers before words (semver.org, item
 * 11).
 */
const END_OF_PRERELEASE = -7;
const NUMBER_IN_PRERELEASE = -6;
const RELEASED = 0;

/**
 * Compares two versions of a group. In a group of packages all are compared as rpm or dpkg does:
 * `1.2.3-1` beside `1.2.3-1~deb12u1` is a package's too, and one order for all of a group has no
 * circles. Otherwise they are compared part by part: numbers as numbers (1.10 after 1.9), a missing
 * one as 0 (1.2 equals 1.2.0), pre-releases before the release, patches after it.
 *
 * @param packaging findPackaging of the whole group
 * @returns below 0 if the first is older, 0 if neither is newer
 */
export function compareVersions(
  a: ParsedVersion,
  b: ParsedVersion,
  packaging: Packaging | undefined,
): number {
  if (packaging) return comparePackageVersions(a.package, b.package, packaging);
  for (let at = 0; at < Math.max(a.numbers.length, b.numbers.length); at++) {
    const order = compareDigits(a.numbers[at] ?? "", b.numbers[at] ?? "");
    if (order !== 0) return order;
  }
  let isPrerelease = false;
  for (let at = 0; at < Math.max(a.tail.length, b.tail.length); at++) {
    const [one, other] = [a.tail[at], b.tail[at]];
    const order =
      rankPart(one, isPrerelease) - rankPart(other, isPrerelease) ||
      compareDigits(one?.digits ?? "", other?.digits ?? "");
    if (order !== 0) return order;
    isPrerelease ||= one !== undefined && one.rank < RELEASED;
  }
  return 0;
}

function rankPart(part: Part | undefined, isPrerelease: boolean): number {
  if (!part) return isPrerelease ? END_OF_PRERELEASE : RELEASED;
  return isPrerelease && part.rank === RANKS.number ? NUMBER_IN_PRERELEASE : part.rank;
}

function compareDigits(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a === b ? 0 : a < b ? -1 : 1;
}

/**
 * Names in the order that people expect, whatever the machine's language; of long ones by their
 * beginnings, since each comparison reads all that they share.
 */
const NAMES = new Intl.Collator("en", { numeric: true });
const MAX_COLLATED = 128;

/** Compares names, such as variants; different ones are never equal. */
export function compareNames(a: string, b: string): number {
  return NAMES.compare(a.slice(0, MAX_COLLATED), b.slice(0, MAX_COLLATED)) || (a === b ? 0 : a < b ? -1 : 1);
}
