// The runner: one step's failure, delay or bug costs that step only.
import { describe, expect, it } from "vitest";
import type { Spec } from "../specs/spec.ts";
import { parseSpec } from "../specs/spec.ts";
import { makeHostDouble, TEST_TIME } from "../testing/host-double.ts";
import { makeFolder } from "../testing/temporary-folder.ts";
import type { Collector, Collectors } from "./collector.ts";
import { digestContent } from "./content-digest.ts";
import { HostIdentityError } from "./identity.ts";
import { collectors } from "./registry.ts";
import { collectReport, type RunOptions } from "./runner.ts";

const MACHINE = { "etc/machine-id": "4c4c4544003510528031b4c04f4d3132" };
const OPTIONS: RunOptions = { agentVersion: "1.0.0", specDigest: "sha256:0" };

function spec(steps: string): Spec {
  const parsed = parseSpec(`version: 1\ncollect:\n  - host:\n${steps}`);
  if ("mistakes" in parsed) throw new Error(JSON.stringify(parsed.mistakes));
  return parsed.spec;
}

const TWO_STEPS = spec(`
  - file: { path: /a, fields: { a: { pattern: .+ } } }
  - files: { glob: /b*, into: b, fields: { b: { pattern: .+ } } }
`);

describe("collectReport", () => {
  it("records a collector that throws, and keeps the others' fields", async () => {
    const host = makeHostDouble(await makeFolder({ ...MACHINE, b1: "x" }));
    const broken: Collectors = {
      ...collectors,
      file: { ...collectors.file, collect: () => Promise.reject(new Error("a bug")) },
    };
    const { bytes, unread } = await collectReport(TWO_STEPS, host, { ...OPTIONS, collectors: broken });
    expect(JSON.parse(bytes.toString())).toMatchObject({ b: [{ b: "x" }] });
    expect(unread).toEqual([{ what: "file", reason: "failed: a bug" }]);
  });

  it("waits for no collector beyond the end and its grace", async () => {
    const host = makeHostDouble(await makeFolder({ ...MACHINE, b1: "x" }));
    const end = new AbortController();
    let running = 2;
    // The run is ended when the two good collectors are done, so that no slow machine changes what
    // they find.
    const endAfter = <Options>(collector: Collector<Options>): Collector<Options> => ({
      ...collector,
      async collect(options, access, signal) {
        const collected = await collector.collect(options, access, signal);
        if (--running === 0) end.abort();
        return collected;
      },
    });
    const stuck: Collectors = {
      ...collectors,
      host: endAfter(collectors.host),
      files: endAfter(collectors.files),
      file: { ...collectors.file, collect: () => new Promise(() => undefined) },
    };
    const options = { ...OPTIONS, collectors: stuck, signal: end.signal, graceMs: 10 };
    const { bytes, unread, results } = await collectReport(TWO_STEPS, host, options);
    expect(JSON.parse(bytes.toString())).toMatchObject({ b: [{ b: "x" }] });
    expect(unread).toEqual([{ what: "file", reason: "did not end in time" }]);
    expect(results.filter(({ isLate }) => isLate).map(({ collector }) => collector)).toEqual(["file"]);
  });

  it("ends a program at the deadline", async () => {
    const root = await makeFolder({ app: "#!/bin/sh\nexec sleep 600\n" });
    const host = makeHostDouble(root, {
      machine: { hostname: "double", uptime: () => 0, fallbackId: "h-1" },
    });
    const sleeping = spec(`
  - command: { run: [/app], timeout: 60s, fields: { a: { pattern: .+ } } }
`);
    const { unread, results } = await collectReport(sleeping, host, { ...OPTIONS, deadlineMs: 200 });
    expect(results.map(({ isLate }) => isLate)).toEqual([undefined, true]);
    expect(unread).toEqual([
      { what: "/app", reason: expect.stringMatching(/time (?:of the whole run )?is over$/) },
    ]);
  });

  it("makes no report without an id", async () => {
    await expect(collectReport(TWO_STEPS, makeHostDouble(await makeFolder()), OPTIONS)).rejects.toThrow(
      HostIdentityError,
    );
    const host = makeHostDouble(await makeFolder(MACHINE));
    const failing: Collectors = {
      ...collectors,
      host: { ...collectors.host, collect: () => Promise.reject(new Error("a bug")) },
    };
    await expect(collectReport(TWO_STEPS, host, { ...OPTIONS, collectors: failing })).rejects.toThrow(
      /could not be read: failed: a bug/,
    );
  });

  it("does not run a hundred programs at once, and loses none", async () => {
    let running = 0;
    let most = 0;
    const host = makeHostDouble(await makeFolder(MACHINE), {
      run: async () => {
        most = Math.max(most, ++running);
        await Promise.resolve();
        running--;
        return { stdout: Buffer.from("1"), stderr: Buffer.alloc(0) };
      },
    });
    const steps = Array.from(
      { length: 99 },
      (_, index) => `  - command: { run: [/p], fields: { f${index}: { pattern: . } } }\n`,
    );
    const { bytes } = await collectReport(spec(steps.join("")), host, OPTIONS);
    expect(
      Object.keys(JSON.parse(bytes.toString()) as object).filter((name) => /^f\d+$/.test(name)),
    ).toHaveLength(99);
    expect(most).toBeLessThanOrEqual(8);
  });
});

describe("digestContent", () => {
  it("differs with what a report says, not with when it was made", async () => {
    const root = await makeFolder({ ...MACHINE, a: "1", b1: "x" });
    const other = await makeFolder({ ...MACHINE, a: "2", b1: "x" });
    const digest = async (folder: string, clock: number, monotonic: () => number): Promise<string> => {
      const host = makeHostDouble(folder, { clock: () => clock, monotonic });
      return digestContent((await collectReport(TWO_STEPS, host, OPTIONS)).bytes);
    };
    let now = 0;
    const first = await digest(root, TEST_TIME, () => 0);
    expect(await digest(root, TEST_TIME + 60_000, () => (now += 7))).toBe(first);
    expect(await digest(other, TEST_TIME, () => 0)).not.toBe(first);
  });
});
