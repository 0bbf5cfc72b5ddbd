// Measures reading fleets from a real S3 server: node bench/s3.mjs [cold] [delay] [warm] [snapshot]
// [memory] [growth] [--rounds N] [--sizes N,N] [--only NAME,NAME]
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildParts, PARTS } from "./build.mjs";
import { putReports, range } from "./fleet.mjs";
import { judge, median, printTable, runTimed } from "./measure.mjs";
import { installPeers, listContestants } from "./peers.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "5" },
    sizes: { type: "string", default: "1000,10000,100000,1000000" },
    only: { type: "string" },
  },
});
const rounds = Number(values.rounds);
const figures = positionals.length > 0 ? positionals : ["cold", "delay", "warm", "snapshot", "memory"];

await buildParts();
const { makeBucket, openStore, presign, startS3Server } = await import(PARTS);
const memoryBytes = figures.includes("growth") ? 16 * 2 ** 30 : 6 * 2 ** 30;
const server = figures.some((figure) => figure !== "memory")
  ? await startS3Server({ memoryBytes })
  : undefined;
const env = server && {
  AWS_ACCESS_KEY_ID: server.user.accessKeyId,
  AWS_SECRET_ACCESS_KEY: server.user.secretAccessKey,
};
const urlOf = (bucket, endpoint = server.endpoint) => `s3://${bucket}?endpoint=${endpoint}&region=us-east-1`;

const buckets = new Map();

/** A bucket of so many reports, made once. */
async function fill(count) {
  const bucket = `fleet-${count}`;
  if (!buckets.has(count)) {
    console.error(`putting ${count.toLocaleString("en")} reports`);
    await makeBucket(server, bucket);
    const store = await openStore(urlOf(bucket), { clock: Date.now, env });
    await putReports(store, range(count), "1.2.3");
    buckets.set(count, { bucket, store });
  }
  return buckets.get(count);
}

/** Runs one measured process of the product. */
const run = (...args) => runOn([], ...args);

/** The same behind another command. */
async function runOn(prefix, ...args) {
  const output = join(tmpdir(), "rollcall-bench.json");
  const flags = args[0] === "memory" ? ["--expose-gc"] : [];
  const { wall, cpu } = await runTimed(
    [...prefix, process.execPath, ...flags, join(root, "bench/run.mjs"), ...args],
    {
      env,
      output,
    },
  );
  return { ...JSON.parse(readFileSync(output, "utf8")), process: { wall, cpu } };
}

/** Whoever took so many times as long as rollcall in the first round is not run again. */
const FAR_BEHIND = 20;

const ratio = (a, b) => (a / b).toFixed(2);

/**
 * Every contestant in turn, wall and CPU of the whole process; with delayMs, through the delaying
 * proxy.
 */
async function compareProcesses(count, delayMs) {
  const { bucket } = await fill(count);
  const folder = installPeers();
  const proxy = delayMs ? await startProxy(delayMs) : undefined;
  const all = listContestants(folder, bucket, proxy?.endpoint ?? server.endpoint);
  const contestants = Object.fromEntries(
    Object.entries(all).filter(([name]) => values.only?.split(",").includes(name) ?? true),
  );
  const taken = new Map(Object.keys(contestants).map((name) => [name, []]));
  const output = "/dev/shm/rollcall-bench-answer.json";
  for (let round = 0; round < rounds; round++) {
    for (const [name, command] of Object.entries(contestants)) {
      // Another round would tell nothing new, and take as long again.
      if (
        (taken.get(name)[0]?.wall ?? 0) >
        FAR_BEHIND * (taken.get("rollcall")[0]?.wall ?? Number.POSITIVE_INFINITY)
      )
        continue;
      const { wall, cpu } = await runTimed(command, { env, output });
      const reports = JSON.parse(readFileSync(output, "utf8"));
      if (new Set(reports.map(({ instance_id: id }) => id)).size !== count)
        throw new Error(`${name}: a wrong answer`);
      taken.get(name).push({ wall, cpu });
      console.error(`round ${round + 1}: ${name} ${wall} s, CPU ${cpu.toFixed(2)} s`);
    }
  }
  proxy?.child.kill();
  const own = taken.get("rollcall");
  const ours = { wall: median(own.map(({ wall }) => wall)), cpu: median(own.map(({ cpu }) => cpu)) };
  const rows = [...taken].map(([name, all]) => {
    const [wall, cpu] = [median(all.map((one) => one.wall)), median(all.map((one) => one.cpu))];
    return [name, wall.toFixed(2), cpu.toFixed(2), ratio(wall, ours.wall), ratio(cpu, ours.cpu)];
  });
  console.log(
    `\n${count.toLocaleString("en")} reports, ` +
      `${delayMs ? `${delayMs} ms added` : "no latency added"}, ${rounds} rounds in ` +
      "turn",
  );
  printTable(["process", "wall s", "CPU s", "wall / rollcall's", "CPU / rollcall's"], rows);
}

