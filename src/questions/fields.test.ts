// Tests of the names that reports have.
import { describe, expect, it } from "vitest";
import { SLICE_BYTES } from "../roll/yielder.ts";
import { makeView } from "../testing/view-double.ts";
import { countYields } from "../testing/yielder-double.ts";
import { countFields, MAX_SHOWN_NAMES } from "./fields.ts";

const make = (id: string, fields: object) => ({
  id,
  ageMs: 1000,
  body: JSON.stringify({ instance_id: id, update_date: "2024-03-01T00:00:00Z", ...fields }),
});

async function count(reports: ReturnType<typeof make>[], yielder = countYields()) {
  const { reports: table } = makeView(reports);
  const counts = await countFields({ table, positions: Uint32Array.from(table.rowOf.keys()) }, yielder);
  return { ...counts, field: (name: string) => counts.fields.find((field) => field.name === name) };
}

describe("countFields", () => {
  it("tells names as filters write them, kinds, hosts, and the most frequent values", async () => {
    const { field, fields, omitted, isCut } = await count([
      make("i-1", {
        app: "A_1.9",
        "a.b": 1,
        processes: [{ m: "x" }, { m: "x" }, { m: "y" }],
        on: true,
        none: null,
      }),
      make("i-2", { app: "A_1.10", "a.b": 2, processes: [{ m: "x", n: [1, "1"] }] }),
      make("i-3", { app: "A_1.10", "a.b": "two", tags: [] }),
    ]);
    expect({ omitted, isCut }).toEqual({ omitted: 0, isCut: false });
    expect(fields.slice(0, 4).map(({ name }) => name)).toEqual([
      "a\\.b",
      "app",
      "instance_id",
      "update_date",
    ]);
    expect(field("app")).toEqual({
      name: "app",
      kinds: ["string"],
      hosts: 3,
      versions: true,
      distinct: 2,
      values: [
        { value: "A_1.10", hosts: 2 },
        { value: "A_1.9", hosts: 1 },
      ],
      cut: false,
    });
    expect(field("a\\.b")).toMatchObject({ kinds: ["string", "number"], hosts: 3, versions: false });
    expect(field("processes")).toMatchObject({
      kinds: ["object", "array"],
      hosts: 2,
      distinct: 0,
      values: [],
    });
    // A host counts once for each value, however often it has it.
    expect(field("processes.m")).toMatchObject({
      hosts: 2,
      values: [
        { value: "x", hosts: 2 },
        { value: "y", hosts: 1 },
      ],
    });
    // The number 1 and the text "1" read the same.
    expect(field("processes.n")).toMatchObject({ kinds: ["string", "number", "array"], distinct: 1 });
    expect(field("on")).toMatchObject({ kinds: ["boolean"], values: [{ value: "true", hosts: 1 }] });
    expect(field("none")).toMatchObject({ kinds: ["null"], hosts: 1, distinct: 0 });
    expect(field("update_date")).toMatchObject({ versions: false });
    // As for versions: the digits of an id are no version.
    expect(field("instance_id")).toMatchObject({ versions: false });
  });

  it("finds one name however its letters are written", async () => {
    const reports = ['"caf\\u00e9":1', '"cafe\u0301":1', '"caf\u00e9":1'].map((member, at) => ({
      id: `i-${at}`,
      ageMs: 0,
      body: `{"instance_id":"i-${at}","update_date":"2024-03-01T00:00:00Z",${member}}`,
    }));
    expect((await count(reports)).field("caf\u00e9")).toMatchObject({ hosts: 3, distinct: 1 });
  });

  it("is bounded in names, values and bytes, says so, and gives others their turn", async () => {
    const names = Object.fromEntries(Array.from({ length: 9000 }, (_, at) => [`n${at}`, 1]));
    const more = Object.fromEntries(Array.from({ length: 9000 }, (_, at) => [`m${at}`, 1]));
    const others = Object.fromEntries(Array.from({ length: 9000 }, (_, at) => [`o${at}`, 1]));
    const values = Array.from({ length: 5000 }, (_, at) => `v${at}`);
    const yielder = countYields();
    const { fields, field, omitted, isCut } = await count(
      [
        make("i-0", { values, long: "x".repeat(200_000) }),
        make("i-1", { values: ["v1"], long: "x" }),
        make("i-2", names),
        make("i-3", more),
        make("i-4", others),
      ],
      yielder,
    );
    expect(fields).toHaveLength(MAX_SHOWN_NAMES);
    expect([omitted > 10_000, isCut]).toEqual([true, true]);
    expect(field("values")).toMatchObject({ hosts: 2, distinct: 1000, cut: true });
    expect(field("values")?.values).toHaveLength(10);
    expect(field("values")?.values[0]).toEqual({ value: "v1", hosts: 2 });
    expect(field("long")).toMatchObject({ hosts: 2, distinct: 1, cut: true });
    expect(yielder.longest).toBeLessThanOrEqual(SLICE_BYTES);
  });
});
