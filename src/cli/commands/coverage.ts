// rollcall coverage: who reported, who fell silent, who left, who is missing.

import { compareExpected } from "../../questions/coverage.ts";
import { NOBODY_MISSING, type ShownCoverage } from "../../questions/coverage-question.ts";
import { splitList } from "../../report/list-text.ts";
import { sanitizeLine } from "../../report/safe-text.ts";
import { formatSpan } from "../../report/span-text.ts";
import { listInstances } from "../../service/ec2-instances.ts";
import { CommandError, UsageError } from "../program/failure.ts";
import type { Io } from "../program/io.ts";
import { readExpected } from "../settings/expected-hosts.ts";
import { type Flags, readSettings, type Settings } from "../settings/settings.ts";
import { layOutTable, styleTable } from "../terminal/table.ts";
import { openQuestioner, type Questioner } from "./question.ts";

export interface CoverageOptions extends Flags {
  /** Regions; empty for the environment's own. */
  readonly expectEc2?: string | boolean;
  readonly exitCode?: boolean;
  readonly json?: boolean;
}

/**
 * @throws CommandError with --exit-code, if hosts are missing, or nobody knows who should be there
 */
export async function runCoverage(options: CoverageOptions, io: Io): Promise<void> {
  const settings = await readSettings(options, io);
  const expected = await findExpected(options, settings, io);
  const questioner = await openQuestioner(settings, io);
  const response = await questioner.ask("/v1/coverage", []);
  const answered = (await response.json()) as ShownCoverage;
  const coverage = expected ? { ...answered, ...(await compare(expected, answered, questioner)) } : answered;
  if (io.stdout.isTerminal && !options.json) await io.stdout.writeStyled(layOutCoverage(coverage, io));
  else await io.stdout.write(`${JSON.stringify(coverage, null, 2)}\n`);
  const warnings = response.headers.get("rollcall-warning") ?? "";
  // Who brings a list of their own need not hear of the server's.
  const warning = expected ? (warnings.split(NOBODY_MISSING)[0] ?? "").replace(/; $/, "") : warnings;
  if (warning !== "") await io.stderr.write(`warning: ${sanitizeLine(warning)}\n`);
  const missing = coverage.counts.missing ?? 0;
  if (options.exitCode && coverage.expected === undefined)
    throw new CommandError(
      "--exit-code has no list of expected hosts to compare with; give one with --expect or --expect-ec2",
    );
  if (options.exitCode && missing > 0) throw new CommandError(`${missing} expected hosts did not report`);
}

/** The lists of a file and of EC2 together. */
async function findExpected(
  { expectEc2 }: CoverageOptions,
  settings: Settings,
  io: Io,
): Promise<ReadonlySet<string> | undefined> {
  const file = settings.get("expect");
  if (file === undefined && expectEc2 === undefined) return undefined;
  const ids = new Set<string>(file === undefined ? [] : await readExpected(file, io));
  if (expectEc2 !== undefined) {
    const named =
      typeof expectEc2 === "string" ? expectEc2 : (io.env.AWS_REGION ?? io.env.AWS_DEFAULT_REGION ?? "");
    const regions = splitList(named);
    if (regions.length === 0)
      throw new UsageError(
        "--expect-ec2 needs regions: --expect-ec2 ap-northeast-1,us-east-1, or AWS_REGION",
      );
    for (const region of regions) {
      if (!/^[a-z]{2}(?:-[a-z]+)+-\d$/.test(region))
        throw new UsageError(`--expect-ec2: ${JSON.stringify(region)} is no region`);
      for (const id of await listInstances(region, io)) ids.add(id);
    }
    if (ids.size === 0)
      throw new CommandError(
        `EC2 has no running instance in ${regions.join(", ")} that these credentials may see`,
      );
  }
  return ids;
}

