// How many hosts had each value of a field in the last seven days, for its sparklines: one question
// a field, asked once.
import { useMemo } from "preact/hooks";
import { toParameters } from "../address/filter.ts";
import type { components } from "../api/openapi.d.ts";
import { type Role, useAnswer } from "../api/use-answer.ts";

/** Hosts at each instant, evenly apart; null where it cannot be told. */
export type Hosts = readonly (number | null)[];

export interface Trend {
  readonly byValue: ReadonlyMap<string, Hosts>;
  /** The most hosts that had one value at once. */
  readonly most: number;
}

type TrendAnswer = components["schemas"]["Trend"];

const SPAN = "7d";

/** Where history cannot tell, nothing is shown, and nothing need be said. */
const ROLE: Role = { isShown: false, toldByView: "all" };

/**
 * @param field undefined asks nothing
 * @returns undefined until it is told, and where it cannot be
 */
export function useTrend(field: string | undefined, conditions: readonly string[]): Trend | undefined {
  const { answer, isOfBefore } = useAnswer<TrendAnswer>(
    field === undefined
      ? undefined
      : {
          path: "trend",
          parameters: [
            ["field", field],
            ["since", SPAN],
            ["lenient", "true"],
            ...toParameters({ conditions, text: "" }),
          ],
        },
    { isPolled: false, role: ROLE },
  );
  const body = isOfBefore ? undefined : answer?.body;
  return useMemo(() => body && readTrend(body), [body]);
}

function readTrend({ series }: TrendAnswer): Trend {
  const byValue = new Map(
    series.flatMap(({ value, hosts }) => (value === null ? [] : [[value, hosts] as const])),
  );
  const most = Math.max(1, ...[...byValue.values()].flatMap((hosts) => hosts.map((one) => one ?? 0)));
  return { byValue, most };
}
