// `rollcall coverage`: a sentence, and then who did not report.
import type { ShownCoverage } from "../../questions/coverage-question.ts";
import { parseReportKey } from "../../report/key.ts";
import { formatSpan } from "../../report/span-text.ts";
import type { Table } from "../terminal/tables.ts";
import type { Layout } from "./layout.ts";

/** Hosts of one table that are shown; the rest is counted. */
const MAX_TABLE_HOSTS = 50;

export const coverage: Layout = {
  examples: [
    "rollcall coverage",
    "rollcall coverage --expect hosts.txt",
    "aws ec2 describe-instances | rollcall coverage --expect -",
    "rollcall coverage --expect-ec2 ap-northeast-1,us-east-1 --exit-code",
    "rollcall coverage --json | jq -r '.silent[].id'",
  ],
  flags: [
    {
      flags: "--expect-ec2 [REGIONS]",
      description:
        "expect the instances that run in these regions, by EC2's DescribeInstances (default AWS_REGION)",
    },
    {
      flags: "--exit-code",
      description: "exit with 1 if expected hosts did not report, or nobody says which are expected",
    },
  ],
  settings: ["expect"],
  judge(json) {
    const { expected, counts } = JSON.parse(json.toString("utf8")) as ShownCoverage;
    const { missing = 0, cannot_be_told: untold = 0 } = counts;
    if (expected === undefined)
      return (
        "--exit-code has no list of expected hosts to compare with; " +
        "give one with --expect or --expect-ec2"
      );
    if (missing > 0) return `${missing} expected hosts did not report`;
    return untold > 0 ? `of ${untold} expected hosts it cannot be told whether they left` : undefined;
  },
  async layOut({ json, facts }, { findNames }) {
    const answer = JSON.parse(json.toString("utf8")) as ShownCoverage;
    const { as_of, fresh, set_aside, unexpected = [], expected, reported, counts } = answer;
    const [silent, departed] = [
      answer.silent.slice(0, MAX_TABLE_HOSTS),
      answer.departed.slice(0, MAX_TABLE_HOSTS),
    ];
    const missing = (answer.missing ?? []).slice(0, MAX_TABLE_HOSTS);
    const strangers = unexpected.slice(0, MAX_TABLE_HOSTS);
    const names = await findNames([...silent, ...missing].map(({ id }) => id).concat(strangers));
    const name = (id: string) => names.get(id) ?? "";
    const now = Date.parse(as_of);
    const ago = (at: string | null) =>
      at === null
        ? facts.partial
          ? "not known"
          : "never, within a day"
        : `${formatSpan(now - Date.parse(at))} ago`;
    return {
      lead: [summarize(answer)],
      tables: [
        makeTable(
          "Expected, and not heard of",
          ["HOST", "NAME", "LAST REPORT"],
          missing.map(({ id, since }) => [id, name(id), ago(since)]),
          counts.missing,
        ),
        makeTable(
          "Silent",
          ["HOST", "NAME", "LAST REPORT", "ACCOUNT"],
          silent.map(({ id, since, account }) => [id, name(id), ago(since ?? null), account ?? ""]),
          counts.silent,
        ),
        makeTable(
          "Departed within a day",
          ["HOST", "LEFT", "ACCOUNT"],
          departed.map(({ id, at, account }) => [id, ago(at ?? null), account ?? ""]),
          counts.departed,
        ),
        layOutSetAside(set_aside.slice(0, MAX_TABLE_HOSTS), counts.set_aside),
        makeTable(
          "Reported, and not expected",
          ["HOST", "NAME"],
          strangers.map((id) => [id, name(id)]),
          counts.unexpected ?? unexpected.length,
        ),
      ],
      summary:
        expected !== undefined && reported === expected && fresh === expected
          ? "everybody is here"
          : `${fresh} fresh`,
    };
  },
};

/** Whose report lies under a key, as far as the key says it. */
function findHost(key: string): string {
  return parseReportKey(key)?.id ?? "";
}

/** What is wrong, and where, is read whole on a terminal of any width. */
function layOutSetAside(rows: ShownCoverage["set_aside"], count: number): Table {
  return {
    title: "Set aside:",
    columns: [
      { heading: "HOST", whole: "all" },
      { heading: "REASON", whole: "all" },
    ],
    lines: rows.map(({ key, reason, detail }) => ({
      cells: [findHost(key), reason],
      below: [detail, key],
    })),
    more: count - rows.length,
  };
}

function makeTable(
  title: string,
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  count: number | undefined,
): Table {
  // Hosts of some fleets have no names.
  const isShown = (_: unknown, at: number) => headings[at] !== "NAME" || rows.some((row) => row[at] !== "");
  return {
    title: `${title}:`,
    columns: headings
      .map((heading) => (heading === "HOST" ? { heading, whole: "all" as const } : { heading }))
      .filter(isShown),
    lines: rows.map((cells) => ({ cells: cells.filter(isShown) })),
    more: (count ?? rows.length) - rows.length,
  };
}

function summarize({ fresh, expected, reported, counts }: ShownCoverage): string {
  const others = [
    counts.silent > 0 && `${counts.silent} silent`,
    counts.departed > 0 && `${counts.departed} departed`,
    counts.set_aside > 0 && `${counts.set_aside} set aside`,
  ].filter(Boolean);
  const rest = others.length > 0 ? ` (${others.join(", ")})` : "";
  if (expected === undefined) return `${fresh} hosts reported${rest}`;
  const { missing = 0, cannot_be_told: untold = 0 } = counts;
  const unsure = untold === 0 ? "" : `; of ${untold} it cannot be told whether they left`;
  const who = missing === 0 ? "" : missing === 1 ? "; this one did not" : `; these ${missing} did not`;
  return `${reported} of ${expected} reported${who}${unsure}${rest}`;
}
