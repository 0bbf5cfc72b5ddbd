// Measures versions: over a million reports in memory against passes over the field's values, and
// over HTTP against a static answer: node bench/versions.mjs [--hosts N] [--rounds N]
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildParts, PARTS } from "./build.mjs";
import { hostId, makeGeneratedStore, makeReport } from "./fleet.mjs";
import { judge, median, printTable } from "./measure.mjs";

const { values } = parseArgs({
  options: { hosts: { type: "string", default: "1000000" }, rounds: { type: "string", default: "5" } },
});
const hosts = Number(values.hosts);
const rounds = Number(values.rounds);
const FIELD = ["processes", "module_A_filename"];
const QUESTION = { fields: [FIELD.join(".")], by: [], hosts: false };

await buildParts();
const parts = await import(PARTS);
await measureMemory();
await measureHttp();

async function measureMemory() {
  const {
    createRoll,
    createFieldReader,
    compileLabels,
    BUILT_IN_RULES,
    countVersions,
    parseQuery,
    selectReports,
    toKeySteps,
    walkField,
  } = parts;
  const roll = createRoll({ store: makeGeneratedStore(hosts), clock: Date.now });
  const view = await roll.view();
  const labels = compileLabels(BUILT_IN_RULES);
  const kept = createFieldReader();
  const sources = { labels, reader: kept };
  const { table, positions } = await selectReports(view, parseQuery([["state", "all"]]), sources);
  const steps = toKeySteps(FIELD);

  /** Finds every value of the field where it is stored, and does nothing with it. */
  function passBodies() {
    let found = 0;
    for (const at of positions) {
      const segment = table.segments[table.segmentOf[at]];
      walkField(segment.bodies, segment.bodyStarts[table.rowOf[at]], steps, () => found++);
    }
    return found;
  }
  /** Looks at every value once, as they are kept. */
  async function passColumns() {
    const column = (await kept.read(FIELD, table)).column;
    let sum = 0;
    for (const at of positions) {
      const { starts, numbers } = column(table.segments[table.segmentOf[at]]);
      const row = table.rowOf[at];
      for (let index = starts[row]; index < starts[row + 1]; index++) sum += numbers[index];
    }
    return sum;
  }
  const count = (question, reader) => countVersions({ table, positions }, question, { labels, reader });
  const works = {
    "one pass over the field's values, in the reports": passBodies,
    "first question": () => count(QUESTION, createFieldReader()),
    "one pass over the field's values, as they are kept": passColumns,
    "later questions": () => count(QUESTION, kept),
    "later questions, by env": () => count({ ...QUESTION, by: ["env"] }, kept),
  };
  const taken = new Map(Object.keys(works).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, work] of Object.entries(works)) {
      const start = performance.now();
      const outcome = await work();
      taken.get(name).push((performance.now() - start) / 1000);
      if (
        name.includes("question") &&
        outcome.values.reduce((sum, one) => sum + one.count, 0) < positions.length
      )
        throw new Error("a wrong answer");
    }
  }
  await roll.close();
  const seconds = (name) => median(taken.get(name));
  const [inReports, first, inColumns, later, byEnv] = Object.keys(works).map(seconds);
  const ratio = (ours, pass, isGoal) =>
    isGoal ? judge((ours / pass).toFixed(2), "at most 3", ours / pass <= 3) : (ours / pass).toFixed(2);
  console.log(
    `\nVersions of one field over ${positions.length.toLocaleString("en")} reports ` +
      `in memory, ${rounds} rounds in turn\n`,
  );
  printTable(
    ["work", "s", "of the pass"],
    [
      [Object.keys(works)[0], inReports.toFixed(3), "1"],
      ["first question: reads, counts, sorts", first.toFixed(3), ratio(first, inReports, true)],
      [Object.keys(works)[2], inColumns.toFixed(3), "1"],
      ["later questions: count, sort", later.toFixed(3), ratio(later, inColumns, true)],
      ["later questions, by env", byEnv.toFixed(3), ratio(byEnv, inColumns, false)],
    ],
  );
}

/** Starts a server; resolves with its address once it prints one. */
function start(args, env) {
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

/** Requests a second. */
function load(url, key) {
  const text = execFileSync("wrk", ["-t1", "-c32", "-d4s", "-H", `x-api-key: ${key}`, url], {
    encoding: "utf8",
  });
  if (/Socket errors|Non-2xx/.test(text)) throw new Error(text);
  return Number(/Requests\/sec:\s+(\S+)/.exec(text)[1]);
}

async function measureHttp() {
  const home = mkdtempSync(join(tmpdir(), "rollcall-versions-"));
  const env = { PATH: process.env.PATH, HOME: home };
  const program = fileURLToPath(new URL("../dist/main.js", import.meta.url));
  const children = [];
  try {
    const folder = join(home, "store/reports/v1/local");
    mkdirSync(folder, { recursive: true });
    for (let index = 0; index < 10_000; index++)
      writeFileSync(join(folder, `${hostId(index)}.json`), makeReport(index));
    const store = `file:${join(home, "store")}`;
    const create = ["keys", "create", "--store", store, "--scope", "read"];
    const key = execFileSync(process.execPath, [program, ...create], { env, encoding: "utf8" }).trim();
    const ours = await start([program, "serve", "--store", store, "--listen", "127.0.0.1:0"], env);
    children.push(ours.child);
    const path = "/v1/versions?field=processes.module_A_filename&by=env";
    const answer = await fetch(`${ours.url}${path}`, {
      headers: { "x-api-key": key, "accept-encoding": "identity" },
    });
    const body = Buffer.from(await answer.arrayBuffer());
    if (answer.status !== 200 || JSON.parse(body).length !== 12) throw new Error(`a wrong answer: ${body}`);
    writeFileSync(join(home, "body"), body);
    writeFileSync(join(home, "headers.json"), JSON.stringify(Object.fromEntries(answer.headers)));
    const bare = await start(
      [
        fileURLToPath(new URL("./peers/bare-server.mjs", import.meta.url)),
        join(home, "body"),
        join(home, "headers.json"),
      ],
      env,
    );
    children.push(bare.child);
    const taken = { bare: [], ours: [] };
    for (let round = 0; round < rounds; round++) {
      taken.bare.push(load(`${bare.url}/`, key));
      taken.ours.push(load(`${ours.url}${path}`, key));
    }
    const share = median(taken.ours) / median(taken.bare);
    console.log(
      `\nGET /v1/versions of 10,000 hosts, ${body.length} bytes, against bare ` +
        `node:http with the same bytes, ${rounds} rounds in turn\n`,
    );
    printTable(
      ["server", "requests/s", "of the bare one"],
      [
        ["bare node:http", median(taken.bare).toFixed(0), "1"],
        [
          "rollcall serve",
          median(taken.ours).toFixed(0),
          judge(share.toFixed(2), "at least 0.5", share >= 0.5),
        ],
      ],
    );
  } finally {
    for (const child of children) child.kill();
    rmSync(home, { recursive: true, force: true });
  }
}
