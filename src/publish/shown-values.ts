// Which values of a field are shown where not all of them can be. Pure.
import type { VersionCount } from "../questions/versions.ts";

/**
 * Chooses values: those of the most hosts, and of each variant among them its newest, which tells
 * what the others are behind.
 *
 * @param values of one field, the newest of each variant first
 * @param max how many, at least 1
 * @returns in the order in which they came
 */
export function selectShown<Value extends Pick<VersionCount, "variant" | "version" | "count">>(
  values: readonly Value[],
  max: number,
): readonly Value[] {
  if (values.length <= max) return values;
  const newest = new Map<string, Value>();
  for (const value of values)
    if (value.version !== "" && !newest.has(value.variant)) newest.set(value.variant, value);
  const shown = new Set<Value>();
  // A stable order: of as many hosts, the newer first.
  for (const value of [...values].sort((a, b) => b.count - a.count)) {
    const first = newest.get(value.variant);
    const more = [...new Set([value, ...(first ? [first] : [])])].filter((one) => !shown.has(one));
    // The newest before a value that it makes one too many.
    if (shown.size + more.length > max) {
      if (shown.size < max && first && !shown.has(first)) shown.add(first);
      continue;
    }
    for (const one of more) shown.add(one);
  }
  return values.filter((value) => shown.has(value));
}
