// Which elements of an array are which of the same array a report later: their places say little.
import { OPEN_BRACE } from "../report/ascii.ts";
import { compareBytes, firstByte, type JsonValue, listMembers } from "./json-value.ts";

/** An element before and after, and its place: after, or before where it is gone. */
type Pair = readonly [before: JsonValue | undefined, after: JsonValue | undefined, place: number];

/** Elements on either side that are compared with each other; more are paired by their order. */
const MAX_COMPARED = 64;

/** Members that say which element it is, where it has one; they count for more than others. */
const NAMING = new Set(["name", "id", "key", "path", "conf", "file"]);
const NAMING_WEIGHT = 4;

/** An element that has no equal, and its place. */
interface Single {
  readonly value: JsonValue;
  readonly place: number;
}

/**
 * Pairs elements of two arrays: first those that are the same, wherever they stand; then objects
 * that have most in common; then the others in their order. Those that are the same are left out.
 */
export function pairElements(before: readonly JsonValue[], after: readonly JsonValue[]): Pair[] {
  const [olds, nows] = dropSame(before, after);
  const pairs: Pair[] = [];
  for (const [old, now] of matchAlike(olds, nows)) {
    pairs.push([old.value, now.value, now.place]);
    olds.splice(olds.indexOf(old), 1);
    nows.splice(nows.indexOf(now), 1);
  }
  const shared = Math.min(olds.length, nows.length);
  for (let at = 0; at < shared; at++) {
    const [old, now] = [olds[at] as Single, nows[at] as Single];
    pairs.push([old.value, now.value, now.place]);
  }
  for (const { value, place } of olds.slice(shared)) pairs.push([value, undefined, place]);
  for (const { value, place } of nows.slice(shared)) pairs.push([undefined, value, place]);
  return pairs.sort((a, b) => a[2] - b[2]);
}

/**
 * Both are put in order of their bytes: a table of texts that hosts choose could be made slow by
 * them.
 */
function dropSame(before: readonly JsonValue[], after: readonly JsonValue[]): [Single[], Single[]] {
  const [olds, nows] = [before, after].map((values) =>
    values.map((value, place) => ({ value, place })).sort((a, b) => compareBytes(a.value, b.value)),
  ) as [Single[], Single[]];
  const singles: [Single[], Single[]] = [[], []];
  let [at, other] = [0, 0];
  while (at < olds.length || other < nows.length) {
    const [old, now] = [olds[at], nows[other]];
    const order = old && now ? compareBytes(old.value, now.value) : old ? -1 : 1;
    if (order <= 0) at++;
    if (order >= 0) other++;
    if (order < 0 && old) singles[0].push(old);
    if (order > 0 && now) singles[1].push(now);
  }
  for (const side of singles) side.sort((a, b) => a.place - b.place);
  return singles;
}

/** Objects with members in common: those with most first. */
function matchAlike(olds: readonly Single[], nows: readonly Single[]): [Single, Single][] {
  if (olds.length > MAX_COMPARED || nows.length > MAX_COMPARED) return [];
  const members = new Map([...olds, ...nows].map((single) => [single, readMembers(single.value)]));
  const scored: { readonly old: Single; readonly now: Single; readonly score: number }[] = [];
  for (const old of olds) {
    for (const now of nows) {
      const score = scoreAlike(members.get(old), members.get(now));
      if (score > 0) scored.push({ old, now, score });
    }
  }
  scored.sort(
    (a, b) =>
      b.score - a.score ||
      Math.abs(a.old.place - a.now.place) - Math.abs(b.old.place - b.now.place) ||
      a.now.place - b.now.place,
  );
  const taken = new Set<Single>();
  return scored.flatMap(({ old, now }): [Single, Single][] => {
    if (taken.has(old) || taken.has(now)) return [];
    taken.add(old).add(now);
    return [[old, now]];
  });
}

/** Members that are looked at of each. */
const MAX_MEMBERS = 64;

function readMembers(value: JsonValue): ReadonlyMap<string, JsonValue> | undefined {
  return firstByte(value) === OPEN_BRACE ? listMembers(value, MAX_MEMBERS) : undefined;
}

function scoreAlike(one?: ReadonlyMap<string, JsonValue>, other?: ReadonlyMap<string, JsonValue>): number {
  let score = 0;
  for (const [key, value] of one ?? []) {
    const theirs = other?.get(key);
    if (theirs && compareBytes(value, theirs) === 0) score += NAMING.has(key) ? NAMING_WEIGHT : 1;
  }
  return score;
}
