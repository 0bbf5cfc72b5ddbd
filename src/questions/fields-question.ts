// The question `fields`: which names there are to ask for, and what they hold.
import { type Cut, listDetails } from "./cut.ts";
import {
  compareFields,
  countFields,
  type FieldCounts,
  KINDS,
  MAX_SHOWN_NAMES,
  MAX_SHOWN_VALUES,
} from "./fields.ts";
import { countLabels, LABEL_KIND } from "./label-counts.ts";
import { FILTER, LENIENT, PARTIAL, SAME, STATE, WITHIN } from "./parameters.ts";
import { parseQuery, QueryError } from "./query.ts";
import type { Question } from "./question.ts";
import { selectReports } from "./selection.ts";

const FIELD_SCHEMA = {
  type: "object",
  required: ["name", "kinds", "hosts", "versions", "distinct", "values", "cut"],
  properties: {
    name: {
      type: "string",
      description:
        "As a filter writes it: `processes.module_A_filename`, `env`; `label.env` where reports have a " +
        "field of the label's name.",
    },
    kinds: {
      type: "array",
      items: { type: "string", enum: [...KINDS, LABEL_KIND] },
      description:
        "What its values are; of an array, its elements' kinds too. `label`: no field, but what a rule of " +
        "the configuration reads out of fields.",
    },
    hosts: { type: "integer", description: "Hosts that have it." },
    versions: { type: "boolean", description: "Whether most of its frequent values hold a version." },
    distinct: { type: "integer", description: "Distinct values, as far as they were counted." },
    values: {
      type: "array",
      description: `The most frequent values, at most ${MAX_SHOWN_VALUES}.`,
      items: {
        type: "object",
        required: ["value", "hosts"],
        properties: { value: { type: "string" }, hosts: { type: "integer" } },
      },
    },
    cut: { type: "boolean", description: "Whether values were left out of the counting." },
  },
};

export const fields: Question = {
  name: "fields",
  names: { path: "/v1/fields", command: "fields", docs: "ask.md", tool: "list_fields" },
  summary: "Which names there are to ask for, and what they hold",
  description:
    "Every name that the chosen reports have, labels among them, as filters write it: of what kind its " +
    "values are, how many hosts have it, its most frequent values, and whether they hold versions. At most " +
    `${MAX_SHOWN_NAMES} fields, those of most hosts first; what was left out is told.`,
  sample: "?env=prod",
  parameters: [WITHIN, STATE, FILTER, SAME, LENIENT, PARTIAL],
  answer: {
    description: "The names.",
    row: { name: "Field", schema: FIELD_SCHEMA },
    facts: ["Rollcall-Count", "Rollcall-Silent", "Rollcall-Problems"],
  },
  refusals: [],

  async ask(sources, parameters) {
    const query = parseQuery(parameters, sources.windowMs);
    if (query.fields || query.meta)
      throw new QueryError(query.fields ? "fields" : "meta", "has no meaning here");
    const view = await sources.viewAt();
    const selection = await selectReports(view, query, sources);
    const counts = await countFields(selection, sources.yielder);
    const fieldNames = new Set(counts.fields.map(({ name }) => name));
    const labels = await countLabels(selection, sources, (name) => fieldNames.has(name));
    const rows = [...counts.fields, ...labels].sort(compareFields);
    const left = listLeft(counts);
    return {
      facts: {
        asOf: view.asOf,
        count: selection.positions.length,
        silent: selection.silent,
        problems: selection.problems,
        cuts: [...selection.cuts, ...left],
        warnings: [...selection.warnings, ...listDetails(left)],
        ...(view.partial && { partial: view.partial }),
      },
      validUntil: selection.validUntil,
      body: { kind: "rows", rows, layout: { between: "\n", after: "\n" } },
    };
  },
};

function listLeft({ omitted, isCut }: FieldCounts): Cut[] {
  const left: Cut[] = [];
  if (omitted > 0)
    left.push({
      kind: "names",
      count: omitted,
      detail: `${omitted} names of the fewest hosts were left out`,
    });
  if (isCut)
    left.push({
      kind: "names",
      detail: "there are more names, or longer ones, than are looked at; they were left out",
    });
  return left;
}
