// Measures what recording history costs a refresh, over one folder in one process, with it on and
// off by turns, and how large the log gets: node bench/history.mjs [--hosts 50000] [--rounds N]
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildParts, PARTS } from "./build.mjs";
import { makeReport, reportKey } from "./fleet.mjs";
import { judge, median, printTable } from "./measure.mjs";

const { values } = parseArgs({
  options: { hosts: { type: "string", default: "50000" }, rounds: { type: "string", default: "9" } },
});
const hosts = Number(values.hosts);
const rounds = Number(values.rounds);

/** The share of hosts whose report is another at each refresh. */
const CHANGED = 0.01;

/** A refresh with recording may take so many times one without. */
const GOAL = 1.15;

const MINUTE_MS = 60_000;

await buildParts();
const { BUILT_IN_RULES, createRecorder, createRoll, openStore, prepareRecording, SHARED_YIELDER } =
  await import(PARTS);
const root = mkdtempSync(join(tmpdir(), "rollcall-history-"));

let aheadMs = 0;
const clock = () => Date.now() + aheadMs;
let version = 0;

/** Gives some hosts another version, others each time. */
function change() {
  version++;
  const count = Math.round(hosts * CHANGED);
  for (let turn = 0; turn < count; turn++) {
    const index = (version * count + turn) % hosts;
    writeFileSync(join(root, reportKey(index)), makeReport(index, `1.${version}`));
  }
}

async function time(work) {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

try {
  mkdirSync(join(root, reportKey(0), ".."), { recursive: true });
  for (let index = 0; index < hosts; index++) writeFileSync(join(root, reportKey(index)), makeReport(index));
  const store = await openStore(`file:${root}`, { clock });
  const roll = createRoll({ store, clock, refreshesAhead: false });
  const recorder = createRecorder({
    ...prepareRecording({ labelRules: BUILT_IN_RULES }),
    store,
    view: () => roll.view(),
    everyMs: MINUTE_MS,
    clock,
    yielder: SHARED_YIELDER.of("history"),
  });
  await roll.view();
  await recorder.record();
  const figures = { off: [], on: [] };
  for (let round = 0; round < rounds; round++) {
    for (const kind of round % 2 === 0 ? ["off", "on"] : ["on", "off"]) {
      change();
      aheadMs += MINUTE_MS;
      const work = kind === "on" ? () => recorder.record() : () => roll.view();
      figures[kind].push(await time(work));
      // What the one without recording left out is recorded unmeasured, so that both meet the same.
      if (kind === "off") {
        aheadMs += MINUTE_MS;
        await recorder.record();
      }
    }
  }
  await roll.close();
  const log = join(root, "history/v1/log");
  const sizes = readdirSync(log).map((name) => statSync(join(log, name)).size);
  const entry = median(sizes.slice(1));
  printTable(
    ["refresh", "ms"],
    [
      ["without recording", median(figures.off).toFixed(1)],
      ["with recording", median(figures.on).toFixed(1)],
    ],
  );
  const changed = Math.round(hosts * CHANGED);
  console.log(
    `\nan entry of ${changed} changed reports: ${entry} bytes, ${(entry / changed).toFixed(1)} each`,
  );
  const ratio = median(figures.on) / median(figures.off);
  console.log(`with recording / without: ${judge(ratio.toFixed(2), `at most ${GOAL}`, ratio <= GOAL)}`);
} finally {
  rmSync(root, { recursive: true, force: true });
}
