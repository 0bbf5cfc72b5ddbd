// Which values are behind the newest of their variant, by column: as the question versions says.
import { useMemo } from "preact/hooks";
import type { components } from "../api/openapi.d.ts";
import { useAnswer } from "../api/use-answer.ts";
import type { Names } from "../columns/held-names.ts";

type VersionCount = components["schemas"]["VersionCount"];

/** Fields that one question takes. */
const MAX_BEHIND_FIELDS = 16;

/** By column, each value that is behind, and the version that it is behind. */
export type BehindValues = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** @param parameters of the table: a version is behind among the same hosts */
export function useBehindValues(
  columns: readonly string[],
  names: Names,
  parameters: ReadonlyArray<readonly [string, string]>,
): BehindValues {
  const fields = columns.filter((name) => names.versions.has(name)).slice(0, MAX_BEHIND_FIELDS);
  const { answer } = useAnswer<readonly VersionCount[]>(
    fields.length === 0
      ? undefined
      : { path: "versions", parameters: [["field", fields.join(",")], ["lenient", "true"], ...parameters] },
  );
  return useMemo(() => {
    const behind = new Map<string, Map<string, string>>();
    for (const { field, value, behind: isBehind, newest } of answer?.body ?? []) {
      if (!isBehind || value === null) continue;
      const own = behind.get(field) ?? new Map<string, string>();
      behind.set(field, own.set(value, newest ?? ""));
    }
    return behind;
  }, [answer?.body]);
}
