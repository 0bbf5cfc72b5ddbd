// `rollcall show HOST`: one host's report, its fields below each other and its arrays as tables.
import { changes, type ShownChanges } from "../../questions/changes-question.ts";
import { OPEN_BRACE, OPEN_BRACKET } from "../../report/ascii.ts";
import { type JsonSpan, walkChildren } from "../../report/json-walk.ts";
import { formatSpan } from "../../report/span-text.ts";
import { formatJson } from "../terminal/cell.ts";
import type { Line, Table } from "../terminal/tables.ts";
import { layOutChanges } from "./changes.ts";
import type { AskedAnswer, Layout, LayoutTools } from "./layout.ts";

/** Deeper objects are shown as JSON. */
const MAX_SHOWN_DEPTH = 4;

export const report: Layout = {
  examples: [
    "rollcall show i-0123456789abcdef0",
    "rollcall show i-0123456789abcdef0 --history",
    "rollcall show i-0123456789abcdef0 --at 'yesterday 18:00'",
    "rollcall show i-0123456789abcdef0 account=123456789012",
    "rollcall show i-0123456789abcdef0 --jq .app_version",
  ],
  word: { parameter: "id", name: "HOST", isRequired: true },
  flags: [
    {
      flags: "--history",
      description: "what changed in the last 30 days, below the report",
      elsewhere: "rollcall changes --host HOST --each --since 30d --json",
    },
  ],
  async layOut({ json, facts, parameters }, tools) {
    const { formatInstant } = tools;
    const history = tools.flags.history ? await readHistory(parameters, tools) : undefined;
    const { fields, tables } = listFields(json);
    const { state = "", receivedAt, clockSkew = 0, asOf } = facts;
    const received =
      receivedAt === undefined
        ? ""
        : `, received ${formatInstant(receivedAt)}, ${formatSpan(asOf - receivedAt)} ago`;
    const skew =
      Math.abs(clockSkew) >= NOTABLE_SKEW_SECONDS
        ? [`its clock is ${formatSpan(Math.abs(clockSkew) * 1000)} ${clockSkew > 0 ? "ahead" : "behind"}`]
        : [];
    return {
      tables: [
        {
          columns: [{ heading: "FIELD", whole: "all" }, { heading: "VALUE" }],
          // Hosts write it in zones of their own.
          lines: fields.map(([name, value]) => ({
            cells: [name, name === "update_date" ? formatInstant(value) : value],
          })),
        },
        ...tables,
        ...(history ? [history] : []),
      ],
      summary: `${state}${received}`,
      notes: [
        ...skew,
        ...(history?.lines.length === 0 ? ["nothing has changed in 30 days, as far as was recorded"] : []),
      ],
    };
  },
};

/** The host's changes, the newest last. */
async function readHistory(parameters: AskedAnswer["parameters"], tools: LayoutTools): Promise<Table> {
  const id = parameters.find(([name]) => name === "id")?.[1] ?? "";
  const account = parameters.filter(([name]) => name === "account");
  const host = id.replace(/[\\*]/g, "\\$&");
  const json = await tools.ask(changes, [["host", host], ["each", "true"], ["since", "30d"], ...account]);
  const { changes: rows } = JSON.parse(json.toString("utf8")) as ShownChanges;
  const { columns, lines } = layOutChanges(rows, tools);
  const withoutHost = <T>(list: readonly T[]): T[] => list.filter((_, at) => at !== 1);
  return {
    title: "history:",
    columns: withoutHost(columns),
    lines: lines.map((line) => ({ ...line, cells: withoutHost(line.cells) })),
  };
}

/** A clock that is off by less is not shown. */
const NOTABLE_SKEW_SECONDS = 5 * 60;

interface Fields {
  readonly fields: (readonly [name: string, value: string])[];
  /** Arrays of objects. */
  readonly tables: Table[];
}

function listFields(json: Buffer): Fields {
  const found: Fields = { fields: [], tables: [] };
  const visit = (start: number, prefix: string, depth: number): void => {
    walkChildren(json, start, (key = "", span) => {
      const name = prefix === "" ? key : `${prefix}.${key}`;
      const objects = json[span.start] === OPEN_BRACKET ? listObjects(json, span) : [];
      if (objects.length > 0) found.tables.push(makeTable(name, json, objects));
      else if (json[span.start] === OPEN_BRACE && depth < MAX_SHOWN_DEPTH) visit(span.start, name, depth + 1);
      else found.fields.push([name, formatJson(json, span)]);
    });
  };
  visit(json.indexOf("{"), "", 1);
  return found;
}

/** The elements of an array; none where not all of them are objects. */
function listObjects(json: Buffer, array: JsonSpan): JsonSpan[] {
  const elements: JsonSpan[] = [];
  walkChildren(json, array.start, (_, element) => void elements.push(element));
  return elements.every(({ start }) => json[start] === OPEN_BRACE) ? elements : [];
}

function makeTable(title: string, json: Buffer, objects: readonly JsonSpan[]): Table {
  const names = new Set<string>();
  const rows = objects.map(({ start }) => {
    const cells = new Map<string, string>();
    walkChildren(json, start, (key = "", span) => {
      names.add(key);
      cells.set(key, formatJson(json, span));
    });
    return cells;
  });
  return {
    title: `${title}:`,
    columns: [...names].map((name) => ({ heading: name.toUpperCase().replaceAll("_", " "), name })),
    lines: rows.map((cells): Line => ({ cells: [...names].map((name) => cells.get(name) ?? "") })),
  };
}
