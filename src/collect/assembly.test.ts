// A report that is put together is one that the reader accepts, whatever collectors found.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_REPORT_BYTES } from "../report/limits.ts";
import { isRejected, parseReport } from "../report/report.ts";
import { runs } from "../testing/runs.ts";
import { assembleReport, type StepRecord } from "./assembly.ts";
import type { JsonValue } from "./value.ts";

const ENVELOPE = { agentVersion: "1.0.0", specDigest: `sha256:${"0".repeat(64)}`, origin: {} };
const HOST: StepRecord = {
  collector: "host",
  wanted: [],
  fields: [
    ["update_date", "2023-12-12T07:00:01+09:00"],
    ["instance_id", "i-1"],
  ],
  unread: [],
  durationMs: 1,
};

function step(fields: StepRecord["fields"], unread: StepRecord["unread"] = []): StepRecord {
  return { collector: "file", wanted: fields.map(([name]) => name), fields, unread, durationMs: 1.4 };
}

function accept(bytes: Buffer): Record<string, unknown> {
  const report = parseReport(bytes, "i-1");
  if (isRejected(report)) throw new Error(`${report.reason}: ${report.detail}`);
  return JSON.parse(bytes.toString()) as Record<string, unknown>;
}

describe("assembleReport", () => {
  it("keeps the order of the steps, number-like names too, and puts rollcall last", () => {
    const { bytes } = assembleReport(
      [
        step([
          ["b", 1],
          ["2", 2],
        ]),
        HOST,
        step([["1", 3]]),
      ],
      ENVELOPE,
    );
    expect(bytes.toString()).toMatch(
      /^\{"b":1,"2":2,"update_date":.*,"instance_id":"i-1","1":3,"rollcall":\{"schema":1,/,
    );
  });

  it("tells how each step went", () => {
    const unread = [{ what: "a\u001b[2J", reason: "x".repeat(400) }];
    const { bytes } = assembleReport([HOST, step([], unread), step([["b", 1]], unread)], {
      ...ENVELOPE,
      origin: { account: "123456789012", region: "ap-northeast-1" },
    });
    const shown = [{ what: "a [2J", reason: `${"x".repeat(300)}…` }];
    expect(accept(bytes).rollcall).toEqual({
      schema: 1,
      agent: "1.0.0",
      spec: ENVELOPE.specDigest,
      account: "123456789012",
      region: "ap-northeast-1",
      collectors: [
        { collector: "host", outcome: "ok", duration_ms: 1 },
        { collector: "file", fields: [], outcome: "failed", duration_ms: 1, unread: shown },
        { collector: "file", fields: ["b"], outcome: "partial", duration_ms: 1, unread: shown },
      ],
    });
  });

  it("counts what it has no room to list", () => {
    const unread = Array.from({ length: 1000 }, (_, index) => ({ what: `f${index}`, reason: "absent" }));
    const outcome = assembleReport([HOST, ...Array.from({ length: 99 }, () => step([], unread))], ENVELOPE);
    expect(outcome.unread).toHaveLength(99_000);
    expect(accept(outcome.bytes).rollcall).toMatchObject({
      collectors: expect.arrayContaining([
        expect.objectContaining({ unread_left_off: 980 }),
        expect.objectContaining({ unread_left_off: 1000 }),
      ]),
    });
  });

  it("leaves the largest fields out where all would be too much", () => {
    const large = Array.from({ length: 100 }, () => "x".repeat(8000));
    const { bytes, unread } = assembleReport(
      [
        HOST,
        step([
          ["a", large],
          ["b", [...large, "y"]],
          ["c", "small"],
        ]),
      ],
      ENVELOPE,
    );
    expect(bytes.length).toBeLessThanOrEqual(MAX_REPORT_BYTES);
    expect(Object.keys(accept(bytes))).toEqual(["update_date", "instance_id", "a", "c", "rollcall"]);
    expect(unread).toEqual([{ what: "b", reason: expect.stringMatching(/^its \d+ bytes do not fit/) }]);
  });

  it("lets no collector break a report", () => {
    const { bytes, unread } = assembleReport(
      [
        HOST,
        step([
          ["instance_id", "i-2"],
          ["rollcall", {}],
          ["__proto__", 1],
          ["bad", "\uD800"],
          ["nan", Number.NaN],
        ]),
      ],
      ENVELOPE,
    );
    expect(accept(bytes).instance_id).toBe("i-1");
    expect(unread).toHaveLength(5);
  });

  it("makes reports that parseReport accepts, whatever the values", () => {
    const text = fc.string({
      unit: fc.oneof(
        fc.string({ unit: "binary", maxLength: 1 }),
        fc.constantFrom("\0", "\uD800", "\uFFFD", '"', "\\"),
      ),
    });
    const value = fc.jsonValue({ maxDepth: 8 }) as fc.Arbitrary<JsonValue>;
    const field = fc.tuple(
      fc.oneof(text, fc.constantFrom("__proto__", "rollcall", "instance_id", "a")),
      fc.oneof(value, text, fc.double()),
    );
    const steps = fc.array(fc.array(field), { maxLength: 5 });
    const unread = fc.array(fc.record({ what: text, reason: text }));
    fc.assert(
      fc.property(steps, unread, (lists, list) => {
        const records = lists.map((fields) => step(fields, list));
        accept(assembleReport([HOST, ...records], ENVELOPE).bytes);
      }),
      { numRuns: runs(125) },
    );
  });
});
