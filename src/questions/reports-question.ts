// The question `reports`: the roll, as one JSON array. Its rows are stored bytes, spliced.
import { createHash } from "node:crypto";
import { readReport } from "../roll/view.ts";
import { SHARED_YIELDER } from "../roll/yielder.ts";
import { compileShape, measureReports, writeReports } from "./array.ts";
import type { HostSelection, Sources } from "./groups.ts";
import { FIELDS, FILTER, LENIENT, META, PARTIAL, SAME, STATE, WITHIN } from "./parameters.ts";
import { parseQuery, type Query } from "./query.ts";
import type { Question, ReadyBytes } from "./question.ts";
import { digestReceived, digestStored } from "./report-digest.ts";
import { listLabelFields, readLabelMembers, readLabels } from "./report-labels.ts";
import { REPORT } from "./report-schema.ts";
import { layOutReports } from "./report-table.ts";
import { type Selection, selectReports } from "./selection.ts";

export const reports: Question<ReadyBytes> = {
  name: "reports",
  names: {
    path: "/v1/reports",
    aliases: ["/v1/app-report"],
    command: "list",
    docs: "ask.md",
    tool: "list_reports",
  },
  summary: "Every fresh report, as one JSON array",
  description:
    "The reports of all hosts heard of within the window, ordered by where they " +
    "lie in the store, each as its host sent it, fields in the host's order. " +
    "With `Accept: application/x-ndjson`, one report a line; with `text/csv`, a table with the " +
    "fields and labels as columns, one row a host, what has parts as JSON. " +
    "The array is complete or the answer is an error.",
  sample: "?instance_life_cycle=spot",
  parameters: [WITHIN, STATE, FILTER, SAME, FIELDS, META, LENIENT, PARTIAL],
  answer: {
    description: "The reports.",
    row: REPORT,
    facts: ["Rollcall-Count", "Rollcall-Silent", "Rollcall-Problems"],
  },
  refusals: [],

  async ask(sources, parameters) {
    const query = parseQuery(parameters, sources.windowMs);
    const view = await sources.viewAt();
    const selection = await selectReports(view, query, sources);
    const labels = await readLabelMembers(query.fields, selection, sources);
    const { silent, problems, cuts, warnings, validUntil } = selection;
    return {
      facts: {
        asOf: view.asOf,
        count: selection.positions.length,
        silent,
        problems,
        cuts,
        warnings,
        ...(view.partial && { partial: view.partial }),
      },
      validUntil,
      digest:
        (await digestAnswer(selection, query, view.asOf, sources)) +
        hashText(describeQuery(query)) +
        (labels?.digest ?? ""),
      body: {
        kind: "bytes",
        estimate: selection.bytes,
        held: selection.positions.byteLength,
        measure: (format) => measureReports(selection, query, format),
        write: (format) => writeReports(selection, query, format, view.asOf, labels),
        readTable: async (yielder) => {
          const columns = await readLabels(selection, sources);
          const cells = (columns.digest ?? "") + (await digestCells(selection, query, sources));
          const list = () => listBodies(selection, query, view.asOf);
          return await layOutReports(list, yielder, { ...columns, digest: cells });
        },
      },
    };
  },
};

function* listBodies({ table, positions }: Selection, query: Query, asOf: number): Generator<Buffer> {
  const shape = compileShape(query, asOf);
  for (const [place, at] of positions.entries()) yield shape(readReport(table, at), place);
}

/**
 * What identifies the answer's bytes beside the question: where only some fields are in it, what
 * these hold, so that heartbeats that change nothing in them change nothing here.
 */
async function digestAnswer(
  chosen: HostSelection,
  { fields, meta, windowMs }: Query,
  asOf: number,
  { labels, reader, yielder = SHARED_YIELDER }: Sources,
): Promise<string> {
  if (meta) return digestReceived(chosen, windowMs, asOf);
  if (!fields) return digestStored(chosen);
  const own = fields.filter(({ scope }) => scope !== "label").map(({ path }) => path);
  return await reader.contents.digest(chosen, [...own, ...listLabelFields(fields, labels)], yielder);
}

/** The same of what the labels in a table are read out of. */
async function digestCells(
  chosen: HostSelection,
  { fields, meta }: Query,
  { labels, reader, yielder = SHARED_YIELDER }: Sources,
): Promise<string> {
  // All of each report is in the answer's digest already.
  if (!fields || meta) return "";
  return await reader.contents.digest(chosen, listLabelFields("all", labels), yielder);
}

/** Two questions with the same text have the same answer. */
function describeQuery({ windowMs, state, filters, same, fields, meta }: Query): string {
  const asked = filters.map(({ field, scope, values }) => [field, scope, values]);
  return JSON.stringify([windowMs, state, asked, same, fields, meta]);
}

function hashText(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, 8);
}
