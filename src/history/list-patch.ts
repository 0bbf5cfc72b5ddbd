// Differences of lists, so that an entry says only what is new in a long one.

/**
 * How a list becomes another: how many elements stay, how many go (below zero), and which come, in
 * order.
 */
export type ListPatch<T> = readonly (number | readonly T[])[];

/** Thrown for a patch that is none of the list that it is applied to. */
export class PatchMismatch extends Error {
  override name = "PatchMismatch";
}

/**
 * Compares two lists. Elements are the same where their JSON is.
 *
 * @param keyOf what the lists are mostly in ascending order of; any order gives a right patch
 * @returns undefined where the lists are the same
 */
export function diffLists<T>(
  before: readonly T[],
  after: readonly T[],
  keyOf: (element: T) => string,
): ListPatch<T> | undefined {
  const [old, now] = [before, after].map((list) => list.map((element) => JSON.stringify(element))) as [
    string[],
    string[],
  ];
  if (old.length === now.length && old.every((text, at) => text === now[at])) return undefined;
  const patch: (number | T[])[] = [];
  const count = (by: 1 | -1) => {
    const last = patch.at(-1);
    if (typeof last === "number" && Math.sign(last) === by) patch[patch.length - 1] = last + by;
    else patch.push(by);
  };
  let at = 0;
  for (const [place, element] of after.entries()) {
    while (at < before.length && old[at] !== now[place] && keyOf(before[at] as T) <= keyOf(element)) {
      count(-1);
      at++;
    }
    if (at < before.length && old[at] === now[place]) {
      count(1);
      at++;
      continue;
    }
    const last = patch.at(-1);
    if (typeof last === "object") last.push(element);
    else patch.push([element]);
  }
  if (at < before.length) patch.push(at - before.length);
  return patch;
}

/** Makes the list that a patch leads to. @throws PatchMismatch */
export function applyPatch<T>(before: readonly T[], patch: ListPatch<T> | undefined): readonly T[] {
  if (patch === undefined) return before;
  const after: T[] = [];
  let at = 0;
  for (const step of patch) {
    if (typeof step === "object") for (const element of step) after.push(element);
    else {
      const end = at + Math.abs(step);
      if (end > before.length) throw new PatchMismatch("a list is shorter than its patch says");
      if (step > 0) for (let from = at; from < end; from++) after.push(before[from] as T);
      at = end;
    }
  }
  if (at !== before.length) throw new PatchMismatch("a list is longer than its patch says");
  return after;
}
