// Package versions: which part of a value is the version of an RPM or Debian package, and their
// order, as rpm and dpkg have it.

/** Whose order a package's versions have: that of rpm, or of dpkg. */
export type Packaging = "rpm" | "debian";

/** Where in a value a package's version lies; the end is exclusive. */
export interface FoundPackage {
  readonly start: number;
  readonly end: number;
  readonly packaging: Packaging;
}

/**
 * A version in its parts: `[epoch:]upstream[-revision]`. RPM calls the last two version and
 * release.
 */
export interface PackageVersion {
  /** Digits without zeros in front; "" for 0. */
  readonly epoch: string;
  readonly upstream: string;
  readonly revision: string;
}

/** All that a package's version, name and architecture may be written with. */
const TOKEN = /[0-9A-Za-z.+~^:_-]+/g;

/**
 * The distribution in an RPM's release: `.el9_2`, `.amzn2023`, `.fc39`, `.module+el8.9.0`,
 * `.module_el8.9.0`; its kin write `.mga9`, `.azl3`, `.cm2`.
 */
const DISTRIBUTION = /[.+_](?:el|fc|amzn|rhel|mga|azl|cm|lp)\d+(?![a-z])/;
const RPM_SUFFIX =
  /(?:\.(?:x86_64|aarch64|noarch|i[3-6]86|ppc64le|ppc64|s390x|armv7hl|armhfp|riscv64|amd64|arm64|src|nosrc))?(?:\.rpm)?$/;

/**
 * What only Debian and those that build on it write: `+deb12u1`, `-0ubuntu1`, `-1+b1`, `+dfsg`,
 * `-1~20.04.1`, `4.0.0+~4.0.1-1`, `~git2019-1`, `20230311-1`.
 */
const REVISION =
  /[+~]deb\d+u\d|[\d+~]ubuntu\d|-\d[\w.~]*\+b\d+$|\d\+~(?:cs)?\d[\w.~+]*-\d|^(?:\d:)?(?:19|20)\d{6}-\d{1,2}(?:\.\d+)*$|~(?:git|svn|hg|bzr|rc|alpha|beta|pre)[\w.+~]*-\d|[\d.+~-]dfsg|[+~]ds(?:\d|-|$)|\+nmu\d|[+~]bpo\d|\+rp[it]\d|[+~]really\d|-[\d.]+build\d+$|-\d[\d.]*~[0-9a-z]/;

/** An epoch, and what makes it more than a time or two ports. */
const EPOCH = /^\d{1,2}:\d[0-9A-Za-z]*[.+~-][0-9A-Za-z.+~^_-]*$/;

/**
 * The version in a token that may begin with a name: after an epoch, or from the first digit after
 * one of these.
 */
const AFTER_NAME = /^(?:.*?[:_])??(?=(?:\d{1,9}:)?\d)/;

/**
 * Finds a version that is recognisably a package's: by its epoch, its distribution, or a revision
 * as Debian's.
 */
export function findPackageVersion(text: string): FoundPackage | undefined {
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    const found = findRpm(token) ?? findDebian(token) ?? findEpoch(token, text.charAt(index - 1));
    if (found) return { start: index + found.start, end: index + found.end, packaging: found.packaging };
  }
  return undefined;
}

/** Of `name-version-release.arch.rpm`; a release may stand alone. */
function findRpm(token: string): FoundPackage | undefined {
  const end = token.length - (RPM_SUFFIX.exec(token)?.[0].length ?? 0);
  const release = token.lastIndexOf("-", end - 1) + 1;
  if (!DISTRIBUTION.test(token.slice(release, end)) || !/\d/.test(token.charAt(release))) return undefined;
  const version = release < 2 ? 0 : token.lastIndexOf("-", release - 2) + 1;
  const name = AFTER_NAME.exec(token.slice(version, end))?.[0];
  return {
    start: name === undefined || release === 0 ? release : version + name.length,
    end,
    packaging: "rpm",
  };
}

/**
 * Of `version`, `name_version_arch.deb`, `name:version`, `name-version`; only where no name stands
 * before it may the version hold dashes.
 */
function findDebian(token: string): FoundPackage | undefined {
  let at = 0;
  for (const part of token.split("_")) {
    const start = findStart(part);
    const version = part.slice(start);
    const isDebian = REVISION.test(version) || (at > 0 && EPOCH.test(version));
    if (start !== undefined && isDebian && /^(?:\d{1,9}:)?[^:^]*$/.test(version))
      return { start: at + start, end: at + part.length, packaging: "debian" };
    at += part.length + 1;
  }
  return undefined;
}

