// `rollcall changes`: a line for each change, those of many hosts together.
import type { ChangeGroup, ShownChange } from "../../questions/change-groups.ts";
import type { ShownChanges } from "../../questions/changes-question.ts";
import type { Table } from "../terminal/tables.ts";
import type { Layout, LayoutTools } from "./layout.ts";

/** Hosts that a line names. */
const MAX_NAMED_HOSTS = 5;

/** Characters of a value that are shown. */
const MAX_SHOWN_TEXT = 60;

export const changes: Layout = {
  examples: [
    "rollcall changes",
    "rollcall changes --since 'yesterday 18:00' env=prod",
    "rollcall changes --field processes.module_A_filename --since 7d",
    "rollcall changes i-0123456789abcdef0 --each",
    "rollcall changes --kind silent,returned,departed --since 2h",
    "rollcall changes --watch",
    "rollcall changes --ndjson --each | jq -r 'select(.kind == \"arrived\") | .host'",
  ],
  word: { parameter: "host", name: "HOST" },
  layOut({ json }, tools) {
    const document = JSON.parse(json.toString("utf8")) as ShownChanges;
    const { since, until, count, changes: rows } = document;
    const { formatInstant } = tools;
    return {
      tables: [layOutChanges(rows, tools)],
      summary:
        `${count} ${count === 1 ? "change" : "changes"} from ${formatInstant(since)} ` +
        `until ${formatInstant(until)}`,
      notes: rows.length === 0 ? ["nothing has changed, as far as was recorded"] : [],
    };
  },
};

/** A table of changes, grouped or each. */
export function layOutChanges(
  rows: readonly (ChangeGroup | ShownChange)[],
  { formatInstant }: Pick<LayoutTools, "formatInstant">,
): Table {
  const isGrouped = rows.some((row) => "count" in row);
  return {
    columns: [
      { heading: isGrouped ? "LAST" : "AT", whole: "all" },
      ...(isGrouped
        ? [{ heading: "HOSTS", isNumber: true, whole: "all" as const }]
        : [{ heading: "HOST", whole: "all" as const }]),
      { heading: "CHANGE", whole: "all" },
      { heading: "BEFORE" },
      { heading: "AFTER" },
    ],
    lines: rows.map((row) => ({
      cells: [
        formatInstant("count" in row ? row.last : row.at),
        "count" in row
          ? String(row.hosts.length + row.hosts_omitted)
          : [row.host, row.instance_name ?? []].flat().join(" "),
        describeChange(row),
        shorten(row.before),
        shorten(row.after),
      ],
      isNotable: NOTABLE.includes(row.kind),
      ...("count" in row && { below: listHosts(row, formatInstant) }),
    })),
  };
}

const NOTABLE: readonly string[] = ["silent", "expired", "set_aside"];

/** A field, or what became of the host. */
function describeChange({ kind, field }: Pick<ShownChange, "kind" | "field">): string {
  const words = kind.replaceAll("_", " ");
  return kind === "changed" ? field : [field, words].filter((text) => text !== "").join(" ");
}

function shorten(text: string | null): string {
  if (text === null) return "";
  return text.length > MAX_SHOWN_TEXT ? `${text.slice(0, MAX_SHOWN_TEXT - 1)}…` : text;
}

function listHosts(
  { hosts, hosts_omitted, count, first, last }: ChangeGroup,
  format: (at: string) => string,
) {
  const named = hosts
    .slice(0, MAX_NAMED_HOSTS)
    .map(({ host, instance_name: name }) => [host, name ?? []].flat().join(" "));
  const more = hosts.length + hosts_omitted - named.length;
  const times = count > 1 && first !== last ? [`since ${format(first)}`] : [];
  return [...named, ...(more > 0 ? [`and ${more} more`] : []), ...times];
}
