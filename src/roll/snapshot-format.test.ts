// Tests of the snapshot's bytes: what is written is read back, and nothing else is taken for it.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isRejected, parseReport } from "../report/report.ts";
import { runs } from "../testing/runs.ts";
import {
  createSegmentBuilder,
  isReport,
  readBody,
  readEtag,
  readInsertion,
  readKey,
  readSetAside,
} from "./segment.ts";
import {
  BrokenSnapshot,
  decodeIndex,
  decodeManifest,
  decodeSegment,
  encodeIndex,
  encodeManifest,
  encodeSegment,
} from "./snapshot-format.ts";

function makeSegment(ids: readonly string[]) {
  const builder = createSegmentBuilder();
  for (const id of ids) {
    const body = Buffer.from(
      `{"instance_id":"${id}","update_date":"2024-03-01T09:00:30+0900","n":"${"é".repeat(id.length)}"}`,
    );
    const report = parseReport(body, id);
    builder.add(
      `reports/v1/local/${id}.json`,
      `etag-${id}`,
      isRejected(report) ? { ...report, size: 7 } : report,
    );
  }
  builder.add("reports/v1/local/bad.json", "e", {
    reason: "not_json",
    detail: "byte 3: é",
    size: 5_000_000_000,
  });
  return builder.build();
}

const id = fc.stringMatching(/^[a-z0-9]{1,30}$/);

describe("a segment", () => {
  it("is read back as it was written", () => {
    fc.assert(
      fc.property(fc.uniqueArray(id, { maxLength: 20 }), (ids) => {
        const segment = makeSegment(ids);
        const back = decodeSegment(encodeSegment(segment));
        expect(back.count).toBe(ids.length + 1);
        for (const [row, one] of ids.entries()) {
          expect(isReport(back, row)).toBe(true);
          expect(readKey(back, row)).toBe(`reports/v1/local/${one}.json`);
          expect(readEtag(back, row)).toBe(`etag-${one}`);
          expect(readBody(back, row)).toEqual(readBody(segment, row));
          expect(JSON.parse(readBody(back, row).toString()).instance_id).toBe(one);
          expect(readInsertion(back, row)).toEqual({
            kind: "object",
            offset: readBody(back, row).length - 1,
          });
          expect(back.updatedAt[row]).toBe(Date.UTC(2024, 2, 1, 0, 0, 30));
        }
        expect(isReport(back, ids.length)).toBe(false);
        expect(readSetAside(back, ids.length)).toEqual({
          reason: "not_json",
          detail: "byte 3: é",
          size: 5_000_000_000,
        });
      }),
    );
  });

  it("that was cut, grew or is something else is refused, whatever it is", () => {
    const bytes = encodeSegment(makeSegment(["a", "bb", "ccc"]));
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeSegment(bytes.subarray(0, length))).toThrow(BrokenSnapshot);
    }
    expect(() => decodeSegment(Buffer.concat([bytes, Buffer.from("x")]))).toThrow(BrokenSnapshot);
    fc.assert(
      fc.property(fc.nat({ max: bytes.length - 1 }), fc.nat({ max: 255 }), (at, value) => {
        const changed = Buffer.from(bytes);
        changed[at] = value;
        try {
          const segment = decodeSegment(changed);
          // What passes can be read without harm.
          for (let row = 0; row < segment.count; row++) readBody(segment, row).toString();
        } catch (error) {
          expect(error).toBeInstanceOf(BrokenSnapshot);
        }
      }),
      { numRuns: runs(200) },
    );
  });
});

describe("an index", () => {
  const segments = [makeSegment(["a", "b"]), makeSegment(["c"])];
  const state = {
    table: {
      segments,
      segmentOf: Uint32Array.of(0, 0, 1),
      rowOf: Uint32Array.of(0, 1, 0),
      receivedAt: Float64Array.of(1.5, 2, 1_700_000_000_123),
    },
    problems: [{ key: "x", reason: "bad_key" as const, detail: "é", receivedAt: 1, size: 2 }],
    problemCount: 9,
    departures: [{ key: "reports/v1/local/x.json", receivedAt: 7 }],
    asOf: 1_700_000_000_456,
  };

  it("is read back as it was written", () => {
    expect(decodeIndex(encodeIndex(state), segments)).toEqual(state);
  });

  it("that names rows which are not there, or was cut, is refused", () => {
    const bytes = encodeIndex(state);
    expect(() => decodeIndex(bytes, segments.slice(0, 1))).toThrow(BrokenSnapshot);
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeIndex(bytes.subarray(0, length), segments)).toThrow(BrokenSnapshot);
    }
  });
});

describe("a manifest", () => {
  const piece = { name: "a".repeat(64), bytes: 5 };

  it("is read back as it was written", () => {
    const manifest = { asOf: 5, index: piece, segments: [piece, piece] };
    expect(decodeManifest(encodeManifest(manifest))).toEqual(manifest);
  });

  it.each([
    "",
    "{",
    "[]",
    "null",
    '{"format":2}',
    JSON.stringify({ format: 1, as_of: 5, index: { ...piece, name: "../../x" }, segments: [] }),
    JSON.stringify({ format: 1, as_of: 5, index: { ...piece, bytes: 1e12 }, segments: [] }),
    JSON.stringify({ format: 1, as_of: 5, index: piece, segments: [], more: 1 }),
  ])("%j is refused", (text) => {
    expect(() => decodeManifest(Buffer.from(text))).toThrow(BrokenSnapshot);
  });
});
