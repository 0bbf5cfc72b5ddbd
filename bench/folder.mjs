// Measures a server over a folder of 1,000 to 100,000 reports: how start-up and answers grow. node
// bench/folder.mjs [ROUNDS] [SIZE …]
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const require = createRequire(import.meta.url);
const program = require.resolve("../dist/main.js");
const peer = require.resolve("./peers/parse-everything.mjs");
const [rounds = 5, ...given] = process.argv.slice(2).map(Number);
const sizes = given.length > 0 ? given : [1000, 10_000, 30_000, 100_000];

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const home = mkdtempSync(join(tmpdir(), "rollcall-bench-"));

/** Runs a command to its end; gives its output and how long it took, ms. */
function run(args) {
  const startedAt = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      env: { PATH: process.env.PATH, HOME: home },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const chunks = [];
    child.stdout.on("data", (bytes) => chunks.push(bytes));
    child.on("close", (code) =>
      code === 0
        ? resolve({ output: Buffer.concat(chunks), ms: performance.now() - startedAt })
        : reject(new Error(`${args.join(" ")}: ${code}`)),
    );
  });
}

function makeFolder(size) {
  const root = join(home, String(size));
  const folder = join(root, "reports/v1/local");
  mkdirSync(folder, { recursive: true });
  for (let index = 0; index < size; index++) writeReport(folder, index, "1.2.3");
  return { size, root, folder, url: `file:${root}` };
}

function writeReport(folder, index, version) {
  const id = `i-0${index.toString(16).padStart(16, "0")}`;
  const report = {
    update_date: new Date().toISOString(),
    os_start_date: "2023-12-11 19:11:22",
    instance_id: id,
    instance_name: `prod_service1_instance${index}`,
    instance_type: "g4dn.2xlarge",
    instance_life_cycle: index % 3 ? "spot" : "ondemand",
    app_version: version,
    processes: Array.from({ length: 4 }, (_, process) => ({
      module_A_filename: `A_red_1.${process}`,
      module_B_filename: "B_red_1.8.5",
      port: 8000 + process,
    })),
  };
  const path = join(folder, `${id}.json`);
  writeFileSync(path, JSON.stringify(report));
  // A tenth is silent, so that answers have something to leave out.
  if (index % 10 === 9) utimesSync(path, new Date(), new Date(Date.now() - 4 * 3_600_000));
}

/** One request; ms until the last byte, and how many bytes. */
function ask(url, path, headers) {
  const startedAt = performance.now();
  return new Promise((resolve, reject) => {
    request(`${url}${path}`, { headers }, (response) => {
      let bytes = 0;
      response.on("data", (chunk) => {
        bytes += chunk.length;
      });
      response.on("end", () =>
        resolve({
          ms: performance.now() - startedAt,
          bytes,
          status: response.statusCode,
          headers: response.headers,
        }),
      );
      response.on("error", reject);
    })
      .on("error", reject)
      .end();
  });
}

/** Past the second for which a view is reused. */
const pause = () => new Promise((resolve) => setTimeout(resolve, 1500));

async function measure({ size, root, folder, url: store }, key) {
  // Uncounted: both then find the files in memory, whichever comes first.
  await run([peer, root]);
  const startedAt = performance.now();
  const child = spawn(process.execPath, [program, "serve", "--store", store, "--listen", "127.0.0.1:0"], {
    env: { PATH: process.env.PATH, HOME: home },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const url = await new Promise((resolve) => {
    let text = "";
    const look = (bytes) => {
      text += bytes;
      const match = /http:\/\/127\.0\.0\.1:\d+/.exec(text);
      if (match) resolve(match[0]);
    };
    child.stdout.on("data", look);
    child.stderr.on("data", look);
  });
  const headers = { "x-api-key": key };
  const first = await ask(url, "/v1/reports", headers);
  const cold = performance.now() - startedAt;
  if (first.status !== 200 || Number(first.headers["rollcall-count"]) !== size - Math.floor(size / 10))
    throw new Error(`${size}: short answer`);
  const figures = { cold };
  figures.memory = (await ask(url, "/v1/reports", headers)).ms;
  figures.filter = (await ask(url, "/v1/reports?processes.module_A_filename=A_red_9*", headers)).ms;
  figures.gzip = (await ask(url, "/v1/reports", { ...headers, "accept-encoding": "gzip" })).ms;
  figures.gzipAgain = (await ask(url, "/v1/reports", { ...headers, "accept-encoding": "gzip" })).ms;
  await pause();
  figures.unchanged = (await ask(url, "/v1/reports", { ...headers, "if-none-match": first.headers.etag })).ms;
  for (let index = 0; index < size; index += 100)
    writeReport(folder, index, `1.2.${Math.floor(performance.now())}`);
  await pause();
  figures.changed = (await ask(url, "/v1/reports", headers)).ms;
  child.kill("SIGTERM");
  await new Promise((resolve) => child.once("close", resolve));
  figures.peer = (await run([peer, root])).ms;
  return figures;
}

const NAMES = {
  cold: "process start to last byte of the first full answer",
  peer: "read, parse, filter, write with plain Node (bench/peers/parse-everything.mjs)",
  unchanged: "nothing changed: list the folder, answer 304",
  changed: "1% changed: list, read those, full answer",
  memory: "full answer within the same second",
  filter: "filter on a field in an array, all looked at",
  gzip: "full answer gzipped, first time",
  gzipAgain: "the same again",
};

try {
  const folders = sizes.map(makeFolder);
  const keys = new Map();
  for (const { size, url } of folders) {
    const { output } = await run([
      program,
      "keys",
      "create",
      "--store",
      url,
      "--scope",
      "read",
      "--name",
      "bench",
    ]);
    keys.set(size, output.toString().trim());
  }
  const all = new Map(sizes.map((size) => [size, []]));
  // Sizes in turn, so that a slow minute of the machine falls on all of them.
  for (let round = 0; round < rounds; round++) {
    for (const folder of folders) {
      all.get(folder.size).push(await measure(folder, keys.get(folder.size)));
      console.error(`round ${round + 1}/${rounds}, ${folder.size} reports done`);
    }
  }
  console.log(
    `node ${process.version}, ${rounds} rounds, medians in ms; in brackets: ms per 1,000 reports\n`,
  );
  console.log(
    `| work | ${sizes.map((size) => size.toLocaleString("en")).join(" | ")} |\n| --- ` +
      `|${" ---: |".repeat(sizes.length)}`,
  );
  for (const [figure, name] of Object.entries(NAMES)) {
    const cells = sizes.map((size) => {
      const ms = median(all.get(size).map((one) => one[figure]));
      return `${ms.toFixed(ms < 10 ? 1 : 0)} (${((ms * 1000) / size).toFixed(2)})`;
    });
    console.log(`| ${name} | ${cells.join(" | ")} |`);
  }
  const ratios = sizes.map((size) =>
    (median(all.get(size).map((one) => one.cold)) / median(all.get(size).map((one) => one.peer))).toFixed(2),
  );
  console.log(`| first full answer / plain Node | ${ratios.join(" | ")} |`);
} finally {
  rmSync(home, { recursive: true, force: true });
}
