// Measures closed days of history: what they take, and how fast they are read. Hosts report each
// hour, one in a hundred of the reports is another than before, and a recorder looks each minute.
// node bench/history-files.mjs [--hosts 10000] [--days 3] [--rounds 9]
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createGzip } from "node:zlib";
import { buildParts, PARTS } from "./build.mjs";
import { makeReport, reportKey } from "./fleet.mjs";
import { judge, median, printTable, runTimed } from "./measure.mjs";

const { values } = parseArgs({
  options: {
    hosts: { type: "string", default: "10000" },
    days: { type: "string", default: "3" },
    rounds: { type: "string", default: "9" },
  },
});
const [hosts, days, rounds] = [values.hosts, values.days, values.rounds].map(Number);
const [MINUTE, DAY] = [60_000, 86_400_000];

/** USD, ap-northeast-1: for 1,000 PUTs, 1,000 GETs, and a GB a month. */
const PRICE = { put: 0.0047, get: 0.00037, storage: 0.025 };

await buildParts();
const parts = await import(PARTS);
const { BUILT_IN_NOISE, NO_FACTS, closeDays, createHistory, createRecorder, createRoll } = parts;
const { createSegmentBuilder, createTableBuilder, createYielder, openStore, removeEntries } = parts;
const folder = mkdtempSync(join(tmpdir(), "rollcall-history-"));
const begin = (Math.floor(Date.now() / DAY) - days) * DAY;
let now = begin;
const store = await openStore(`file:${folder}`, { clock: () => now });
const describeHost = ({ body }) => {
  const { instance_name: instanceName } = JSON.parse(body);
  return { instanceName, labels: { env: instanceName.slice(0, 4) } };
};

/** What the plain way would keep: the whole roll of each day, and each report that changed. */
const gzip = createGzip({ level: 6 });
let plainBytes = 0;
gzip.on("data", (bytes) => {
  plainBytes += bytes.length;
});

const order = Array.from({ length: hosts }, (_, index) => index).sort((a, b) =>
  reportKey(a) < reportKey(b) ? -1 : 1,
);
const rows = new Array(hosts);
let segments = [];
let changed = 0;

/** Some hosts report: the same as before, but for the date, or with another version. */
function report(indexes, isFirst) {
  const builder = createSegmentBuilder();
  for (const index of indexes) {
    const isOther = !isFirst && (index * 31 + Math.floor(now / (60 * MINUTE)) * 17) % 100 === 0;
    const version = isOther
      ? `1.2.${Math.floor(now / DAY) % 50}.${changed++}`
      : (rows[index]?.version ?? "1.2.3");
    const date = new Date(now - 1000).toISOString();
    const body = Buffer.from(
      makeReport(index, version)
        .toString()
        .replace(/"update_date":"[^"]*"/, `"update_date":"${date}"`),
    );
    const insertion = { offset: body.length - 1, kind: "object" };
    const row = builder.add(reportKey(index), `"${index}-${now}"`, {
      id: "",
      body,
      updatedAt: now - 1000,
      insertion,
    });
    rows[index] = { segment: segments.length, row, at: now - (index % 50) * 1000, version, body };
    if (isOther) gzip.write(Buffer.concat([body, Buffer.from("\n")]));
  }
  segments.push(builder.build());
}

/** So that memory stays bounded: all rows in segments of their own again. */
function pack() {
  const builder = createSegmentBuilder();
  for (const index of order) {
    const { segment, row } = rows[index];
    rows[index] = { ...rows[index], segment: 0, row: builder.copy(segments[segment], row) };
  }
  segments = [builder.build()];
}

let version = 0;
function view() {
  const builder = createTableBuilder(hosts);
  for (const index of order) builder.push(rows[index].segment, rows[index].row, rows[index].at);
  return {
    asOf: now,
    version: version++,
    reports: builder.build([...segments]),
    problems: [],
    problemCount: 0,
    departed: [],
  };
}

const recorder = createRecorder({
  store,
  view: async () => view(),
  facts: async () => NO_FACTS,
  describeHost,
  noise: BUILT_IN_NOISE,
  everyMs: MINUTE,
  clock: () => now,
  yielder: createYielder(),
});

report(order, true);
for (let minute = 0; minute <= days * 1440; minute++) {
  if (minute % 60 === 0) pack();
  if (minute % 1440 === 0 && minute < days * 1440)
    for (const index of order) gzip.write(Buffer.concat([rows[index].body, Buffer.from("\n")]));
  now = begin + minute * MINUTE + 500;
  report(
    order.filter((index) => index % 60 === minute % 60),
    false,
  );
  await recorder.record();
}
const logBytes = sizeOf("history/v1/log") + sizeOf("history/v1/pieces");
const closing = await time(() => closeDays({ store, describeHost }));
await removeEntries(store);
await new Promise((resolve) => gzip.end(resolve));
const kinds = ["changes", "rolls", "receipts"];
const stored = kinds.map((kind) => sizeOf(`history/v1/${kind}`));
const total = stored.reduce((sum, bytes) => sum + bytes, 0);

