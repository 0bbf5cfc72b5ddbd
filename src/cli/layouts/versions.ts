// `rollcall versions`: a table for each field, its values with the hosts that have them.
import type { Facts } from "../../questions/facts.ts";
import type { VersionCount } from "../../questions/versions.ts";
import type { Line, Table } from "../terminal/tables.ts";
import type { Layout, LayoutTools } from "./layout.ts";

type Names = Awaited<ReturnType<LayoutTools["findNames"]>>;

export const versions: Layout = {
  examples: [
    "rollcall versions",
    "rollcall versions processes.module_A_filename --by env",
    "rollcall versions processes.module_A_filename env=prod --by service --behind",
    "rollcall versions app_version instance_life_cycle=spot --hosts",
    "rollcall versions processes.module_A_filename --watch",
    "rollcall versions processes.module_A_filename --json | jq -r '.[] | select(.behind) | .value'",
  ],
  word: { parameter: "field", name: "FIELD" },
  flags: [
    {
      flags: "--behind",
      description: "only what is behind the newest of its variant",
      elsewhere: "jq 'map(select(.behind))'",
    },
  ],
  async layOut({ json, facts, parameters }, { flags, findNames }) {
    const all = JSON.parse(json.toString("utf8")) as VersionCount[];
    const shown = flags.behind ? all.filter(({ behind }) => behind) : all;
    const names = await findNames(shown.flatMap(({ hosts }) => hosts ?? []));
    const fields = [...new Set(shown.map(({ field }) => field))];
    const of = (values: readonly VersionCount[], field: string) =>
      values.filter((one) => one.field === field);
    const state = parameters.find(([name]) => name === "state")?.[1];
    return {
      tables: fields.map((field) => ({
        ...makeTable(of(shown, field), of(all, field), names),
        ...(fields.length > 1 && { title: field }),
      })),
      summary: summarize(facts, state),
      notes: [
        ...(all.length === 0
          ? ["nothing to count: no report has a field that holds versions; name one, such as app_version"]
          : []),
        ...(all.length > 0 && shown.length === 0 ? ["nothing is behind the newest of its variant"] : []),
      ],
    };
  },
};

/** Silent hosts are among those counted where they were asked for, and beside them where not. */
function summarize({ count = 0, silent = 0 }: Facts, state = "fresh"): string {
  const hosts = `${count} ${count === 1 ? "host" : "hosts"}`;
  if (state === "silent") return `${hosts}, silent: rollcall coverage`;
  if (silent === 0) return hosts;
  const whose = state === "all" ? "of them" : "more";
  return `${hosts}; ${silent} ${whose} ${silent === 1 ? "is" : "are"} silent: rollcall coverage`;
}

function makeTable(
  values: readonly VersionCount[],
  all: readonly VersionCount[],
  names: Names,
): Pick<Table, "columns" | "lines"> {
  const groups = listGroups(values);
  const isAnyBehind = values.some(({ behind }) => behind);
  return {
    columns: [
      { heading: "VALUE", whole: "all" },
      { heading: "HOSTS", isNumber: true, whole: "all" },
      // Of the hosts that have this variant, whatever its version: how far a rollout is.
      { heading: "OF VARIANT", isNumber: true, whole: "all" },
      ...(isAnyBehind ? [{ heading: "BEHIND" }] : []),
      ...groups.map((group) => ({ heading: group || "(none)", isNumber: true })),
    ],
    lines: values.map(
      (value): Line => ({
        cells: [
          value.value ?? "(no value)",
          String(value.count),
          value.value === null ? "" : formatShare(shareOfVariant(value, all)),
          ...(isAnyBehind ? [value.newest ?? ""] : []),
          ...groups.map((group) => String(value.by?.[group] ?? "")),
        ],
        isNotable: value.behind,
        below: (value.hosts ?? []).map((id) => [id, names.get(id) ?? []].flat().join(" ")),
      }),
    ),
  };
}

/** As the answer says, or by its counts where a server of an earlier version does not. */
function shareOfVariant(value: VersionCount, all: readonly VersionCount[]): number {
  const { share_of_variant: said } = value as { readonly share_of_variant?: number };
  if (said !== undefined) return said;
  const same = all.filter(({ value: text, variant }) => text !== null && variant === value.variant);
  return value.count / same.reduce((sum, { count }) => sum + count, 0);
}

/** The groups of all values, those of most hosts first where they do not all fit. */
function listGroups(values: readonly VersionCount[]): string[] {
  const sizes = new Map<string, number>();
  for (const { by } of values)
    for (const [group, count] of Object.entries(by ?? {})) sizes.set(group, (sizes.get(group) ?? 0) + count);
  return [...sizes].sort((a, b) => b[1] - a[1]).map(([group]) => group);
}

/** Whole percents, and what is less than half of one as such. */
function formatShare(share: number): string {
  const percent = share * 100;
  if (percent > 0 && percent < 0.5) return "<1%";
  return percent < 100 && percent >= 99.5 ? ">99%" : `${Math.round(percent)}%`;
}
