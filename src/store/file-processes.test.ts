// The file driver among processes: one that is killed in the middle of its puts, and several that
// count together.
import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { build } from "esbuild";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fileStore } from "./file.ts";

const LIMIT = { maxBytes: 1024 * 1024 };
const clock = () => Date.UTC(2024, 1, 29, 12);

const KEEP_PUTTING = `
  const put = async (lane) => {
    for (let turn = 0; ; turn++) {
      await store.put("puts/" + lane + "/" + turn % 40, Buffer.alloc(50_000 + turn, String(turn % 10)));
      process.stdout.write(lane + " " + turn + "\\n");
    }
  };
  await Promise.all([0, 1, 2, 3].map(put));`;

const COUNT_TO_TWENTY = `
  for (let turn = 0; turn < 20; ) {
    const found = await store.get("counter", { maxBytes: 100 });
    try {
      await store.put("counter", Buffer.from(String(Number(found.body) + 1)), { ifMatch: found.etag });
      turn++;
    } catch (error) {
      if (error.name !== "PreconditionFailed") throw error;
    }
  }`;

describe("file: many processes", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "rollcall-processes-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** Makes a program that opens the store in the folder of its first argument as `store`. */
  async function bundle(body: string): Promise<string> {
    const head =
      'import { fileStore } from "./file.ts"; const store = await fileStore({ root: ' +
      "process.argv[2], clock: Date.now });";
    const outfile = join(folder, "program.mjs");
    const stdin = { contents: head + body, resolveDir: import.meta.dirname, loader: "ts" } as const;
    await build({ stdin, bundle: true, platform: "node", format: "esm", outfile, logLevel: "error" });
    return outfile;
  }

  it("keep every acknowledged put, whole, when one is killed", async () => {
    const program = await bundle(KEEP_PUTTING);
    for (let round = 0; round < 3; round++) {
      const root = join(folder, `killed-${round}`);
      const acknowledged = await runUntilKilled(program, root, 100 + round * 57);
      const survivors = await fileStore({ root, clock });
      for await (const page of survivors.list("")) {
        for (const { key } of page) {
          const found = await survivors.get(key, LIMIT);
          const turn = (found?.size ?? 0) - 50_000;
          expect(found?.body.equals(Buffer.alloc(50_000 + turn, String(turn % 10)))).toBe(true);
          expect(turn).toBeGreaterThanOrEqual(acknowledged.get(key) ?? 0);
          acknowledged.delete(key);
        }
      }
      expect([...acknowledged.keys()]).toEqual([]);
    }
  });

  it("lose no increment", async () => {
    const program = await bundle(COUNT_TO_TWENTY);
    const root = join(folder, "counted");
    const store = await fileStore({ root, clock });
    await store.put("counter", Buffer.from("0"));
    expect(await Promise.all([run(program, root), run(program, root), run(program, root)])).toEqual([
      0, 0, 0,
    ]);
    expect((await store.get("counter", LIMIT))?.body.toString()).toBe("60");
    expect(await readdir(join(root, ".tmp"))).toEqual([]);
  });
});

function run(program: string, root: string): Promise<number | null> {
  return new Promise((resolve, reject) => {
    spawn(process.execPath, [program, root], { stdio: "inherit" }).on("error", reject).on("exit", resolve);
  });
}

/**
 * Starts the program, kills it with SIGKILL after some acknowledgements, and returns the last
 * acknowledged turn of each key.
 */
async function runUntilKilled(
  program: string,
  root: string,
  acknowledgements: number,
): Promise<Map<string, number>> {
  const child = spawn(process.execPath, [program, root], { stdio: ["ignore", "pipe", "inherit"] });
  const last = new Map<string, number>();
  let seen = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const [lane, turn = ""] = line.split(" ");
    last.set(`puts/${lane}/${Number(turn) % 40}`, Number(turn));
    if (++seen === acknowledgements) child.kill("SIGKILL");
  }
  expect(seen).toBeGreaterThanOrEqual(acknowledgements);
  return last;
}
