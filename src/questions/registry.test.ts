// Tests of every question: its answer as JSON, lines and CSV, and names that nobody knows.
import { describe, expect, it } from "vitest";
import { makeChange, makePast } from "../testing/history-double.ts";
import { makeQuestionSources, makeView, NOW } from "../testing/view-double.ts";
import { askQuestion, isRefusal, readPreferences } from "./asker.ts";
import { COMMON_FACTS, readFacts, toHeaders } from "./facts.ts";
import { QueryError } from "./query.ts";
import type { ParameterValues, Question } from "./question.ts";
import { QUESTIONS } from "./registry.ts";
import { type AnswerFormat, FORMATS } from "./written-answer.ts";

const HOUR = 3_600_000;
const make = (id: string, ageMs: number, more: object) => ({
  id,
  ageMs,
  body: JSON.stringify({ instance_id: id, update_date: "2024-03-01T00:00:00Z", ...more }),
});

const VIEW = makeView(
  [
    make("i-1", 0, { instance_name: "prod_web_001", app_version: "1.10.0", note: 'a "quoted", text' }),
    make("i-2", HOUR, {
      instance_name: "dev_web_001",
      app_version: "1.9.0",
      size: 12345678901234567890n.toString(),
    }),
    make("i-3", 5 * HOUR, { instance_name: "prod_api_001", processes: [{ pid: 1 }] }),
  ],
  {
    departed: [{ key: "reports/v1/local/i-7.json", receivedAt: NOW - 1000 }],
    problems: [
      {
        key: "reports/v1/local/i-8.json",
        reason: "not_json",
        detail: "the bytes are not JSON",
        receivedAt: NOW,
        size: 3,
      },
    ],
    problemCount: 1,
  },
);

const SOURCES = makeQuestionSources(VIEW, {
  past: makePast([
    { view: { ...makeView([make("i-1", 0, { app_version: "1.9.0" })]), asOf: NOW - HOUR } },
    { view: VIEW, changes: [makeChange("i-1")] },
  ]),
  readExpected: async () => ({ expected: new Set(["i-1", "i-9"]) }),
});

/** What a question has to be given. */
const NEEDED: Readonly<Record<string, string>> = {
  id: "i-1",
  field: "app_version",
  at: new Date(NOW - HOUR).toISOString(),
};
const neededValues = ({ parameters }: Question): ParameterValues =>
  parameters
    .filter(({ in: place, isRequired }) => place === "path" || isRequired)
    .map(({ name }) => [name, NEEDED[name] ?? ""]);

async function ask(question: Question, format: AnswerFormat, more: ParameterValues = []) {
  const { parameters } = readPreferences(question, [...neededValues(question), ...more]);
  const { signal } = new AbortController();
  const written = await askQuestion(question, parameters, SOURCES, { format, signal });
  if (isRefusal(written)) throw new Error(written.detail);
  return { ...written, text: Buffer.concat([...written.write()]).toString() };
}

describe.each(QUESTIONS.map((question) => [question.name, question] as const))("%s", (_name, question) => {
  it("answers as JSON, a line a row, and CSV", async () => {
    const [json, lines, csv] = await Promise.all(FORMATS.map((format) => ask(question, format)));
    const document = JSON.parse(json?.text ?? "");
    const rows = (lines?.text ?? "")
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line));
    if (!question.answer.document) expect(rows).toEqual(document);
    expect(rows.length).toBeGreaterThan(0);
    const [head = "", ...others] = (csv?.text ?? "").split("\r\n");
    expect(others.at(-1)).toBe("");
    expect(others.length - 1).toBe(rows.length);
    const columns = head.split(",");
    for (const row of rows) for (const name of Object.keys(row)) expect(columns).toContain(name);
  });

  it("tells the length that its bytes have, and the same digest for the same answer", async () => {
    for (const format of FORMATS) {
      const [first, second] = [await ask(question, format), await ask(question, format)];
      if (first.length !== undefined) expect(Buffer.byteLength(first.text)).toBe(first.length);
      expect(first.digest).toMatch(/^[\w-]{8,}$/);
      expect(second.digest).toBe(first.digest);
    }
  });

  it("says of itself what its headers say, and nothing that its schema does not", async () => {
    const { facts } = await ask(question, "json");
    const headers = new Headers(toHeaders(facts));
    expect(readFacts(headers)).toEqual({
      ...facts,
      // Nothing is cut here, and there is no header that says so.
      cuts: undefined,
      warnings: facts.warnings.length > 0 ? [facts.warnings.join("; ")] : [],
    });
    const stated = [...question.answer.facts, ...COMMON_FACTS].map((name) => name.toLowerCase());
    for (const name of headers.keys()) expect(stated).toContain(name);
  });

  it("refuses what it does not know", () => {
    const needed = neededValues(question);
    expect(() => readPreferences(question, [...needed, ["partial", "yes"]])).toThrow("partial: ");
    expect(() => readPreferences(question, [...needed, ["format", "xml"]])).toThrow("format: ");
    if (question.name !== "diff")
      expect(() => readPreferences(question, [...needed, ["at", "now"]])).toThrow(QueryError);
    if (!question.parameters.some(({ anyName }) => anyName))
      expect(() => readPreferences(question, [["partail", "ok"]])).toThrow(
        "partail: is no parameter here; is partial meant?",
      );
  });
});

it("has one question for each name", () => {
  for (const read of [
    (question: Question) => question.name,
    ({ names }: Question) => names.path,
    ({ names }: Question) => names.command,
    ({ names }: Question) => names.tool,
  ])
    expect(new Set(QUESTIONS.map(read)).size).toBe(QUESTIONS.length);
});
