// The Parquet files, read back by Rollcall and by DuckDB.
import fc from "fast-check";
import { expect, test } from "vitest";
import { createPacker } from "../roll/packer.ts";
import { readBody, readEtag, readKey } from "../roll/segment.ts";
import { askDuckDB } from "../testing/duckdb.ts";
import { runs } from "../testing/runs.ts";
import { makeFolder } from "../testing/temporary-folder.ts";
import { CHANGE_KINDS, type Change } from "./change.ts";
import { createChangesFile, readChangesFile } from "./changes-file.ts";
import { BrokenParquet, MAX_GROUP_ROWS, openParquet } from "./parquet-file.ts";
import { createRollsFile, openRollsFile } from "./rolls-file.ts";

const AT = Date.UTC(2026, 10, 26, 3, 0, 1, 234);

function makeChange(number: number, rest: Partial<Change> = {}): Change {
  return {
    entry: 1 + Math.floor(number / 10),
    at: AT + number,
    receivedAt: AT - 5000,
    account: "111111111111",
    host: `i-${number}`,
    key: `reports/v1/111111111111/AROA:i-${number}.json`,
    instanceName: `prod_${number}`,
    labels: { env: "prod", service: "payments" },
    kind: "changed",
    field: "processes.0.module_A_filename",
    before: "A_red_1.9",
    after: "A_red_1.10",
    ...rest,
  };
}

function writeChanges(changes: readonly Change[]): Buffer {
  const file = createChangesFile();
  for (const change of changes) file.add(change);
  return file.finish();
}

async function readChanges(bytes: Buffer): Promise<Change[]> {
  const read: Change[] = [];
  for await (const some of readChangesFile(bytes)) read.push(...some);
  return read;
}

/** Values that have broken other programs. */
const HOSTILE = [
  "",
  " ",
  "x".repeat(10_240),
  "\u202eغير\u202c שלום",
  "👩‍👩‍👧‍👦🇯🇵",
  "\ufeffwith a byte order mark",
  "'; drop table changes; --",
  "a\tb\nc\r\n",
  "__proto__",
  "NULL",
];

test("hostile values come back as they were, and an empty text is not a missing one", async () => {
  const changes = HOSTILE.flatMap((text, number) => [
    makeChange(number, {
      field: text,
      before: text,
      after: null,
      instanceName: null,
      labels: Object.fromEntries([
        ["__proto__", text],
        ["constructor", "c"],
        [text, "v"],
      ]),
    }),
    makeChange(number, { before: null, after: text, instanceName: text, labels: {}, cut: true }),
  ]);
  const bytes = writeChanges(changes);
  expect(await readChanges(bytes)).toEqual(changes);
  const folder = await writeDay("changes", bytes);
  const rows = await askDuckDB(
    `select host, field, before, after, instance_name, labels, epoch_ms("at") as ms, dt from read_parquet(
      '${folder}/*/*.parquet', hive_partitioning = true)`,
  );
  expect(rows).toHaveLength(changes.length);
  // DuckDB's binding for Node takes a byte order mark away from what it shows.
  const bare = (text: string | null) => text?.replace(/^\ufeff/, "") ?? null;
  for (const [place, row] of rows.entries()) {
    const { host, field, before, after, instanceName, labels } = changes[place] as Change;
    expect(row).toMatchObject({
      host,
      field: bare(field),
      before: bare(before),
      after: bare(after),
      instance_name: bare(instanceName),
      dt: "2026-11-26",
    });
    const entries = (row.labels as { key: string; value: string }[]).map(({ key, value }) => [key, value]);
    const expected = Object.entries(labels).map((entry) => entry.map(bare));
    expect(entries).toEqual(expected);
  }
  expect(rows[0]?.ms).toBe(String(AT));
});

