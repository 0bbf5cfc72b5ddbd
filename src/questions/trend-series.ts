// The series of a trend: how many hosts had each value at each instant. Pure.

/** Series of one answer: those of the most hosts. */
export const MAX_TREND_SERIES = 100;

/** Hosts with one value, in one group, at each instant. */
export interface TrendSeries {
  /** null: hosts that have no value there. */
  readonly value: string | null;
  /** Of what `by` names; null where it names nothing. */
  readonly group: string | null;
  /** By instant; null where it cannot be told. */
  readonly hosts: readonly (number | null)[];
}

/** What was counted at one instant. */
export interface ValueCount {
  readonly value: string | null;
  readonly count: number;
  readonly by?: Readonly<Record<string, number>> | undefined;
}

/** Gathers counts, instant by instant. */
export function createTrendSeries(length: number) {
  const series = new Map<
    string,
    { value: string | null; group: string | null; hosts: Uint32Array; most: number }
  >();
  const isTold = new Uint8Array(length);

  function add(place: number, value: string | null, group: string | null, count: number): void {
    const key = JSON.stringify([value, group]);
    const own = series.get(key) ?? { value, group, hosts: new Uint32Array(length), most: 0 };
    series.set(key, own);
    own.hosts[place] = count;
    own.most = Math.max(own.most, count);
  }

  return {
    /** Takes what was counted at an instant; what is never given cannot be told. */
    take(place: number, counts: readonly ValueCount[]): void {
      isTold[place] = 1;
      for (const { value, count, by } of counts) {
        if (!by) add(place, value, null, count);
        else for (const [group, hosts] of Object.entries(by)) add(place, value, group, hosts);
      }
    },
    /** Those of the most hosts first, and how many others there are. */
    list(): { readonly series: readonly TrendSeries[]; readonly others: number } {
      const sorted = [...series.values()].sort((a, b) => b.most - a.most || compare(a, b));
      const shown = sorted.slice(0, MAX_TREND_SERIES);
      return {
        series: shown.map(({ value, group, hosts }) => ({
          value,
          group,
          hosts: Array.from(hosts, (count, place) => (isTold[place] === 1 ? count : null)),
        })),
        others: sorted.length - shown.length,
      };
    },
  };
}

type Named = Pick<TrendSeries, "value" | "group">;

function compare(a: Named, b: Named): number {
  const [one, other] = [a, b].map(({ value, group }) => JSON.stringify([value, group]));
  return (one as string) < (other as string) ? -1 : 1;
}