async function startProxy(delayMs) {
  const port = new URL(server.endpoint).port;
  const child = spawn(process.execPath, [join(root, "bench/delay-proxy.mjs"), port, String(delayMs)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const answer = await new Promise((resolve) => child.stdout.once("data", resolve));
  return { child, endpoint: `http://127.0.0.1:${Number(answer)}` };
}

/** Keeps the server's processes on some cores. */
function pin(cores) {
  for (const name of readdirSync(join(server.folder, "run")).filter((file) => file.endsWith(".pid"))) {
    const pid = readFileSync(join(server.folder, "run", name), "utf8").trim();
    execFileSync("taskset", ["-acp", cores, pid], { stdio: "ignore" });
  }
}

/**
 * GETs a second of a new reader, its listing included, against wrk over presigned URLs. Twice: the
 * server on one core and the reader on another, as where they are two machines; and all on all
 * cores, where each microsecond of a reader's is one that the server lacks.
 */
async function compareRate(count) {
  const { bucket, store } = await fill(count);
  installPeers();
  const paths = [];
  for await (const page of store.list("reports/v1/")) {
    for (const { key } of page) {
      const path = `/${bucket}/${key.replaceAll(":", "%3A")}`;
      paths.push(
        presign(server, { method: "GET", path, expiresIn: 86_400, now: Date.now() }).slice(
          server.endpoint.length,
        ),
      );
    }
  }
  const file = join(tmpdir(), "rollcall-bench-paths.txt");
  writeFileSync(file, `${paths.join("\n")}\n`);
  const lua = join(root, "bench/peers/presigned.lua");
  const peers = { 32: [], 64: [], 128: [] };
  const layouts = [
    {
      name: "the server on a core of its own",
      cores: "0",
      taskset: ["taskset", "-c", "1"],
      ours: [],
      peers: structuredClone(peers),
    },
    { name: "both cores shared", cores: "0,1", taskset: [], ours: [], peers: structuredClone(peers) },
  ];
  for (let round = 0; round < rounds; round++) {
    for (const { name, cores, taskset, ours, peers: wrk } of layouts) {
      pin(cores);
      for (const connections of Object.keys(peers)) {
        const [command, ...args] = [
          ...taskset,
          "wrk",
          "-t1",
          `-c${connections}`,
          "-d5s",
          "-s",
          lua,
          server.endpoint,
          "--",
          file,
        ];
        const text = execFileSync(command, args, { encoding: "utf8" });
        if (/Non-2xx|Socket errors/.test(text)) throw new Error(text);
        wrk[connections].push(Number(/Requests\/sec:\s+(\S+)/.exec(text)[1]));
      }
      const { count: read, wall } = await runOn(taskset, "cold", urlOf(bucket));
      if (read !== count) throw new Error("a short roll");
      ours.push(read / wall);
      const theirs = Object.entries(wrk).map(([connections, all]) => `${connections}: ${all.at(-1)}`);
      console.error(
        `round ${round + 1}, ${name}: wrk ${theirs.join(", ")}; rollcall ${ours.at(-1).toFixed(0)}`,
      );
    }
  }
  for (const { name, ours, peers: wrk } of layouts) {
    const own = median(ours);
    console.log(`\n${count.toLocaleString("en")} reports, GET/s, ${name}, ${rounds} rounds in turn`);
    const rows = Object.entries(wrk).map(([connections, all]) => {
      const share = own / median(all);
      return [
        `wrk, ${connections} connections`,
        median(all).toFixed(0),
        judge(share.toFixed(2), "0.95", share >= 0.95),
      ];
    });
    printTable(
      ["reader", "GET/s", "rollcall's share of it"],
      [["rollcall, new process, listing included", own.toFixed(0), ""], ...rows],
    );
  }
}

async function compareWarm(count) {
  const { bucket } = await fill(count);
  const { figures: taken } = await run("warm", urlOf(bucket), String(count), String(rounds));
  const [list, refresh] = [median(taken.map((one) => one.list)), median(taken.map((one) => one.refresh))];
  console.log(`\n${count.toLocaleString("en")} reports, 1% changed, ${rounds} rounds`);
  printTable(
    ["work", "s", "of the listing"],
    [
      ["the bare listing, page after page", list.toFixed(3), "1"],
      [
        "refresh: list, read what changed",
        refresh.toFixed(3),
        judge(ratio(refresh, list), "at most 1.5", refresh / list <= 1.5),
      ],
    ],
  );
}

async function compareSnapshot(count) {
  const { bucket } = await fill(count);
  const url = urlOf(bucket);
  const { gzipped } = await run("save", url);
  const works = {
    peer: ["oneObject", url],
    aged: ["first", url, "86400000"],
    first: ["first", url],
    list: ["list", url],
  };
  const taken = new Map(Object.keys(works).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, args] of Object.entries(works)) taken.get(name).push((await run(...args)).process.wall);
  }
  const [peer, aged, first, list] = ["peer", "aged", "first", "list"].map((name) => median(taken.get(name)));
  console.log(
    `\n${count.toLocaleString("en")} reports, whole processes, ${rounds} rounds in ` +
      `turn; the object has ${(gzipped / 1e6).toFixed(1)} MB`,
  );
  printTable(
    ["new process", "wall s", "of one object's"],
    [
      ["reads one object of the same size, gunzips it", peer.toFixed(2), "1"],
      [
        "first full answer from the snapshot, --max-age",
        aged.toFixed(2),
        judge(ratio(aged, peer), "at most 2", aged / peer <= 2),
      ],
      ["first full answer, listed and then from the snapshot", first.toFixed(2), ratio(first, peer)],
      ["the bare listing alone", list.toFixed(2), ratio(list, peer)],
    ],
  );
}

