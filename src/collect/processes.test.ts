// Tests of the collector processes, with real processes of this machine.
import { spawn } from "node:child_process";
import { copyFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { OptionsOf } from "../specs/schema.ts";
import { makeHostDouble } from "../testing/host-double.ts";
import { makeFolder } from "../testing/temporary-folder.ts";
import { createObservationStore } from "./observations.ts";
import { processesCollector } from "./processes.ts";

async function setUp() {
  const folder = await makeFolder({ "a.conf": "v=1\n", "b.conf": "v=1\n" });
  await copyFile("/usr/bin/tail", join(folder, "app-1"));
  await symlink("app-1", join(folder, "app"));
  const options: OptionsOf["processes"] = {
    glob: [`${folder}/*.conf`],
    into: "processes",
    format: "ini",
    fields: { v: { key: "v", optional: false } },
    match: [{ words: "{path}" }],
    also: [],
    program: join(folder, "app"),
  };
  return {
    folder,
    options,
    async start(program = join(folder, "app"), args = ["-f", join(folder, "a.conf")]) {
      const child = spawn(program, args, { stdio: "ignore" });
      onTestFinished(() => void child.kill("SIGKILL"));
      await new Promise((resolve) => child.once("spawn", resolve));
      return child;
    },
    async look(
      host = makeHostDouble("/", { clock: Date.now }),
      changes: Partial<OptionsOf["processes"]> = {},
    ) {
      const { fields, unread } = await processesCollector.collect(
        { ...options, ...changes },
        host,
        new AbortController().signal,
      );
      expect(unread).toEqual([]);
      const [[, entries] = []] = fields;
      return (entries as unknown as { state: string }[]).map(({ state }) => state);
    },
  };
}

/**
 * Looks until it is so: of the machine's other processes none can be told apart while it starts or
 * ends.
 */
const settles = <T>(look: () => Promise<T>) => expect.poll(look, { timeout: 20_000, interval: 50 });

describe("the collector processes", () => {
  it("tells what runs from what does not", async () => {
    const { start, look } = await setUp();
    await settles(look).toEqual(["not_running", "not_running"]);
    const child = await start();
    await settles(look).toEqual(["running", "not_running"]);
    child.kill("SIGKILL");
    await new Promise((resolve) => child.once("exit", resolve));
    await settles(look).toEqual(["not_running", "not_running"]);
  });

  it("says the same at each look, whatever the clock says meanwhile", async () => {
    const { start, options } = await setUp();
    await start();
    let skew = 0;
    const host = makeHostDouble("/", { clock: () => Date.now() + skew, memory: createObservationStore() });
    const look = async () =>
      (await processesCollector.collect(options, host, new AbortController().signal)).fields;
    let first: unknown;
    const lookFirst = async () => {
      first = await look();
      return JSON.stringify(first);
    };
    await settles(lookFirst).toMatch(/"not_running".*"started_at":|"started_at":.*"not_running"/);
    expect(JSON.stringify(first)).toMatch(/"started_at":"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"/);
    for (const ms of [7, 400, 90_000]) {
      skew += ms;
      await settles(look).toEqual(first);
    }
  });

  it("ties another program that has the file, if none is named", async () => {
    const { folder, start, look } = await setUp();
    await start("/usr/bin/tail", ["-f", join(folder, "b.conf")]);
    await settles(() => look(undefined, { program: undefined })).toEqual(["not_running", "running"]);
  });
});
