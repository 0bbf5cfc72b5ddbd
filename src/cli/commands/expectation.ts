// Who should report, as somebody at the command line knows it: a file, or EC2. A server does not
// know that list, so that its answer is compared here.

import { compareExpected } from "../../questions/coverage.ts";
import {
  coverage,
  describeUnread,
  listRows,
  NOBODY_MISSING,
  type ShownCoverage,
} from "../../questions/coverage-question.ts";
import type { ParameterValues } from "../../questions/question.ts";
import { reports } from "../../questions/reports-question.ts";
import { writeAnswer } from "../../questions/written-answer.ts";
import { parseReportKey } from "../../report/key.ts";
import { splitList } from "../../report/list-text.ts";
import { SHARED_YIELDER } from "../../roll/yielder.ts";
import { listInstances } from "../../service/ec2-instances.ts";
import { CommandError, UsageError } from "../program/failure.ts";
import type { Io } from "../program/io.ts";
import { readExpected } from "../settings/expected-hosts.ts";
import type { AnswerSource, SourceAnswer } from "./answer-source.ts";

/**
 * The lists of a file and of EC2 together. @param regions empty for the environment's own @returns
 * undefined where neither was named @throws CommandError, UsageError
 */
export async function findExpected(
  file: string | undefined,
  regions: string | boolean | undefined,
  io: Io,
): Promise<ReadonlySet<string> | undefined> {
  if (file === undefined && regions === undefined) return undefined;
  const ids = new Set<string>(file === undefined ? [] : await readExpected(file, io));
  if (regions === undefined) return ids;
  const named =
    typeof regions === "string" ? regions : (io.env.AWS_REGION ?? io.env.AWS_DEFAULT_REGION ?? "");
  const list = splitList(named);
  if (list.length === 0)
    throw new UsageError("--expect-ec2 needs regions: --expect-ec2 ap-northeast-1,us-east-1, or AWS_REGION");
  for (const region of list) {
    if (!/^[a-z]{2}(?:-[a-z]+)+-\d$/.test(region))
      throw new UsageError(`--expect-ec2: ${JSON.stringify(region)} is no region`);
    for (const id of await io.waiting.during(`waiting for EC2 in ${region}`, listInstances(region, io)))
      ids.add(id);
  }
  if (ids.size === 0)
    throw new CommandError(
      `EC2 has no running instance in ${list.join(", ")} that these credentials may see`,
    );
  return ids;
}

/** A server's answers, with coverage compared with a list that only this command knows. */
export function compareAnswers(source: AnswerSource, expected: ReadonlySet<string>): AnswerSource {
  return {
    ...source,
    async ask(question, parameters, format) {
      if (question.name !== coverage.name) return await source.ask(question, parameters, format);
      const { facts, body } = await source.ask(question, parameters, "json");
      const answered = JSON.parse((await gather(body)).toString("utf8")) as ShownCoverage;
      const document = await compare(answered, expected, parameters, source);
      const written = await writeAnswer(
        {
          facts: {
            ...facts,
            warnings: [
              ...facts.warnings.flatMap(withoutServersList),
              ...describeUntold(document.counts),
              ...(facts.partial ? describeUnread(document) : []),
            ],
          },
          validUntil: facts.asOf,
          body: { kind: "rows", rows: listRows(document), document },
        },
        coverage.answer,
        { format, yielder: SHARED_YIELDER },
      );
      return { facts: written.facts, body: written.write() };
    },
  };
}

/**
 * A server's list of those that left may be cut, and who is not in it may have left all the same.
 */
function describeUntold({ cannot_be_told: untold = 0, departed }: ShownCoverage["counts"]): string[] {
  return untold === 0
    ? []
    : [
        `whether ${untold} expected hosts are missing or have left cannot be told: of ${departed} that ` +
          "left, the server lists the last ones alone; ask the store itself with --store",
      ];
}

/** Who brings a list of their own need not hear of the server's. */
function withoutServersList(warning: string): string[] {
  const rest = (warning.split(NOBODY_MISSING)[0] ?? "").replace(/; $/, "");
  return rest === "" ? [] : [rest];
}

