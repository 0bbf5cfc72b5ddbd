// Tests of publishing on a schedule.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { pino } from "pino";
import { expect, it, onTestFinished } from "vitest";
import { publishersSchema } from "../publish/config.ts";
import { ExpectationError } from "../questions/coverage.ts";
import { BUILT_IN_RULES } from "../questions/label-rule.ts";
import { compileLabels } from "../questions/labels.ts";
import { createRoll } from "../roll/roll.ts";
import { memoryStore } from "../store/memory.ts";
import { StoreError } from "../store/store.ts";
import { runPublishSchedule } from "./publish-schedule.ts";

const HOUR = 3_600_000;

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "rollcall-schedule-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

function failing(failure: Error) {
  const fail = () => Promise.reject(failure);
  return { view: fail, viewHost: fail };
}

/** Runs a schedule on a clock of its own until so much time has passed. */
async function run(
  publishers: object,
  lasts: number,
  { failure, mistake }: { failure?: Error; mistake?: Error } = {},
) {
  const time = { now: Date.UTC(2024, 2, 1) };
  const start = time.now;
  const clock = () => time.now;
  const store = memoryStore({ clock });
  const lines: string[] = [];
  const stop = new AbortController();
  const log = pino(
    { level: "info", base: null, timestamp: false },
    { write: (line) => void lines.push(line) },
  );
  const waits: number[] = [];
  const roll = createRoll({ store, clock });
  await runPublishSchedule(
    {
      publishers: publishersSchema.parse(publishers),
      roll: failure ? failing(failure) : roll,
      store,
      labels: compileLabels(BUILT_IN_RULES),
      windowMs: 2 * HOUR,
      clones: { list: () => [] },
      readExpected: mistake ? () => Promise.reject(mistake) : undefined,
      readSecret: async () => undefined,
      clock,
      log,
      random: () => 0.5,
      sleep: async (ms) => {
        waits.push(ms);
        time.now += ms;
        if (time.now - start > lasts) stop.abort();
      },
    },
    stop.signal,
  );
  return { waits, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

it("publishes in its time, and by hand what has none", async () => {
  const page = { kind: "markdown", path: await makeFolder(), every: "1h" };
  const timed = await run({ page, "by-hand": { kind: "stdout" } }, 3 * HOUR);
  expect(timed.waits).toEqual([30_000, HOUR, HOUR, HOUR]);
  expect(timed.lines.filter(({ msg }) => msg === "published")).toHaveLength(3);
  expect(new Set(timed.lines.map(({ publisher }) => publisher))).toEqual(new Set(["page"]));
});

it("goes on after a failure, and says what it was", async () => {
  const page = { kind: "markdown", path: await makeFolder(), every: "1h" };
  const { lines } = await run({ page }, 3 * HOUR, { failure: new Error("a defect") });
  expect(lines).toHaveLength(3);
  for (const line of lines)
    expect(line).toMatchObject({ level: 40, publisher: "page", err: { message: "a defect" } });
  const told = await run({ page }, HOUR, { failure: new StoreError("the store is away") });
  // What is no defect needs no stack.
  expect(told.lines[0]).toMatchObject({ level: 40, publisher: "page", reason: "the store is away" });
  expect(told.lines[0]).not.toHaveProperty("err");
});

it("publishes though the list of expected hosts is wrong, and says so", async () => {
  const page = { kind: "markdown", path: await makeFolder(), every: "1h" };
  const { lines } = await run({ page }, HOUR, { mistake: new ExpectationError("line 1: is no host id") });
  expect(lines.slice(0, 2)).toMatchObject([
    { level: 40, reason: "the list of expected hosts: line 1: is no host id" },
    { level: 30, msg: "published", created: 1 },
  ]);
});

it("gives up a run that hangs, holds up no other by it, and begins no second one beside it", async () => {
  const time = { now: Date.UTC(2024, 2, 1) };
  const clock = () => time.now;
  const store = memoryStore({ clock });
  const lines: Record<string, unknown>[] = [];
  const log = pino(
    { level: "info" },
    { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const stop = new AbortController();
  const page = { kind: "markdown", path: await makeFolder(), every: "1h" };
  const hung = {
    kind: "webhook",
    url: "https://hook.example",
    token_file: "/on/a/file/server/that/is/gone",
    every: "1h",
  };
  const of = (name: string) => lines.filter(({ publisher }) => publisher === name);
  let asked = 0;
  await runPublishSchedule(
    {
      publishers: publishersSchema.parse({ page, hung }),
      roll: createRoll({ store, clock }),
      store,
      labels: compileLabels(BUILT_IN_RULES),
      windowMs: 2 * HOUR,
      clones: { list: () => [] },
      readExpected: undefined,
      readSecret: async () => {
        asked++;
        return await new Promise(() => undefined);
      },
      clock,
      log,
      random: () => 0.5,
      sleep: async () => {
        // Rounds go on until both have shown what they do, however slow the machine is.
        const published = of("page").filter(({ msg }) => msg === "published").length;
        if (published > 1 && of("hung").length > 0) stop.abort();
        await wait(10);
      },
      // The time is up for the one that hangs, when all that can be done was done.
      startTimer: (ms) => {
        expect(ms).toBe(HOUR + 60_000);
        return AbortSignal.timeout(2000);
      },
    },
    stop.signal,
  );
  expect(asked).toBe(1);
  expect(of("hung")[0]).toMatchObject({
    level: 40,
    reason: "the run did not end within 61 minutes and was given up",
  });
  expect(of("page").filter(({ msg }) => msg === "published").length).toBeGreaterThan(1);
});
