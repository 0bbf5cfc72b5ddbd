// Measures what the agent costs a host, and how soon its changes are seen: node bench/agent.mjs
// [one] [idle] [visible] [--rounds N] [--seconds N] `one` and `idle` measure the executable (node
// scripts/executable.mjs x64), and beside it the same program on Node.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildParts } from "./build.mjs";
import { judge, median, printTable, runTimed } from "./measure.mjs";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: "string", default: "5" }, seconds: { type: "string", default: "120" } },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const figures = positionals.length > 0 ? positionals : ["one", "idle", "visible"];
const root = fileURLToPath(new URL("..", import.meta.url));
const executable = join(root, "dist-bin/rollcall-linux-x64");
const programs = { executable: [executable], "on Node": [process.execPath, join(root, "dist/main.js")] };
if (!existsSync(executable)) throw new Error("build the executable first: node scripts/executable.mjs x64");
const home = mkdtempSync(join(tmpdir(), "rollcall-agent-"));

const FACTS = {
  "meta-data/instance-id": "i-0123456789abcdef0",
  "meta-data/instance-type": "g4dn.2xlarge",
  "meta-data/instance-life-cycle": "on-demand",
  "meta-data/tags/instance/Name": "prod_service1_instance001",
  "dynamic/instance-identity/document": '{"accountId":"123456789012","region":"ap-northeast-1"}',
};