async function compare(
  answered: ShownCoverage,
  expected: ReadonlySet<string>,
  parameters: ParameterValues,
  source: AnswerSource,
): Promise<ShownCoverage> {
  const own = parameters.filter(([name]) => name !== "partial");
  const isFiltered = own.some(([name]) => !coverage.parameters.some((one) => one.name === name));
  const fresh = await listIds(source, own);
  const { as_of, silent, departed, set_aside, counts } = answered;
  const whole = isFiltered ? await readWhole(source) : answered;
  const asked = isFiltered ? await leaveOut(expected, { fresh, answered, whole }, own, source) : expected;
  const heard = counts.silent > silent.length ? await listSilent(source, own) : silent;
  const expectation = compareExpected(asked, {
    fresh,
    silent: heard.map(({ id, since }) => ({ id, at: Date.parse(since) })),
    departed,
  });
  // A host that left is not silent. Whoever is neither may be among those that the list leaves out.
  const isCut = whole.counts.departed > whole.departed.length;
  const missing = expectation.missing.filter(({ since }) => since !== undefined || !isCut);
  const untold = expectation.missing.length - missing.length;
  return {
    as_of,
    fresh: answered.fresh,
    expected: expectation.expected,
    reported: expectation.reported,
    missing: missing.map(({ id, since }) => ({
      id,
      since: since === undefined ? null : new Date(since).toISOString(),
    })),
    unexpected: expectation.unexpected,
    silent,
    departed,
    set_aside,
    counts: {
      ...counts,
      missing: missing.length,
      unexpected: expectation.unexpectedCount,
      ...(untold > 0 && { cannot_be_told: untold }),
    },
  };
}

/** The coverage of all hosts. */
async function readWhole(source: AnswerSource): Promise<ShownCoverage> {
  const { body } = await source.ask(coverage, [], "json");
  return JSON.parse((await gather(body)).toString("utf8")) as ShownCoverage;
}

/** Who left, and whose reports were set aside. */
function listBeside({ departed, set_aside }: ShownCoverage): string[] {
  return [...departed.map(({ id }) => id), ...set_aside.map(({ key }) => parseReportKey(key)?.id ?? "")];
}

/** Hosts that have a report which the filters do not choose are not in question. */
async function leaveOut(
  expected: ReadonlySet<string>,
  {
    fresh,
    answered,
    whole,
  }: {
    readonly fresh: ReadonlySet<string>;
    readonly answered: ShownCoverage;
    readonly whole: ShownCoverage;
  },
  parameters: ParameterValues,
  source: AnswerSource,
): Promise<ReadonlySet<string>> {
  const chosen = await listIds(source, [...parameters, ["state", "all"]]);
  const all = await listIds(source, [["state", "all"]]);
  const kept = new Set([...chosen, ...fresh, ...listBeside(answered)]);
  const known = new Set([...all, ...listBeside(whole)]);
  return new Set([...expected].filter((id) => !known.has(id) || kept.has(id)));
}

/** All silent hosts, where the coverage names some alone. */
async function listSilent(
  source: AnswerSource,
  parameters: ParameterValues,
): Promise<readonly { readonly id: string; readonly since: string }[]> {
  const { body } = await source.ask(
    reports,
    [...parameters, ["state", "silent"], ["fields", "instance_id"], ["meta", "true"]],
    "json",
  );
  const rows = JSON.parse((await gather(body)).toString("utf8")) as {
    instance_id: string;
    rollcall: { reader: { received_at: string } };
  }[];
  return rows.map(({ instance_id: id, rollcall }) => ({ id, since: rollcall.reader.received_at }));
}

async function listIds(source: AnswerSource, parameters: ParameterValues): Promise<ReadonlySet<string>> {
  const { body } = await source.ask(reports, [...parameters, ["fields", "instance_id"]], "json");
  const rows = JSON.parse((await gather(body)).toString("utf8")) as { instance_id: string }[];
  return new Set(rows.map(({ instance_id }) => instance_id));
}

/** Reads a body to its end. */
export async function gather(body: SourceAnswer["body"]): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}