function findStart(part: string): number | undefined {
  if (/^\d/.test(part)) return 0;
  const colon = part.lastIndexOf(":") + 1;
  const fields = part.slice(colon).split("-");
  const named = fields.slice(-2).findIndex((field) => /^\d/.test(field));
  if (named < 0) return undefined;
  const kept = fields.slice(named - Math.min(2, fields.length)).join("-");
  const epoch = colon > 0 ? /\d{1,9}:$/.exec(part.slice(0, colon).replace(/^.*-/, ""))?.[0] : undefined;
  const start = part.length - kept.length;
  return epoch !== undefined && start === colon ? start - epoch.length : start;
}

function findEpoch(token: string, before: string): FoundPackage | undefined {
  return EPOCH.test(token) && before !== "/"
    ? { start: 0, end: token.length, packaging: "debian" }
    : undefined;
}

/**
 * Reads a version as rpm and dpkg do: what stands before a colon is the epoch, what follows the
 * last dash the revision.
 */
export function parsePackageVersion(version: string): PackageVersion {
  const [epoch = ""] = /^\d+:/.exec(version) ?? [];
  const rest = version.slice(epoch.length);
  const dash = rest.lastIndexOf("-");
  return {
    epoch: epoch.slice(0, -1).replace(/^0+/, ""),
    upstream: dash < 0 ? rest : rest.slice(0, dash),
    revision: dash < 0 ? "" : rest.slice(dash + 1),
  };
}

/** @returns below 0 if the first is older, 0 if neither is newer */
export function comparePackageVersions(a: PackageVersion, b: PackageVersion, packaging: Packaging): number {
  const compare = packaging === "rpm" ? compareRpm : compareDebian;
  return (
    compareDigits(a.epoch, b.epoch) || compare(a.upstream, b.upstream) || compare(a.revision, b.revision)
  );
}

/** What rpm compares at a time; all else separates, and does not count. */
const RPM_SEGMENT = /\d+|[A-Za-z]+|[~^]/g;

/**
 * Compares as rpm does (https://rpm-software-management.github.io/rpm/man/rpm-version.7): digits as
 * numbers, which come after letters, `~` before the end, `^` after the end and before all else.
 */
function compareRpm(a: string, b: string): number {
  const [ones, others] = [a.match(RPM_SEGMENT) ?? [], b.match(RPM_SEGMENT) ?? []];
  for (let at = 0; at < Math.max(ones.length, others.length); at++) {
    const [one, other] = [ones[at], others[at]];
    const order = rankSegment(one) - rankSegment(other) || compareSegments(one ?? "", other ?? "");
    if (order !== 0) return order;
  }
  return 0;
}

function rankSegment(segment: string | undefined): number {
  if (segment === undefined) return 1;
  if (segment === "~") return 0;
  if (segment === "^") return 2;
  return /^\d/.test(segment) ? 4 : 3;
}

function compareSegments(a: string, b: string): number {
  return /^\d/.test(a) ? compareDigits(a.replace(/^0+/, ""), b.replace(/^0+/, "")) : compareText(a, b);
}

/**
 * Compares as dpkg does (https://www.debian.org/doc/debian-policy/ch-controlfields.html#version):
 * in turn what is no digit, letters before all else and `~` before the end, and digits as numbers.
 */
function compareDebian(a: string, b: string): number {
  const [ones, others] = [a.split(/(\d+)/), b.split(/(\d+)/)];
  for (let at = 0; at < Math.max(ones.length, others.length); at++) {
    const [one, other] = [ones[at] ?? "", others[at] ?? ""];
    const order =
      at % 2 === 0
        ? compareCharacters(one, other)
        : compareDigits(one.replace(/^0+/, ""), other.replace(/^0+/, ""));
    if (order !== 0) return order;
  }
  return 0;
}

function compareCharacters(a: string, b: string): number {
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const order = rankCharacter(a.charAt(at)) - rankCharacter(b.charAt(at));
    if (order !== 0) return order;
  }
  return 0;
}

function rankCharacter(character: string): number {
  if (character === "") return 0;
  if (character === "~") return -1;
  return character.charCodeAt(0) + (/[A-Za-z]/.test(character) ? 0 : 256);
}

/** Numbers without zeros in front, of any length. */
function compareDigits(a: string, b: string): number {
  return a.length - b.length || compareText(a, b);
}

function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
