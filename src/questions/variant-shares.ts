// Shares: of how many hosts a value's count is.
import { segmentAt } from "../roll/table.ts";
import { inSlices, ROW_BYTES, SHARED_YIELDER, type Yielder } from "../roll/yielder.ts";
import type { FieldValues } from "./field-values.ts";
import type { HostSelection, Sources } from "./groups.ts";
import type { Owners, SplitValue } from "./newest.ts";
import { countServiceHosts } from "./service-hosts.ts";

/** A value that was split and counted. */
export interface CountedValue extends SplitValue {
  readonly tally: { readonly value: string | null; readonly count: number };
}

/** What looking at a number costs; bytes. */
const NUMBER_BYTES = 4;

/** Counts the hosts that have each variant, those with several of its versions once. */
async function countVariants(
  { table, positions }: HostSelection,
  values: FieldValues,
  split: readonly CountedValue[],
  several: readonly number[],
  yielder: Yielder,
): Promise<ReadonlyMap<string, number>> {
  const variants = [...new Set(split.map(({ variant }) => variant))];
  const indexOf = new Map(variants.map((variant, index) => [variant, index]));
  const hosts = new Uint32Array(variants.length);
  /** By a value's number, its variant. */
  const variantOf = new Uint32Array(values.count + 1);
  for (const { number, variant, tally } of split) {
    const index = indexOf.get(variant) ?? 0;
    variantOf[number] = index;
    if (tally.value !== null) hosts[index] = (hosts[index] as number) + tally.count;
  }
  /** By variant, the last host that had it, and one more, since 0 is none. */
  const lastPlace = new Uint32Array(variants.length);
  const countSlice = (from: number, bytes: number): number => {
    let index = from;
    for (let left = bytes; left > 0 && index < several.length; index++) {
      const place = several[index] as number;
      const at = positions[place] as number;
      const { starts, numbers } = values.column(segmentAt(table, at));
      const row = table.rowOf[at] as number;
      const end = starts[row + 1] as number;
      for (let value = starts[row] as number; value < end; value++) {
        const variant = variantOf[numbers[value] as number] as number;
        if (lastPlace[variant] === place + 1) hosts[variant] = (hosts[variant] as number) - 1;
        lastPlace[variant] = place + 1;
      }
      left -= ROW_BYTES + (end - (starts[row] as number)) * NUMBER_BYTES;
    }
    return index;
  };
  await inSlices(several.length, countSlice, yielder);
  return new Map(variants.map((variant, index) => [variant, hosts[index] as number]));
}

/** A share, of four decimals. */
export function divide(count: number, total: number): number {
  return Math.round((count / total) * 10_000) / 10_000;
}

/** What counts are shares of. */
export interface Totals {
  readonly hosts: number;
  /** By variant; undefined where values were left out. */
  readonly variants: ReadonlyMap<string, number> | undefined;
  /** By the number of a version that stands alone, hosts of its services; undefined likewise. */
  readonly alone: ReadonlyMap<number, number> | undefined;
}

/** Counts what shares are of. @param counted isWhole: whether no value was left out */
export async function countTotals(
  chosen: HostSelection,
  values: FieldValues,
  counted: {
    readonly split: readonly CountedValue[];
    /** The places of hosts that have several values. */
    readonly several: readonly number[];
    readonly owners: Owners | undefined;
    readonly isWhole: boolean;
  },
  sources: Sources,
): Promise<Totals> {
  const { split, several, owners, isWhole } = counted;
  const { yielder = SHARED_YIELDER } = sources;
  const hosts = chosen.positions.length;
  if (!isWhole) return { hosts, variants: undefined, alone: undefined };
  return {
    hosts,
    variants: await countVariants(chosen, values, split, several, yielder),
    alone: owners && (await countServiceHosts(chosen, values, split, owners, sources)),
  };
}

/** The same hosts decide what is behind (findNewer). */
export function shareOfVariant(
  { tally: { value, count }, number, variant, version }: CountedValue,
  { variants, alone }: Totals,
  owners: Owners | undefined,
): number | null {
  const goesByService = owners !== undefined && variant === "" && version !== "";
  const total = goesByService ? alone?.get(number) : variants?.get(variant);
  return value === null || total === undefined ? null : divide(count, total);
}
