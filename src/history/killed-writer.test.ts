// The recorder as a process of its own that is killed at random moments, again and again on one
// folder: the log stays whole, and no change is lost in it or told twice.
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { build } from "esbuild";
import { expect, it, onTestFinished } from "vitest";
import { systemClock } from "../report/clock.ts";
import { fileStore } from "../store/file.ts";
import { gather } from "../testing/history-lab.ts";
import { runs } from "../testing/runs.ts";
import { seededRandom } from "../testing/seeded-random.ts";
import { createHistory } from "./history.ts";

/** Puts report after report, counting on from where the one before was killed, and records each. */
const KEEP_RECORDING = `
  import { fileStore } from "../store/file.ts";
  import { createRoll } from "../roll/roll.ts";
  import { createYielder } from "../roll/yielder.ts";
  import { createRecorder } from "./recorder.ts";
  import { BUILT_IN_NOISE } from "./noise.ts";
  import { NO_FACTS } from "./recorded.ts";
  const clock = Date.now;
  const store = await fileStore({ root: process.argv[2], clock });
  const roll = createRoll({ store, clock, maxAgeMs: 0 });
  const recorder = createRecorder({
    store, view: () => roll.view(), facts: async () => NO_FACTS, noise: BUILT_IN_NOISE, clock,
    describeHost: () => ({ instanceName: null, labels: {} }), everyMs: 60_000, yielder: createYielder(),
  });
  const key = "reports/v1/local/i-1.json";
  const found = await store.get(key, { maxBytes: 1e6 });
  for (let v = found ? JSON.parse(found.body).v + 1 : 0; ; v++) {
    const report = { update_date: new Date().toISOString(), instance_id: "i-1", v };
    await store.put(key, Buffer.from(JSON.stringify(report)));
    const outcome = await recorder.record();
    process.stdout.write(outcome.kind + "\\n");
  }`;

/**
 * Starts the program, and kills it so long after its first entry; ms. @returns what it said on
 * stderr
 */
async function killAfter(program: string, root: string, ms: number): Promise<string> {
  const child = spawn(process.execPath, [program, root], { stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  let failure = "";
  child.stderr.on("data", (data) => {
    failure += data;
  });
  await new Promise<void>((resolve) => {
    createInterface({ input: child.stdout }).once("line", () => resolve());
    child.on("close", () => resolve());
  });
  await wait(ms);
  child.kill("SIGKILL");
  await ended;
  return failure;
}

it("a recorder that is killed at any moment leaves a whole log, and the next one goes on", async () => {
  const folder = await mkdtemp(join(tmpdir(), "rollcall-killed-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const program = join(folder, "program.mjs");
  const stdin = { contents: KEEP_RECORDING, resolveDir: import.meta.dirname, loader: "ts" } as const;
  const banner = {
    js: 'import{createRequire}from"node:module";const require=createRequire(import.meta.url);',
  };
  await build({
    stdin,
    bundle: true,
    platform: "node",
    format: "esm",
    outfile: program,
    banner,
    logLevel: "error",
  });
  const root = join(folder, "store");
  const random = seededRandom(7);
  const kills = runs(6);
  for (let kill = 0; kill < kills; kill++) expect(await killAfter(program, root, random() * 60)).toBe("");
  const store = await fileStore({ root, clock: systemClock });
  const history = createHistory({ store, clock: systemClock });
  const entries = await gather(history.readChanges({ since: 0, until: systemClock() }));
  expect(entries.filter(({ gap }) => gap)).toEqual([]);
  const values = entries.flatMap(({ changes }) => changes.map(({ before, after }) => [before, after]));
  expect(values.length).toBeGreaterThanOrEqual(kills - 1);
  for (const [place, [before]] of values.entries())
    if (place > 0) expect(before).toBe(values[place - 1]?.[1]);
  const instants = entries.map(({ at }) => at);
  const told = await gather(history.viewsAt(instants));
  expect(told.filter((one) => "untold" in one)).toEqual([]);
});
