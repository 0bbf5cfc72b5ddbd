// The question `report`: one host's newest report, fresh or silent.
import { createHash } from "node:crypto";
import type { Name } from "../grammar/condition.ts";
import { judgeAge } from "../report/freshness.ts";
import { toKeySteps, walkField } from "../report/json-walk.ts";
import { isHostId, parseReportKey } from "../report/key.ts";
import { findById, type HostReport, type RollView } from "../roll/view.ts";
import { compileShape, measureSkew, onOneLine } from "./array.ts";
import { judgeNames, listUnseen } from "./known-names.ts";
import { FIELDS, HOST_ID, LENIENT, META, PARTIAL, WITHIN } from "./parameters.ts";
import { parseQuery } from "./query.ts";
import type { Question, Refusal } from "./question.ts";
import { hasLabel, readLabelMembers, readLabels, selectOne } from "./report-labels.ts";
import { REPORT } from "./report-schema.ts";
import { layOutReports } from "./report-table.ts";

export const report: Question = {
  name: "report",
  names: { path: "/v1/reports/{id}", command: "show", docs: "ask.md", tool: "get_report" },
  summary: "One host's newest report",
  description:
    "Fresh or silent; the headers tell which. If two accounts have a host with " +
    "this id, `account` says which is meant.",
  sample: "i-0123456789abcdef0",
  parameters: [
    HOST_ID,
    {
      name: "account",
      in: "query",
      description: "The AWS account id, or `local`.",
      schema: { type: "string" },
    },
    WITHIN,
    FIELDS,
    META,
    LENIENT,
    PARTIAL,
  ],
  answer: {
    description: "The report as the host sent it.",
    row: REPORT,
    document: REPORT,
    facts: ["Rollcall-Listed", "Rollcall-Received", "Rollcall-State", "Rollcall-Clock-Skew"],
  },
  refusals: ["not_found", "set_aside", "left", "ambiguous", "cannot_be_told"],

  async ask(sources, parameters) {
    const named = (wanted: string) => parameters.find(([name]) => name === wanted)?.[1];
    const [id = "", account] = [named("id"), named("account")];
    const query = parseQuery(
      parameters.filter(([name]) => name !== "id" && name !== "account"),
      sources.windowMs,
    );
    const view = await sources.viewHost(id, account);
    const found = findReport(view, id, account);
    if ("refusal" in found) return found;
    const alone = selectOne(found);
    const unlabelled: Name[] = [];
    for (const name of query.fields ?? []) if (!(await hasLabel(alone, name, sources))) unlabelled.push(name);
    const unseen = listUnseen(unlabelled, (find, path) => walkField(found.body, 0, toKeySteps(path), find));
    // The fleet is looked at only where the host does not have what is asked for.
    const warnings =
      unseen.length === 0 ? [] : await judgeNames(unseen, await sources.viewAt(), sources, query.lenient);
    const state = judgeAge(found.receivedAt, view.asOf, query.windowMs);
    const labels = await readLabelMembers(query.fields, alone, sources);
    const body = compileShape(query, view.asOf, labels)(found, 0);
    const whole = Buffer.concat([body, NEWLINE]);
    const { key, etag, receivedAt } = found;
    return {
      facts: {
        asOf: view.asOf,
        ...(view.listedAt !== undefined && { listedAt: view.listedAt }),
        receivedAt,
        state,
        clockSkew: measureSkew(found),
        warnings,
        ...(view.partial && { partial: view.partial }),
      },
      // Another question about this host looks again.
      validUntil: view.asOf,
      digest: digestText(
        JSON.stringify([key, etag, receivedAt, query.fields, query.meta, state, labels?.digest]),
      ),
      body: {
        kind: "bytes",
        estimate: body.length,
        held: whole.length,
        measure: () => whole.length,
        write: (format) => [format === "json" ? whole : toLine(whole)],
        readTable: async (yielder) =>
          await layOutReports(
            () => [compileShape(query, view.asOf)(found, 0)],
            yielder,
            await readLabels(alone, sources),
          ),
      },
    };
  },
};

const NEWLINE = Buffer.from("\n");

function toLine(whole: Buffer): Buffer {
  return Buffer.concat([onOneLine(whole.subarray(0, -NEWLINE.length)), NEWLINE]);
}

function findReport(view: RollView, id: string, account: string | undefined): HostReport | Refusal {
  const found = findById(view.reports, id).filter(
    (one) =>
      (account === undefined || one.account === account) && judgeAge(one.receivedAt, view.asOf, 0) !== "gone",
  );
  const [first, other] = found;
  if (first && other) {
    const accounts = found.map((one) => one.account || '""').join(", ");
    return {
      refusal: "ambiguous",
      detail: `hosts with the id ${id} report from the accounts ${accounts}; add ?account=`,
    };
  }
  if (first) return first;
  // Of what could not be read nobody knows.
  if (view.partial)
    return {
      refusal: "cannot_be_told",
      detail: `the host is not among what is known; ${view.partial.reason}`,
    };
  const departure = isHostId(id) && view.departed.find(({ key }) => parseReportKey(key)?.id === id);
  if (departure)
    return { refusal: "left", detail: `the host left at ${new Date(departure.receivedAt).toISOString()}` };
  const problem =
    isHostId(id) &&
    view.problems.find(
      ({ key }) => key.endsWith(`/${id}.json`) || key.endsWith(`:${id}.json`) || key === `${id}.json`,
    );
  if (problem)
    return {
      refusal: "set_aside",
      detail: `the report of ${id} was set aside (${problem.reason}): ${problem.detail}`,
    };
  return { refusal: "not_found", detail: "no host with this id has reported within the last 24 hours" };
}

function digestText(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, 22);
}