test("any changes come back as they were", async () => {
  const text = fc.string({ unit: "grapheme", maxLength: 40 });
  const change = fc.record({
    number: fc.nat(1000),
    before: fc.option(text),
    after: fc.option(text),
    instanceName: fc.option(text),
    labels: fc.dictionary(text, text, { noNullPrototype: true }),
    kind: fc.constantFrom(...CHANGE_KINDS),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 30 }), async (parts) => {
      const changes = parts.map(({ number, ...rest }) => makeChange(number, rest));
      expect(await readChanges(writeChanges(changes))).toEqual(changes);
    }),
    { numRuns: runs(50) },
  );
});

test("the same rows are the same bytes, in row groups that are bounded", async () => {
  const changes = Array.from({ length: MAX_GROUP_ROWS + 5 }, (_, number) => makeChange(number));
  const bytes = writeChanges(changes);
  expect(writeChanges(changes).equals(bytes)).toBe(true);
  expect(openParquet(bytes).groups).toEqual([MAX_GROUP_ROWS, 5]);
  expect((await readChanges(bytes)).at(-1)).toEqual(changes.at(-1));
});

test("a day without a change is a file that SQL reads, with no row", async () => {
  const folder = await writeDay("changes", writeChanges([]));
  const [row] = await askDuckDB(`select count(*) as n from read_parquet('${folder}/*/*.parquet')`);
  expect(row?.n).toBe("0");
});

test("reports come back byte by byte, in order, across row groups and segments", async () => {
  const packer = createPacker(0);
  const bodies = Array.from({ length: 700 }, (_, number) =>
    Buffer.from(
      JSON.stringify({
        instance_id: `i-${number}`,
        text: HOSTILE[number % HOSTILE.length],
        pad: "y".repeat(30_000),
      }),
    ),
  );
  for (const [number, body] of bodies.entries())
    packer.add(`reports/v1/local/i-${number}.json`, `"etag-${number}"`, {
      id: `i-${number}`,
      body,
      updatedAt: AT,
      insertion: { offset: body.length - 1, kind: "object" },
    });
  const file = createRollsFile();
  const places = packer
    .segments()
    .flatMap((segment) => Array.from({ length: segment.count }, (_, row) => ({ segment, row })));
  for (const [number, place] of places.entries())
    file.add({
      ...place,
      at: AT,
      receivedAt: AT - number,
      isWhole: number < 600,
      isAside: number === 3,
      instanceName: null,
      labels: { env: "dev" },
    });
  const bytes = file.finish();
  expect(openParquet(bytes).groups.length).toBeGreaterThan(1);
  const reader = openRollsFile(bytes);
  let number = 0;
  for (const count of [1, 600, 99]) {
    const marks = bodies
      .slice(number, number + count)
      .map(({ length }) => ({ updatedAt: AT, insertion: { offset: length - 1, kind: "object" as const } }));
    for (const segment of await reader.take(marks))
      for (let row = 0; row < segment.count; row++, number++) {
        expect(readBody(segment, row).equals(bodies[number] as Buffer)).toBe(true);
        expect([readKey(segment, row), readEtag(segment, row)]).toEqual([
          `reports/v1/local/i-${number}.json`,
          `"etag-${number}"`,
        ]);
      }
  }
  await expect(reader.take([{ updatedAt: AT, insertion: { offset: 1, kind: "object" } }])).rejects.toThrow(
    BrokenParquet,
  );
  const folder = await writeDay("rolls", bytes);
  const rows = await askDuckDB(
    `select host, whole, report from read_parquet('${folder}/*/*.parquet', hive_partitioning = true)
     where not aside order by received_at desc`,
  );
  expect(rows.map(({ report }) => report)).toEqual(
    bodies.filter((_, place) => place !== 3).map((body) => body.toString("utf8")),
  );
});

test("bytes that are no such file, or half of one, are told as such", async () => {
  const bytes = writeChanges([makeChange(1), makeChange(2)]);
  for (const broken of [Buffer.alloc(0), Buffer.alloc(100), bytes.subarray(0, bytes.length - 20)])
    expect(() => openParquet(broken)).toThrow(BrokenParquet);
});

async function writeDay(table: string, bytes: Buffer): Promise<string> {
  return await makeFolder({ [`dt=2026-11-26/${table}.parquet`]: bytes });
}