function sizeOf(path) {
  let bytes = 0;
  if (!existsSync(join(folder, path))) return bytes;
  for (const name of readdirSync(join(folder, path), { recursive: true })) {
    const stat = statSync(join(folder, path, name));
    if (stat.isFile()) bytes += stat.size;
  }
  return bytes;
}

async function time(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

const perDay = (bytes) => `${(bytes / days / 1e6).toFixed(2)} MB`;
console.log(`${hosts} hosts, ${days} days of 1440 looks, ${changed} reports changed; days are alike`);
printTable(
  ["a day", ...kinds, "all three", "gzip, one stream", "ratio", "the log, while it is there"],
  [
    [
      "stored",
      ...stored.map(perDay),
      perDay(total),
      perDay(plainBytes),
      judge((total / plainBytes).toFixed(2), "at most 1.5", total <= plainBytes * 1.5),
      perDay(logBytes),
    ],
  ],
);

const month = 30;
const reports = ((hosts * 24 * month) / 1000) * PRICE.put + ((hosts * 650) / 2 ** 30) * PRICE.storage;
const history =
  (((1440 + 3) * month) / 1000) * PRICE.put +
  ((1440 * month) / 1000) * PRICE.get +
  (((total / days) * month + (logBytes / days) * 3) / 2 ** 30) * PRICE.storage;
printTable(
  ["30 days on S3", "reports", "history", "share"],
  [
    [
      "USD",
      reports.toFixed(2),
      history.toFixed(3),
      judge(`${((100 * history) / reports).toFixed(2)} %`, "under 5 %", history < reports * 0.05),
    ],
  ],
);

for (const index of order) await store.put(reportKey(index), rows[index].body);
const clock = () => now;
const saver = createRoll({ store, clock, snapshot: "keep", refreshesAhead: false });
await saver.view();
await saver.close();
const figures = { cold: [], past: [] };
for (let round = 0; round < rounds; round++) {
  const roll = createRoll({ store, clock, snapshot: "use", refreshesAhead: false });
  figures.cold.push(await time(() => roll.view()));
  await roll.close();
  const at = begin + Math.floor(((round + 0.5) / rounds) * days * DAY);
  let told;
  figures.past.push(
    await time(async () => {
      told = await createHistory({ store, clock }).viewAt(at);
    }),
  );
  if (!told.view || told.view.reports.rowOf.length !== hosts) throw new Error(JSON.stringify(told));
}
const [cold, past] = [median(figures.cold), median(figures.past)];
printTable(
  ["one roll", "cold start from a snapshot", "at= a minute of a closed day", "ratio"],
  [["ms", cold.toFixed(0), past.toFixed(0), judge((past / cold).toFixed(2), "at most 2", past <= cold * 2)]],
);

const [since, until] = [begin + (days - 1) * DAY, begin + days * DAY].map((at) => new Date(at).toISOString());
const duck = join(folder, "..", `rollcall-duck-${process.pid}.mjs`);
const api = import.meta.resolve("@duckdb/node-api");
writeFileSync(
  duck,
  `import { DuckDBInstance } from ${JSON.stringify(api)};
const connection = await (await DuckDBInstance.create()).connect();
const reader = await connection.runAndReadAll(\`select * from read_parquet('${folder}/history/v1/changes/*/*.parquet',
  hive_partitioning = true) where "at" >= timestamptz '${since}' and "at" < timestamptz '${until}'\`);
process.stdout.write(JSON.stringify(reader.getRowObjectsJson()));
`,
);
const main = new URL("../dist/main.js", import.meta.url).pathname;
const ours = [
  process.execPath,
  main,
  "changes",
  "--store",
  `file:${folder}`,
  "--since",
  since,
  "--until",
  until,
  "--each",
];
const walls = { ours: [], duck: [] };
for (let round = 0; round < rounds; round++) {
  walls.ours.push((await runTimed(ours)).wall);
  walls.duck.push((await runTimed([process.execPath, duck])).wall);
}
const [own, theirs] = [median(walls.ours), median(walls.duck)];
printTable(
  ["changes of a day, a new process", "DuckDB", "rollcall changes", "ratio"],
  [
    [
      "s",
      theirs.toFixed(2),
      own.toFixed(2),
      judge((own / theirs).toFixed(2), "at most 2", own <= theirs * 2),
    ],
  ],
);
console.log(`\nClosing ${days} days took ${(closing / 1000).toFixed(1)} s.`);
rmSync(folder, { recursive: true });
rmSync(duck);
