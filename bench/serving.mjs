// Measures serving the gzipped array of 10,000 reports, and 304, against bare node:http servers:
// node bench/serving.mjs [ROUNDS]
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { hostId, makeReport } from "./fleet.mjs";
import { judge, median, printTable } from "./measure.mjs";

const COUNT = 10_000;
const rounds = Number(process.argv[2] ?? 5);
const program = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const peer = fileURLToPath(new URL("./peers/bare-server.mjs", import.meta.url));
const home = mkdtempSync(join(tmpdir(), "rollcall-serving-"));
const env = { PATH: process.env.PATH, HOME: home };

/** Starts a server; resolves with its address once it prints one. */
function start(args) {
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  return new Promise((resolve, reject) => {
    let text = "";
    const look = (bytes) => {
      text += bytes;
      const match = /http:\/\/127\.0\.0\.1:\d+/.exec(text);
      if (match) resolve({ child, url: match[0] });
    };
    child.stdout.on("data", look);
    child.stderr.on("data", look);
    child.on("exit", () => reject(new Error(text)));
  });
}

function ask(url, headers) {
  return new Promise((resolve, reject) => {
    get(url, { headers }, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("end", () =>
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    }).on("error", reject);
  });
}

/** Requests a second. @param status that every answer must have */
function load(url, headers, status) {
  const flags = Object.entries(headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
  const text = execFileSync("wrk", ["-t1", "-c32", "-d4s", ...flags, url], { encoding: "utf8" });
  // wrk counts 304 as neither 2xx nor 3xx only where it is an error.
  if (/Socket errors|Non-2xx/.test(text)) throw new Error(`${status}: ${text}`);
  return Number(/Requests\/sec:\s+(\S+)/.exec(text)[1]);
}

try {
  const folder = join(home, "store/reports/v1/local");
  mkdirSync(folder, { recursive: true });
  for (let index = 0; index < COUNT; index++)
    writeFileSync(join(folder, `${hostId(index)}.json`), makeReport(index));
  const store = `file:${join(home, "store")}`;
  const key = execFileSync(
    process.execPath,
    [program, "keys", "create", "--store", store, "--scope", "read"],
    {
      env,
      encoding: "utf8",
    },
  ).trim();
  const serve = [program, "serve", "--store", store, "--listen", "127.0.0.1:0"];
  const fresh = await start(serve);
  const relaxed = await start([...serve, "--max-age", "10s"]);
  const headers = { "x-api-key": key, "accept-encoding": "gzip" };
  const answer = await ask(`${fresh.url}/v1/reports`, headers);
  if (answer.status !== 200 || answer.headers["rollcall-count"] !== String(COUNT))
    throw new Error("a wrong answer");
  const bodyFile = join(home, "answer.gz");
  const headersFile = join(home, "headers.json");
  writeFileSync(bodyFile, answer.body);
  writeFileSync(headersFile, JSON.stringify(answer.headers));
  const bare = await start([peer, bodyFile, headersFile]);
  const servers = { bare, relaxed, fresh };
  const works = {
    200: headers,
    304: { ...headers, "if-none-match": answer.headers.etag },
  };
  const taken = new Map(Object.keys(works).map((status) => [status, { bare: [], relaxed: [], fresh: [] }]));
  for (let round = 0; round < rounds; round++) {
    for (const [status, asked] of Object.entries(works)) {
      for (const [name, { url }] of Object.entries(servers)) {
        const { status: given } = await ask(`${url}/v1/reports`, asked);
        if (String(given) !== status) throw new Error(`${name} answers ${given}`);
        taken.get(status)[name].push(load(`${url}/v1/reports`, asked, status));
      }
    }
    console.error(`round ${round + 1}/${rounds}`);
  }
  console.log(
    `\n${COUNT.toLocaleString("en")} reports, ${answer.body.length} bytes gzipped, ` +
      `32 connections, ${rounds} rounds in turn`,
  );
  const rows = [...taken].map(([status, figures]) => {
    const [own, peers, second] = [figures.relaxed, figures.bare, figures.fresh].map(median);
    return [
      status,
      peers.toFixed(0),
      judge((own / peers).toFixed(2), "0.9", own / peers >= 0.9),
      judge((second / peers).toFixed(2), "0.9", second / peers >= 0.9),
    ];
  });
  printTable(
    ["answer", "bare node:http, requests/s", "rollcall serve --max-age 10s", "rollcall serve"],
    rows,
  );
  for (const { child } of Object.values(servers)) child.kill();
} finally {
  rmSync(home, { recursive: true, force: true });
}
