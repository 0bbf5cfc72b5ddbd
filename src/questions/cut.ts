// Cuts: what an answer left out, or counted together, since a bound was met. Data, beside the
// sentences that say the same.

/** What may be cut. */
export const CUT_KINDS = {
  values: "values of the fewest hosts that were left out",
  groups: "groups of the fewest hosts that are counted together",
  host_values: "hosts of whose values in one field the first ones alone were looked at",
  host_groups: "hosts that are in too many groups, or in one of too long a name, and counted under `…`",
  names: "names of fields that were left out; without a number where it is not known how many",
  columns: "columns that were left out of the table",
  entries: "entries of a list that were left out",
} as const;

export interface Cut {
  readonly kind: keyof typeof CUT_KINDS;
  /** How many; undefined where that is not known. */
  readonly count?: number;
  /** The same as a sentence. */
  readonly detail: string;
}

/** The sentences. */
export function listDetails(cuts: readonly Cut[]): string[] {
  return cuts.map(({ detail }) => detail);
}

/**
 * Writes cuts for a header, as a dictionary (RFC 9651, section 3.2): `values=12, host_groups=1`.
 * Those of one kind are added up; a kind of which it is not known how many stands alone.
 */
export function formatCuts(cuts: readonly Cut[]): string {
  const counts = new Map<Cut["kind"], number | undefined>();
  for (const { kind, count } of cuts) {
    const before = counts.has(kind) ? counts.get(kind) : 0;
    counts.set(kind, before === undefined || count === undefined ? undefined : before + count);
  }
  return [...counts].map(([kind, count]) => (count === undefined ? kind : `${kind}=${count}`)).join(", ");
}
