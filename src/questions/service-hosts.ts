// The hosts that a version which stands alone is a share of: those of the services that have it, as
// whether it is behind goes by them too.
import type { Segment } from "../roll/segment.ts";
import { ROW_BYTES, SHARED_YIELDER, type Yielder } from "../roll/yielder.ts";
import { EMPTY_COLUMN } from "./column.ts";
import type { FieldValues } from "./field-values.ts";
import type { HostSelection, Sources } from "./groups.ts";
import { readNamedValues } from "./named-values.ts";
import { MAX_HOST_SERVICES, OWNER_LABEL, type Owners, type SplitValue } from "./newest.ts";
import { visitRows } from "./visit-rows.ts";

/**
 * Values that are looked at for combinations of services that one host has. Hosts may claim any,
 * and what would take longer is not told.
 */
const MAX_LOOKED = 20_000_000;

/** What looking at one costs, in bytes. */
const LOOK_BYTES = 4;

/**
 * Counts, for each version that stands alone, the hosts that have any such version and are of one
 * of its services, each once.
 *
 * @returns by a value's number; undefined where that would take too long
 */
export async function countServiceHosts(
  { table, positions }: HostSelection,
  values: FieldValues,
  split: readonly SplitValue[],
  owners: Owners,
  { labels, reader, yielder = SHARED_YIELDER }: Sources,
): Promise<ReadonlyMap<number, number> | undefined> {
  const services = await readNamedValues({ scope: "any", path: [OWNER_LABEL] }, table, { labels, reader });
  const isAlone = new Uint8Array(values.count + 1);
  for (const { number, variant, version } of split) if (variant === "" && version !== "") isAlone[number] = 1;
  /** By service, hosts; and those of several services, by all of them. */
  const hosts = new Map<string, number>();
  const several = new Map<string, { readonly names: readonly string[]; count: number }>();

  let [column, owner] = [EMPTY_COLUMN, EMPTY_COLUMN];
  function open(segment: Segment): void {
    [column, owner] = [values.column(segment), services.column(segment)];
  }
  function visit(_place: number, row: number): number {
    const [start, end] = [column.starts[row] as number, column.starts[row + 1] as number];
    let index = start;
    while (index < end && isAlone[column.numbers[index] as number] === 0) index++;
    if (index === end) return ROW_BYTES + (end - start) * LOOK_BYTES;
    const first = owner.starts[row] as number;
    const last = Math.min(owner.starts[row + 1] as number, first + MAX_HOST_SERVICES);
    const names = Array.from(owner.numbers.subarray(first, last), services.text);
    for (const name of names.length === 0 ? [NO_SERVICE] : names) hosts.set(name, (hosts.get(name) ?? 0) + 1);
    if (names.length > 1) {
      const key = JSON.stringify(names);
      const known = several.get(key) ?? { names, count: 0 };
      known.count++;
      several.set(key, known);
    }
    return ROW_BYTES * (1 + names.length);
  }
  await visitRows({ table, positions }, open, visit, yielder);

  const counts = new Map<number, number>();
  for (const [number, own] of owners) {
    const wait = yielder.spend(own.length * LOOK_BYTES);
    if (wait !== undefined) await wait;
    counts.set(
      number,
      own.reduce((sum, name) => sum + (hosts.get(name) ?? 0), 0),
    );
  }
  return (await takeOnce(counts, [...several.values()], owners, yielder)) ? counts : undefined;
}

/** Stands for hosts that have none, as in Owners. */
const NO_SERVICE = "";

/** Counts hosts of several of a value's services once. @returns false where it takes too long */
async function takeOnce(
  counts: Map<number, number>,
  several: readonly { readonly names: readonly string[]; readonly count: number }[],
  owners: Owners,
  yielder: Yielder,
): Promise<boolean> {
  if (several.length === 0) return true;
  const byService = listByService(owners);
  let looked = 0;
  for (const { names, count } of several) {
    const seen = new Set<number>();
    for (const name of names) {
      const own = byService.get(name) ?? [];
      looked += own.length;
      if (looked > MAX_LOOKED) return false;
      await yielder.spend(own.length * LOOK_BYTES);
      for (const number of own) {
        if (seen.has(number)) counts.set(number, (counts.get(number) ?? 0) - count);
        seen.add(number);
      }
    }
  }
  return true;
}

/** By service, the numbers of the versions that it has. */
function listByService(owners: Owners): ReadonlyMap<string, readonly number[]> {
  const byService = new Map<string, number[]>();
  for (const [number, own] of owners)
    for (const name of own) {
      const numbers = byService.get(name);
      if (numbers) numbers.push(number);
      else byService.set(name, [number]);
    }
  return byService;
}
