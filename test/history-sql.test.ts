// The questions of docs/history.md, "In SQL", as they stand there, asked by DuckDB of days that
// were recorded and closed.
import { readFile } from "node:fs/promises";
import { DuckDBInstance } from "@duckdb/node-api";
import { expect, test } from "vitest";
import { closeDays } from "../src/history/close-days.ts";
import { MINUTE, makeHistoryLab } from "../src/testing/history-lab.ts";
import { makeFolder } from "../src/testing/temporary-folder.ts";

const HOUR = 60 * MINUTE;
const BEGIN = Date.UTC(2026, 10, 25);

const describeHost = ({ body }: { readonly body: Buffer }) => {
  const { instance_name: name } = JSON.parse(body.toString()) as { readonly instance_name: string };
  return { instanceName: name, labels: { env: name.slice(0, name.indexOf("_")) } };
};

/** What a host reports in an hour since the beginning. */
function describeReport(host: number, hour: number) {
  const isNew = hour >= 30 + host && !(host === 4 && hour >= 40);
  const state = host === 1 && hour >= 32 && hour < 34 ? "restart_pending" : "running";
  return {
    instance_name: `${host > 3 ? "dev" : "prod"}_web_${host}`,
    flag: host === 2 ? hour % 2 === 0 : true,
    processes: [{ module_A_filename: isNew ? "A_red_1.10" : "A_red_1.9", state }],
  };
}

/** Two days of five hosts: a release hour by hour, one rolled back, one that flaps, a restart. */
async function recordTwoDays(): Promise<string> {
  const lab = makeHistoryLab();
  lab.advance(BEGIN - lab.clock());
  const recorder = lab.addRecorder({ everyMs: HOUR, describeHost });
  for (let hour = 0; hour <= 48; hour++) {
    for (let host = 1; host <= 5; host++)
      if (host !== 5 || hour !== 47) await lab.putReport(`i-0a${host}`, describeReport(host, hour));
    if (hour === 47) await lab.put("departures/v1/local/i-0a5.json", "");
    await recorder.record();
    lab.advance(HOUR);
  }
  await closeDays({ store: lab.store, describeHost });
  const files: Record<string, Buffer> = {};
  for (const key of await lab.listHistory())
    if (key.endsWith(".parquet")) files[key] = (await lab.store.get(key, { maxBytes: 1e9 }))?.body as Buffer;
  return await makeFolder(files);
}

test("the questions of docs/history.md are answered by DuckDB as they stand there", async () => {
  const page = await readFile(new URL("../docs/history.md", import.meta.url), "utf8");
  const [views, ...questions] = [...page.matchAll(/```sql\n(.*?)```/gs)].map(([, sql = ""]) => sql);
  expect(questions).toHaveLength(10);
  const folder = await recordTwoDays();
  const connection = await (await DuckDBInstance.create()).connect();
  const ask = async (sql: string) =>
    (await connection.runAndReadAll(sql)).getRowObjectsJson() as Record<string, unknown>[];
  for (const view of (views as string).split(/;\n/).filter((sql) => sql.trim() !== ""))
    await ask(view.replace("'history/", `'${folder}/history/`));
  const answers: Record<string, unknown>[][] = [];
  for (const sql of questions) answers.push(await ask(sql));
  const [host, day, spread, report, versions, back, flapping, coming, restarts, noisy] = answers;
  expect(host?.map(({ kind }) => kind)).toEqual(["changed", "restart_pending", "restarted"]);
  expect(day?.[0]).toMatchObject({ before: "A_red_1.9", after: "A_red_1.10", hosts: "5" });
  expect(spread?.map(({ hosts }) => Number(hosts))).toEqual([1, 2, 3, 4, 5]);
  expect(JSON.parse(String(report?.[0]?.report))).toMatchObject({
    instance_id: "i-0a1",
    processes: [{ module_A_filename: "A_red_1.10" }],
  });
  expect(versions).toEqual([
    { env: "dev", version: "A_red_1.10", hosts: "2" },
    { env: "prod", version: "A_red_1.10", hosts: "3" },
  ]);
  expect(back).toContainEqual(expect.objectContaining({ host: "i-0a4", tried: "A_red_1.10" }));
  expect(flapping?.map((row) => [row.host, row.field])).toEqual([["i-0a2", "flag"]]);
  expect(coming?.at(-1)).toMatchObject({ arrived: "0", went: "1" });
  expect(restarts).toEqual([{ host: "i-0a1", minutes: 120 }]);
  expect(noisy?.[0]).toMatchObject({ field: "flag", hosts: "1" });
});
