// Who should report, as somebody at the command line knows it: a file, or EC2. A server does not
// know that list, so that its answer is compared here.

import { compareExpected } from "../../questions/coverage.ts";
import { coverage, listRows, NOBODY_MISSING, type ShownCoverage } from "../../questions/coverage-question.ts";
import type { ParameterValues } from "../../questions/question.ts";
import { reports } from "../../questions/reports-question.ts";
import { writeAnswer } from "../../questions/written-answer.ts";
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
          facts: { ...facts, warnings: facts.warnings.flatMap(withoutServersList) },
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
  const asked = isFiltered ? await leaveOut(expected, fresh, own, source) : expected;
  const { as_of, silent, departed, set_aside, counts } = answered;
  const expectation = compareExpected(asked, {
    fresh,
    silent: silent.map(({ id, since }) => ({ id, at: Date.parse(since) })),
    departed,
  });
  return {
    as_of,
    fresh: answered.fresh,
    expected: expectation.expected,
    reported: expectation.reported,
    missing: expectation.missing.map(({ id, since }) => ({
      id,
      since: since === undefined ? null : new Date(since).toISOString(),
    })),
    unexpected: expectation.unexpected,
    silent,
    departed,
    set_aside,
    counts: {
      ...counts,
      missing: expectation.missing.length,
      unexpected: expectation.unexpectedCount,
    },
  };
}

/** Hosts that have a report which the filters do not choose are not in question. */
async function leaveOut(
  expected: ReadonlySet<string>,
  fresh: ReadonlySet<string>,
  parameters: ParameterValues,
  source: AnswerSource,
): Promise<ReadonlySet<string>> {
  const chosen = await listIds(source, [...parameters, ["state", "all"]]);
  const all = await listIds(source, [["state", "all"]]);
  return new Set([...expected].filter((id) => !all.has(id) || chosen.has(id) || fresh.has(id)));
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