/** An instance metadata service on loopback. */
async function startMetadata() {
  const server = createServer((request, response) => {
    const path = (request.url ?? "").replace("/latest/", "");
    if (request.method === "PUT") return response.end("TOKEN==");
    const fact = FACTS[path];
    response.writeHead(fact === undefined ? 404 : 200).end(fact);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

/** A host's files: a program that says its version, and some configuration files. */
function makeHost(files) {
  const folder = mkdtempSync(join(home, "host-"));
  mkdirSync(join(folder, "conf"));
  writeFileSync(join(folder, "app"), "#!/bin/sh\necho version 1.2.3\n", { mode: 0o755 });
  for (let at = 0; at < files; at++) {
    writeFileSync(
      join(folder, `conf/process${at}.conf`),
      `module_A_filename=A_red_1.${at}\nmodule_B_filename=B_blue_1.8.${at}\n`,
    );
  }
  const fields =
    "{ module_A_filename: { pattern: '^module_A_filename=(.*)$' }, " +
    "module_B_filename: { pattern: '^module_B_filename=(.*)$' } }";
  const spec = [
    "version: 1",
    "collect:",
    "  - host:",
    `  - command: { run: [${folder}/app, --version], fields: { app_version: { ` +
      "pattern: 'version (\\S+)' } } }",
    `  - files: { glob: "${folder}/conf/*.conf", into: processes, fields: ${fields} }`,
  ];
  writeFileSync(join(folder, "spec.yaml"), `${spec.join("\n")}\n`);
  return folder;
}

async function compareOneShot() {
  const metadata = await startMetadata();
  const host = makeHost(10);
  const env = { AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata.url, HOME: home };
  const works = {
    "the old way's shell script": ["sh", join(root, "bench/peers/old-report.sh"), metadata.url, host],
    ...Object.fromEntries(
      Object.entries(programs).map(([name, program]) => [
        `rollcall report, ${name}`,
        [...program, "report", "--print", "--spec", join(host, "spec.yaml")],
      ]),
    ),
  };
  const taken = new Map(Object.keys(works).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, command] of Object.entries(works)) {
      const output = join(home, "report.json");
      const { wall, cpu } = await runTimed(command, { env, output });
      const { processes } = JSON.parse(readFileSync(output, "utf8"));
      if (processes.length !== 10) throw new Error(`${name}: a wrong report`);
      taken.get(name).push({ wall, cpu });
    }
  }
  metadata.close();
  const old = median(taken.get("the old way's shell script").map(({ cpu }) => cpu));
  console.log(`\nOne report of 10 configuration files, ${rounds} rounds in turn`);
  const rows = [...taken].map(([name, all]) => {
    const [wall, cpu] = [median(all.map((one) => one.wall)), median(all.map((one) => one.cpu))];
    const share = (cpu / old).toFixed(2);
    return [
      name,
      wall.toFixed(3),
      cpu.toFixed(3),
      name.includes("executable") ? judge(share, "at most 0.2", cpu / old <= 0.2) : share,
    ];
  });
  printTable(["process", "wall s", "CPU s", "CPU / the script's"], rows);
}

/** Resident memory, in bytes, and CPU time, in seconds, of a process and those it started. */
function measure(pid) {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0);
  return { rss: Number(/VmRSS:\s+(\d+)/.exec(status)[1]) * 1024, cpu: ticks / 100 };
}

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Starts a program and waits until it has written what the pattern matches. */
function start(command, env, pattern) {
  const child = spawn(command[0], command.slice(1), {
    env: { PATH: process.env.PATH, ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  return new Promise((resolve, reject) => {
    let text = "";
    const look = (bytes) => {
      text += bytes;
      const match = pattern.exec(text);
      if (match) resolve({ child, match });
    };
    child.stdout.on("data", look);
    child.stderr.on("data", look);
    child.on("exit", () => reject(new Error(text)));
  });
}

/** What the packaged unit sets for the executable; Node knows none of it. */
function readUnitEnvironment() {
  const unit = readFileSync(join(root, "packaging/systemd/rollcall-agent.service"), "utf8");
  return Object.fromEntries(
    /^Environment=(.*)$/m
      .exec(unit)[1]
      .split(" ")
      .map((setting) => setting.split("=")),
  );
}

async function measureIdle() {
  const rows = [];
  for (const [name, program] of Object.entries(programs)) {
    const metadata = await startMetadata();
    const host = makeHost(20);
    const env = { ...readUnitEnvironment(), AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata.url, HOME: host };
    const args = [
      "agent",
      "--store",
      `file:${host}/store`,
      "--spec",
      `${host}/spec.yaml`,
      "--state",
      `${host}/state`,
    ];
    const { child } = await start([...program, ...args], env, /reported/);
    // Steady: after the first poll.
    await wait(75_000);
    const before = measure(child.pid);
    const resident = [];
    for (let second = 0; second < seconds; second++) {
      await wait(1000);
      resident.push(measure(child.pid).rss);
    }
    const after = measure(child.pid);
    // Its files are removed at the end, and it writes its departure before it goes.
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill();
    await ended;
    metadata.close();
    const share = ((after.cpu - before.cpu) / seconds) * 100;
    const isOurs = name === "executable";
    const mb = (median(resident) / 1e6).toFixed(1);
    rows.push([
      name,
      isOurs ? judge(mb, "at most 45", median(resident) <= 45e6) : mb,
      isOurs ? judge(share.toFixed(3), "under 0.1", share < 0.1) : share.toFixed(3),
    ]);
  }
  console.log(`\nThe agent with 20 watched files, steady, over ${seconds} s`);
  printTable(["program", "resident MB", "CPU, % of one core"], rows);
}

const HOSTS = 1000;
const EVENTS = 300;

/**
 * Asks again and again until what was done to each host is seen. @param isSeen told of the answer
 * and a host's number @returns ms for each
 */
async function awaitSeen(ask, act, isSeen) {
  const pending = new Map();
  const taken = [];
  for (let turn = 0; turn < EVENTS || pending.size > 0; turn++) {
    if (turn < EVENTS) {
      pending.set(turn, performance.now());
      act(turn);
    }
    const answer = await ask();
    for (const [host, since] of pending) {
      if (!isSeen(answer, host)) continue;
      taken.push(performance.now() - since);
      pending.delete(host);
    }
    await wait(20);
  }
  return taken;
}

/**
 * A thousand agents in one process, each with a folder of its own, and a server: how long until the
 * answer shows what happened on a host?
 */
async function measureVisible() {
  await buildParts();
  const store = `file:${join(home, "store")}`;
  const [node, program] = programs["on Node"];
  const key = execFileSync(
    node,
    [program, "keys", "create", "--store", store, "--scope", "read", "--scope", "ingest"],
    {
      env: { PATH: process.env.PATH, HOME: home },
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    },
  ).trim();
  const serve = [node, program, "serve", "--store", store, "--listen", "127.0.0.1:0"];
  const { child: server, match } = await start(serve, { HOME: home }, /(http:\/\/127[\d.:]+)/);
  const folder = join(home, "fleet");
  const agents = [node, join(root, "bench/peers/agents.mjs"), match[1], String(HOSTS), folder];
  const { child: fleet } = await start(agents, { ROLLCALL_KEY: key }, /ready/);
  const ask = async () => {
    const response = await fetch(`${match[1]}/v1/reports?fields=instance_id,version`, {
      headers: { "x-api-key": key },
    });
    if (response.status !== 200) throw new Error(`${response.status}`);
    return new Map(
      (await response.json()).map(({ instance_id: id, version }) => [Number.parseInt(id, 16) - 1, version]),
    );
  };
  const { size } = await ask();
  if (size !== HOSTS) throw new Error(`${size} of ${HOSTS} hosts have reported`);
  const changes = await awaitSeen(
    ask,
    (host) => writeFileSync(join(folder, `${host}/app.conf`), `version=2.${host}\n`),
    (answer, host) => answer.get(host) === `2.${host}`,
  );
  const departures = await awaitSeen(
    ask,
    (host) => fleet.stdin.write(`${host}\n`),
    (answer, host) => !answer.has(host),
  );
  fleet.kill();
  server.kill();
  console.log(
    `\n${HOSTS} agents; ${EVENTS} changes on disk and as many departures, seen through GET /v1/reports`,
  );
  const at = (all, share) => all.toSorted((a, b) => a - b)[Math.ceil(all.length * share) - 1] / 1000;
  const rows = Object.entries({ change: changes, departure: departures }).map(([kind, all]) => {
    const p99 = at(all, 0.99);
    return [kind, at(all, 0.5).toFixed(2), judge(p99.toFixed(2), "under 2", p99 < 2), at(all, 1).toFixed(2)];
  });
  printTable(["what", "median s", "p99 s", "longest s"], rows);
}

const WORKS = { one: compareOneShot, idle: measureIdle, visible: measureVisible };
try {
  for (const figure of figures) await WORKS[figure]();
} finally {
  rmSync(home, { recursive: true, force: true });
}
