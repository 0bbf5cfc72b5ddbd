// The same reports in a bucket and in a folder give the same answers, byte for byte, through the
// built program.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { formatUpdateDate } from "../../src/report/update-date.ts";
import { openStore } from "../../src/store/open.ts";
import type { Store } from "../../src/store/store.ts";
import { run } from "../program.ts";
import { makeBucket, putRaw } from "./bucket.ts";

const BUCKET = "same-answers";
const server = inject("s3");
const env = {
  AWS_ACCESS_KEY_ID: server.user.accessKeyId,
  AWS_SECRET_ACCESS_KEY: server.user.secretAccessKey,
};
const url = `s3://${BUCKET}?endpoint=${server.endpoint}&region=us-east-1`;

let folder: string;
let stores: Store[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "rollcall-same-"));
  await makeBucket(server, BUCKET);
  stores = [
    await openStore(`file:${folder}`, { clock: Date.now }),
    await openStore(url, { clock: Date.now, env }),
  ];
});
afterAll(async () => {
  for (const store of stores) await store.close?.();
  await rm(folder, { recursive: true });
});

async function putEverywhere(key: string, body: string): Promise<void> {
  for (const store of stores) await store.put(key, Buffer.from(body));
}

/**
 * What the program prints of a store; rollcall.reader without the times, which are each store's
 * own.
 */
async function list(store: string, ...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const { stdout, stderr, code } = await run(["list", "--store", store, ...args], { home: folder, env });
  expect(code).toBe(0);
  return { stdout, stderr };
}

/** What is said below a table, without the instant and the store. */
function withoutSource(notes: string): string {
  return notes.replace(/as of .*/, "").replace(/^from .*/m, "");
}

it("gives the same array, lines, filters, tables and counts of problems", async () => {
  const now = formatUpdateDate(Date.now());
  const report = (id: string, more: object = {}) =>
    JSON.stringify({ update_date: now, instance_id: id, ...more });
  const puts: Promise<void>[] = [];
  for (let index = 0; index < 1100; index++) {
    const id = `i-0${(index * 2_654_435_761).toString(16).padStart(16, "0")}`;
    const processes = [{ module_A_filename: `A_red_1.${index % 9}`, "2": "two", "1": 1.5 }];
    puts.push(
      putEverywhere(
        `reports/v1/${100000000000 + (index % 3)}/AROAX:${id}.json`,
        report(id, { processes, é: "ü" }),
      ),
    );
  }
  await Promise.all(puts);
  await putEverywhere("i-0123456789abcdef0.json", report("i-0123456789abcdef0", { rollcall: { schema: 1 } }));
  await putEverywhere(
    "reports/v1/local/pretty.json",
    `{\n  "instance_id": "pretty",\r\n  "update_date": "${now}"\n}\n`,
  );
  await putEverywhere("reports/v1/local/broken.json", "{");
  await putEverywhere("reports/v1/local/misfiled.json", report("other"));

  for (const args of [
    [],
    ["--ndjson"],
    ["processes.module_A_filename=A_red_1.3"],
    ["--fields", "instance_id,processes.1"],
    ["--jq", "length"],
    ["--state", "all", "--table", "--fields", "instance_id"],
  ]) {
    const [fromFolder, fromBucket] = await Promise.all([list(`file:${folder}`, ...args), list(url, ...args)]);
    expect(fromBucket.stdout).toBe(fromFolder.stdout);
    expect(fromBucket.stdout.length).toBeGreaterThan(4);
    expect(withoutSource(fromBucket.stderr)).toBe(withoutSource(fromFolder.stderr));
  }
  expect(JSON.parse((await list(url)).stdout)).toHaveLength(1102);
});

it("reads a bucket of old, with INSTANCE_ID.json at the top and whatever else lies there", async () => {
  await makeBucket(server, "legacy-answers");
  const now = formatUpdateDate(Date.now());
  for (const id of ["i-0aaaaaaaaaaaaaaaa", "i-0bbbbbbbbbbbbbbbb"])
    await putRaw(
      server,
      "legacy-answers",
      `${id}.json`,
      JSON.stringify({ update_date: now, instance_id: id }),
    );
  await putRaw(server, "legacy-answers", "../x.json", "{}");
  await putRaw(server, "legacy-answers", "read me.txt", "hello");
  await putRaw(server, "legacy-answers", "logs/2026/x.json", "{}");
  const { stdout, stderr } = await list(`s3://legacy-answers?endpoint=${server.endpoint}`, "--table");
  expect(stdout).toContain("i-0aaaaaaaaaaaaaaaa");
  expect(stderr).toContain("2 fresh, 0 silent, 1 set aside");
});