async function compareMemory() {
  const { held, rss, maxRss, rounds: taken } = await run("memory", "1000000", String(Math.max(rounds, 9)));
  const share = median(taken.map(({ array, copy }) => copy / array));
  const rate = median(taken.map(({ array, bytes }) => bytes / array / 1e9));
  console.log(`\n1,000,000 reports in memory, ${(held / 1e6).toFixed(0)} MB of bodies, a tenth silent`);
  printTable(
    ["figure", "value"],
    [
      ["full array, of memcpy's rate", judge(share.toFixed(2), "0.2", share >= 0.2)],
      ["full array, GB/s", rate.toFixed(1)],
      ["resident memory / bytes of bodies", judge(ratio(rss, held), "at most 1.6", rss / held <= 1.6)],
      ["the most it ever was / bytes of bodies", ratio(maxRss, held)],
    ],
  );
}

async function measureGrowth() {
  const file = join(root, "docs/images/growth.json");
  mkdirSync(join(root, "docs/images"), { recursive: true });
  for (const count of values.sizes.split(",").map(Number)) {
    const { bucket } = await fill(count);
    const all = [];
    // The largest takes ten minutes a round.
    for (let round = 0; round < (count > 100_000 ? 1 : rounds); round++)
      all.push(await run("growth", urlOf(bucket), String(count)));
    const one = { reports: count, rounds: all.length };
    for (const figure of ["cold", "first", "warm", "memory", "list", "maxRss"])
      one[figure] = median(all.map((each) => each[figure]));
    // Kept after each size, since the whole takes most of an hour.
    const others = existsSync(file)
      ? JSON.parse(readFileSync(file, "utf8")).filter((old) => old.reports !== count)
      : [];
    const data = [...others, one].sort((a, b) => a.reports - b.reports);
    writeFileSync(file, `${JSON.stringify(data, null, 2)}\n`);
    console.error(JSON.stringify(one));
  }
  console.log(`wrote ${file}; node bench/plot.mjs draws it`);
}

const WORKS = {
  cold: async () => {
    await compareRate(10_000);
    await compareProcesses(10_000, 0);
  },
  rate: () => compareRate(10_000),
  delay: () => compareProcesses(10_000, 20),
  warm: () => compareWarm(50_000),
  snapshot: () => compareSnapshot(100_000),
  memory: compareMemory,
  growth: measureGrowth,
};

try {
  for (const figure of figures) await WORKS[figure]();
} finally {
  for (const { store } of buckets.values()) await store.close();
  await server?.stop();
}
