// Measures the memory of a server whose clients ask many questions, and do not read the answers:
// node bench/memory.mjs [--program dist/main.js] [--hosts N] [--questions N] [--readers N]
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { hostId, makeReport } from "./fleet.mjs";
import { printTable } from "./measure.mjs";

const { values } = parseArgs({
  options: {
    program: { type: "string", default: fileURLToPath(new URL("../dist/main.js", import.meta.url)) },
    readers: { type: "string", default: "300" },
    hosts: { type: "string", default: "8000" },
    questions: { type: "string", default: "64" },
    "wait-s": { type: "string", default: "60" },
  },
});
const readers = Number(values.readers);
const hosts = Number(values.hosts);
const home = mkdtempSync(join(tmpdir(), "rollcall-memory-"));
const env = { PATH: process.env.PATH, HOME: home };
const QUESTIONS = Number(values.questions);
const ENCODINGS = ["identity", "gzip", "br"];

const folder = join(home, "store/reports/v1/local");
mkdirSync(folder, { recursive: true });
for (let index = 0; index < hosts; index++)
  writeFileSync(join(folder, `${hostId(index)}.json`), makeReport(index));
const store = `file:${join(home, "store")}`;
const makeKey = (scope) =>
  execFileSync(process.execPath, [values.program, "keys", "create", "--store", store, "--scope", scope], {
    env,
    encoding: "utf8",
  }).trim();
const [read, ingest] = [makeKey("read"), makeKey("ingest")];
const child = spawn(
  process.execPath,
  [values.program, "serve", "--store", store, "--listen", "127.0.0.1:0"],
  {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  },
);
const url = await new Promise((resolve, reject) => {
  let text = "";
  const look = (bytes) => {
    text += bytes;
    const match = /http:\/\/127\.0\.0\.1:\d+/.exec(text);
    if (match) resolve(match[0]);
  };
  child.stdout.on("data", look);
  child.stderr.on("data", look);
  child.on("exit", () => reject(new Error(text)));
});

/** Resident memory of the server, MB. */
const measure = () =>
  Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))[1]) / 1024);

let version = 0;
async function change() {
  const body = makeReport(version % hosts, `2.0.${version}`);
  const answer = await fetch(`${url}/v1/reports/${hostId(version % hosts)}`, {
    method: "PUT",
    headers: { "x-api-key": ingest },
    body,
  });
  if (answer.status !== 200) throw new Error(await answer.text());
  version++;
}

async function ask(path, encoding) {
  const answer = await fetch(`${url}${path}`, {
    headers: { "x-api-key": read, "accept-encoding": encoding },
  });
  const { byteLength } = await answer.arrayBuffer();
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status}`);
  return byteLength;
}

try {
  const rows = [];
  await ask("/v1/reports", "identity");
  await wait(2000);
  rows.push(["after the first answer", measure(), ""]);
  for (let round = 0; round < 2; round++) {
    await change();
    for (let question = 0; question < QUESTIONS; question++) {
      const path = `/v1/${question % 2 ? "reports" : "versions"}?app_version=*&note=${"*".repeat(question + 1)}${question % 2 ? "" : "&field=instance_id&hosts=true"}`;
      for (const encoding of ENCODINGS) await ask(path, encoding);
    }
  }
  await wait(2000);
  rows.push([
    `after ${QUESTIONS} questions in ${ENCODINGS.length} encodings, twice with a change in between`,
    measure(),
    "",
  ]);

  let cut = 0;
  let peak = 0;
  const sockets = [];
  const { hostname, port } = new URL(url);
  for (let index = 0; index < readers; index++) {
    if (index % 30 === 0) await change();
    const path = [
      "/v1/reports",
      "/v1/reports?meta=true",
      "/v1/reports?state=all&meta=true&fields=instance_id,note",
    ][index % 3];
    const socket = connect(Number(port), hostname);
    socket.on("error", () => undefined);
    socket.on("close", () => cut++);
    socket.pause();
    // Some read nothing, others a little every second.
    const drip = index % 2 ? setInterval(() => socket.read(64), 1000) : undefined;
    socket.on("close", () => clearInterval(drip));
    socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\nx-api-key: ${read}\r\n\r\n`);
    sockets.push(socket);
    await wait(10);
    peak = Math.max(peak, measure());
  }
  const startedAt = performance.now();
  const seconds = () => Math.round((performance.now() - startedAt) / 1000);
  let endedAt = "";
  while (seconds() < Number(values["wait-s"]) && cut < readers) {
    await wait(500);
    // A socket that stands still on our side tells of its end only when it is written to.
    for (const socket of sockets) if (!socket.destroyed) socket.write("\r\n");
    peak = Math.max(peak, measure());
  }
  endedAt = `${cut} of them cut within ${seconds()} s`;
  rows.push([`with ${readers} readers that do not read, at most`, peak, endedAt]);
  await wait(3000);
  rows.push(["after that", measure(), ""]);
  const startAsk = performance.now();
  await ask("/healthz", "identity");
  rows.push(["/healthz then, ms", Math.round(performance.now() - startAsk), ""]);
  console.log(`\n${hosts.toLocaleString("en")} reports of 650 bytes, MB of resident memory of the server\n`);
  printTable(["when", "MB", ""], rows);
  for (const socket of sockets) socket.destroy();
} finally {
  child.kill();
  rmSync(home, { recursive: true, force: true });
}
