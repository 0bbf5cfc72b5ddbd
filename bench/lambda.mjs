// Measures the Lambda functions under AWS's runtime client, with the CPU that 1,024 MB bring: node
// bench/lambda.mjs [--hosts N] [--rounds N]
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { deflateRawSync } from "node:zlib";
import { buildParts, PARTS } from "./build.mjs";
import { putReports, range } from "./fleet.mjs";
import { judge, median, printTable } from "./measure.mjs";

const { values } = parseArgs({
  options: { hosts: { type: "string", default: "10000" }, rounds: { type: "string", default: "5" } },
});
const hosts = Number(values.hosts);
const rounds = Number(values.rounds);
const root = fileURLToPath(new URL("..", import.meta.url));
const DELAY_MS = 20;

/** AWS, "Configure Lambda function memory": at 1,769 MB a function has one vCPU. */
const CPU_SHARE = 1024 / 1769;
const CPU_GROUP = "/sys/fs/cgroup/cpu/rollcall-bench";

await buildParts();
const { makeBucket, openStore, startFunction, startGateway, startS3Server } = await import(PARTS);
const server = await startS3Server({ lifecycleDaySeconds: 86_400 });
const proxy = spawn(
  process.execPath,
  [`${root}bench/delay-proxy.mjs`, new URL(server.endpoint).port, String(DELAY_MS)],
  {
    stdio: ["ignore", "pipe", "inherit"],
  },
);
const port = Number(await new Promise((resolve) => proxy.stdout.once("data", resolve)));
const endpoint = `http://127.0.0.1:${port}`;
const env = {
  AWS_ACCESS_KEY_ID: server.user.accessKeyId,
  AWS_SECRET_ACCESS_KEY: server.user.secretAccessKey,
};

/**
 * A bucket of its own for what is measured with a snapshot, and one for what is measured without.
 */
async function fill(bucket) {
  await makeBucket(server, bucket);
  const store = await openStore(`s3://${bucket}?endpoint=${server.endpoint}&region=us-east-1`, {
    clock: Date.now,
    env,
  });
  await putReports(store, range(hosts), "1.2.3");
  await store.close();
}

/**
 * A function that has been started as Lambda starts it, with a whole CPU, and from now on has its
 * share.
 */
async function start(handler, bucket) {
  const store = `s3://${bucket}?region=us-east-1&endpoint=${endpoint}`;
  const fn = await startFunction({
    handler,
    env: { ...env, ROLLCALL_STORE: store, ROLLCALL_MAX_AGE: "1ms" },
  });
  const init = fn.measureCpu();
  writeFileSync(`${CPU_GROUP}/cgroup.procs`, String(fn.pid));
  return { fn, init };
}

async function refresh(fn) {
  const { body } = await fn.invoke({});
  const chunks = [];
  for await (const chunk of body) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks)).reports;
}

/** Asks, and counts what the function took for it. */
async function ask({ url }, fn, headers) {
  const cpuBefore = fn.measureCpu();
  const startedAt = performance.now();
  const response = await fetch(`${url}/reports`, { headers: { "x-api-key": "key", ...headers } });
  const bytes = (await response.arrayBuffer()).byteLength;
  const wall = performance.now() - startedAt;
  if (response.status !== 304 && Number(response.headers.get("rollcall-count")) !== hosts)
    throw new Error(`${response.status}, ${response.headers.get("rollcall-count")} hosts`);
  return { wall, cpu: fn.measureCpu() - cpuBefore, bytes, etag: response.headers.get("etag") };
}

const GZIP = { "accept-encoding": "gzip" };
const taken = {};
const note = (name, figures) => {
  taken[name] ??= [];
  taken[name].push(figures);
};

async function measureRound(bucket, kind) {
  const { fn, init } = await start("index.read", bucket);
  const gateway = await startGateway(fn, { key: "id" });
  try {
    note("init", { cpu: init, wall: init, memory: 0, bytes: 0 });
    const cold = await ask(gateway, fn, GZIP);
    note(`cold, ${kind}`, { ...cold, memory: fn.measureMemory() });
    for (let turn = 0; turn < 3; turn++) {
      note("warm, nothing changed, gzip", { ...(await ask(gateway, fn, GZIP)), memory: fn.measureMemory() });
      note("warm, nothing changed, plain", {
        ...(await ask(gateway, fn, { "accept-encoding": "identity" })),
        memory: fn.measureMemory(),
      });
      note("warm, 304", {
        ...(await ask(gateway, fn, { ...GZIP, "if-none-match": cold.etag })),
        memory: fn.measureMemory(),
      });
    }
  } finally {
    await gateway.stop();
    await fn.stop();
  }
}

mkdirSync(CPU_GROUP, { recursive: true });
writeFileSync(`${CPU_GROUP}/cpu.cfs_period_us`, "20000");
writeFileSync(`${CPU_GROUP}/cpu.cfs_quota_us`, String(Math.round(20_000 * CPU_SHARE)));
try {
  console.error(`putting twice ${hosts.toLocaleString("en")} reports`);
  await fill("without");
  await fill("with");
  const { fn: refresher } = await start("index.refresh", "with");
  if ((await refresh(refresher)) !== hosts) throw new Error("the refresher misses hosts");
  const before = refresher.measureCpu();
  const startedAt = performance.now();
  await refresh(refresher);
  note("refresher, nothing changed", {
    wall: performance.now() - startedAt,
    cpu: refresher.measureCpu() - before,
    bytes: 0,
    memory: refresher.measureMemory(),
  });
  await refresher.stop();
  for (let round = 0; round < rounds; round++) {
    await measureRound("without", "no snapshot");
    await measureRound("with", "from the snapshot");
  }
} finally {
  proxy.kill();
  await server.stop();
  rmdirSync(CPU_GROUP);
}

const GOALS = {
  init: ["cpu", 250, "under 250"],
  "warm, nothing changed, gzip": ["wall", 400, "under 400"],
  "warm, nothing changed, plain": ["wall", 400, "under 400"],
  "cold, no snapshot": ["wall", 29_000, "well under 29,000"],
};
const bundle = readFileSync(`${root}dist/lambda/index.js`);
const zipped = deflateRawSync(bundle, { level: 9 }).length;
console.log(
  `\n${hosts.toLocaleString("en")} hosts, ${DELAY_MS} ms added, ${rounds} rounds in ` +
    `turn, ${CPU_SHARE.toFixed(2)} of a CPU after init; medians`,
);
printTable(
  ["what", "wall ms", "CPU ms", "resident MB", "answer MB"],
  Object.entries(taken).map(([name, all]) => {
    const of = (key) => median(all.map((one) => one[key]));
    const [judged, limit, words] = GOALS[name] ?? [];
    const show = (key) =>
      judged === key ? judge(of(key).toFixed(0), words, of(key) < limit) : of(key).toFixed(0);
    return [name, show("wall"), show("cpu"), (of("memory") / 1e6).toFixed(0), (of("bytes") / 1e6).toFixed(2)];
  }),
);
console.log(
  `\nThe bundle: ${(bundle.length / 1e6).toFixed(2)} MB, zipped ` +
    `${judge(`${(zipped / 1e6).toFixed(2)} MB`, "under 1 MB", zipped < 1e6)}`,
);
