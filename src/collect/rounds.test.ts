// Tests of rounds: each step runs when its answer may have changed, and not otherwise.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseSpec } from "../specs/spec.ts";
import { makeHostDouble } from "../testing/host-double.ts";
import { makeFolder } from "../testing/temporary-folder.ts";
import { type HostFiles, openHostFiles } from "./host-files.ts";
import { COSTLY_EVERY_MS, createRounds } from "./rounds.ts";

const SPEC = `
version: 1
collect:
  - host:
  - file: { path: /a, fields: { a: { pattern: .+ } } }
  - files: { glob: /conf/*.conf, into: b, fields: { b: { pattern: .+ } } }
  - command: { run: [/app, --config, /app.conf], fields: { c: { pattern: .+ } } }
`;

async function setUp() {
  const root = await makeFolder({
    "etc/machine-id": "4c4c4544003510528031b4c04f4d3132",
    a: "1",
    "conf/x.conf": "1",
    // Each run leaves a trace.
    app: "#!/bin/sh\necho run >> runs; wc -l < runs\n",
  });
  let now = 0;
  // All files were written an hour ago.
  const start = Date.now() + 3_600_000;
  const real = openHostFiles(root);
  const reads: string[] = [];
  const files: HostFiles = {
    ...real,
    read(path, signal) {
      reads.push(path);
      return real.read(path, signal);
    },
  };
  const host = makeHostDouble(root, { files, monotonic: () => now, clock: () => start + now });
  const parsed = parseSpec(SPEC);
  if ("mistakes" in parsed) throw new Error("a bad spec");
  const rounds = createRounds(parsed.spec, host, { agentVersion: "1", specDigest: parsed.digest });
  return {
    rounds,
    root,
    reads,
    write: (path: string, text: string) => writeFile(join(root, path), text),
    pass: (ms: number) => {
      now += ms;
    },
    async look(wanted: Parameters<typeof rounds.collect>[0]) {
      const { bytes } = await rounds.collect(wanted, new AbortController().signal);
      const {
        a,
        b,
        c,
        update_date: date,
      } = JSON.parse(bytes.toString()) as Record<string, string> & { b: unknown };
      return { a, b: JSON.stringify(b), c, date };
    },
  };
}

describe("rounds", () => {
  it("know what all steps read", async () => {
    const { rounds } = await setUp();
    expect(rounds.inputs).toEqual({
      paths: ["/etc/hostname", "/a", "/app", "/app.conf"],
      globs: ["/conf/*.conf"],
    });
  });

  it("run the steps that read what changed, and no others", async () => {
    const { look, write } = await setUp();
    const first = await look({ all: true });
    expect(first).toMatchObject({ a: "1", b: '[{"b":"1"}]', c: "1" });
    await write("a", "2");
    await write("conf/x.conf", "2");
    expect(await look({ changed: ["/elsewhere"] })).toEqual(first);
    expect(await look({ changed: ["/a"] })).toMatchObject({ a: "2", b: '[{"b":"1"}]', c: "1" });
    expect(await look({ changed: ["/conf/*.conf"] })).toMatchObject({ b: '[{"b":"2"}]', c: "1" });
    expect(await look({ changed: ["/app.conf"] })).toMatchObject({ c: "2" });
  });

  it("poll files each time, and programs each ten minutes; the date is always new", async () => {
    const { look, write, pass } = await setUp();
    const { date } = await look({ all: true });
    await write("a", "2");
    pass(60_000);
    const second = await look({ poll: true });
    expect(second).toMatchObject({ a: "2", c: "1" });
    expect(second.date).not.toBe(date);
    pass(COSTLY_EVERY_MS);
    expect(await look({ poll: true })).toMatchObject({ c: "2" });
  });

  it("read no file again of which nothing changed, but for every ten minutes", async () => {
    const { look, write, pass, reads } = await setUp();
    pass(60_000);
    await look({ all: true });
    const count = async (wanted: Parameters<typeof look>[0]) => {
      reads.length = 0;
      await look(wanted);
      return reads.filter((path) => path === "/a" || path.startsWith("/conf/"));
    };
    pass(60_000);
    expect(await count({ poll: true })).toEqual([]);
    await write("conf/x.conf", "2");
    expect(await count({ poll: true })).toEqual(["/conf/x.conf"]);
    expect(await count({ poll: true })).toEqual([]);
    expect(await count({ changed: ["/a"] })).toEqual(["/a"]);
    pass(COSTLY_EVERY_MS);
    expect(await count({ poll: true })).toEqual(["/a", "/conf/x.conf"]);
  });

  it(
    "run what costs more and failed after a minute, two, four, eight and then ten, or " +
      "when its own input changed",
    async () => {
      const { look, write, pass, root } = await setUp();
      await write("app", "#!/bin/sh\necho run >> tries; exit 1\n");
      const count = async () => (await readFile(join(root, "tries"), "utf8")).split("\n").length - 1;
      await look({ all: true });
      expect(await count()).toBe(1);
      // What changed elsewhere is seen at once, without it.
      for (let at = 0; at < 3; at++) {
        await write("a", String(at));
        expect((await look({ changed: ["/a"] })).a).toBe(String(at));
      }
      expect(await count()).toBe(1);
      const tries: number[] = [];
      for (let minute = 1; minute <= 45; minute++) {
        pass(60_000);
        const before = await count();
        await look({ poll: true });
        if ((await count()) > before) tries.push(minute);
      }
      expect(tries).toEqual([1, 3, 7, 15, 25, 35, 45]);
      await look({ changed: ["/app.conf"] });
      expect(await count()).toBe(9);
      // Once it is well, its usual time counts.
      await write("app", "#!/bin/sh\necho run >> tries; echo 1\n");
      expect(await look({ changed: ["/app"] })).toMatchObject({ c: "1" });
      pass(60_000);
      await look({ poll: true });
      expect(await count()).toBe(10);
    },
  );

  it("run again each time what could not be read", async () => {
    const { look, write } = await setUp();
    await write("a", "");
    expect((await look({ all: true })).a).toBeUndefined();
    await write("a", "3");
    expect(await look({ changed: [] })).toMatchObject({ a: "3", c: "1" });
  });
});