/** The server knows who reported, and we who was expected. */
async function compare(
  expected: ReadonlySet<string>,
  { silent, departed, counts }: ShownCoverage,
  questioner: Questioner,
) {
  const response = await questioner.ask("/v1/reports", [["fields", "instance_id"]]);
  const fresh = new Set(
    ((await response.json()) as { instance_id: string }[]).map(({ instance_id }) => instance_id),
  );
  const expectation = compareExpected(expected, {
    fresh,
    silent: silent.map(({ id, since }) => ({ id, at: Date.parse(since) })),
    departed,
  });
  return {
    expected: expectation.expected,
    reported: expectation.reported,
    missing: expectation.missing.map(({ id, since }) => ({
      id,
      since: since === undefined ? null : new Date(since).toISOString(),
    })),
    unexpected: expectation.unexpected,
    counts: { ...counts, missing: expectation.missing.length },
  };
}

/** Rows of one table that are shown; the rest is counted. */
const MAX_TABLE_ROWS = 50;

/** The sentence first, then who. */
export function layOutCoverage(coverage: ShownCoverage, io: Io): string {
  const {
    as_of,
    fresh,
    silent,
    departed,
    set_aside,
    missing = [],
    expected,
    reported,
    unexpected = [],
    counts,
  } = coverage;
  const now = Date.parse(as_of);
  const ago = (at: string | null) =>
    at === null ? "never, within a day" : `${formatSpan(now - Date.parse(at))} ago`;
  const lines = [summarize(coverage)];
  const add = (
    title: string,
    count: number,
    headings: readonly string[],
    rows: readonly (readonly string[])[],
  ) => {
    if (count === 0) return;
    const shown = rows.slice(0, MAX_TABLE_ROWS);
    lines.push("", `${title}:`, styleTable(layOutTable(headings, shown, io.stdout.columns), io));
    if (count > shown.length) lines.push(`… and ${count - shown.length} more; --json has them all`);
  };
  const hosts = (list: readonly { id: string; account: string | null }[], when: (at: number) => string) =>
    list.map(({ id, account }, at) => [sanitizeLine(id), when(at), account ?? ""]);
  add(
    "Expected, and not heard of",
    counts.missing ?? 0,
    ["HOST", "LAST REPORT"],
    missing.map(({ id, since }) => [sanitizeLine(id), ago(since)]),
  );
  add(
    "Silent",
    counts.silent,
    ["HOST", "LAST REPORT", "ACCOUNT"],
    hosts(silent, (at) => ago(silent[at]?.since ?? null)),
  );
  add(
    "Departed within a day",
    counts.departed,
    ["HOST", "LEFT", "ACCOUNT"],
    hosts(departed, (at) => ago(departed[at]?.at ?? null)),
  );
  add(
    "Set aside",
    counts.set_aside,
    ["KEY", "REASON", "DETAIL"],
    set_aside.map(({ key, reason, detail }) => [key, reason, detail].map(sanitizeLine)),
  );
  add(
    "Reported, and not expected",
    unexpected.length,
    ["HOST"],
    unexpected.map((id) => [sanitizeLine(id)]),
  );
  if (expected !== undefined && reported === expected && fresh === expected)
    lines.push("", "Everybody is here.");
  return `${lines.join("\n")}\n`;
}

function summarize({ fresh, expected, reported, counts, as_of }: ShownCoverage): string {
  const others = [
    counts.silent > 0 && `${counts.silent} silent`,
    counts.departed > 0 && `${counts.departed} departed`,
    counts.set_aside > 0 && `${counts.set_aside} set aside`,
  ].filter(Boolean);
  const rest = others.length > 0 ? ` (${others.join(", ")})` : "";
  if (expected === undefined) return `${fresh} hosts reported${rest}, as of ${as_of}`;
  const missing = counts.missing ?? 0;
  const who = missing === 0 ? "" : missing === 1 ? "; this one did not" : `; these ${missing} did not`;
  return `${reported} of ${expected} reported${who}${rest}, as of ${as_of}`;
}
