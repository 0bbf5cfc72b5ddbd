// Tests of the spool: what is read back is whole, or nothing.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { makeFolder } from "../testing/temporary-folder.ts";
import { openSpool } from "./spool.ts";

const REPORT = {
  id: "a",
  bytes: Buffer.from('{"instance_id":"a"}\n\n{"x":1}'),
  digest: "sha256:1",
  madeAt: 5,
  madeOn: "a boot",
};

describe("a spool", () => {
  it("gives back what was saved last, also to the next process", async () => {
    const folder = join(await makeFolder(), "state");
    expect(await openSpool(folder).load()).toBeUndefined();
    await openSpool(folder).save({ ...REPORT, digest: "sha256:0" });
    await openSpool(folder).save(REPORT);
    expect(await openSpool(folder).load()).toEqual(REPORT);
    await openSpool(folder).clear();
    await openSpool(folder).clear();
    expect(await openSpool(folder).load()).toBeUndefined();
  });

  it("gives nothing where the file was cut or changed", async () => {
    const folder = await makeFolder();
    const spool = openSpool(folder);
    await spool.save(REPORT);
    const path = join(folder, "spool");
    const whole = await readFile(path);
    for (let length = 0; length < whole.length; length++) {
      await writeFile(path, whole.subarray(0, length));
      expect(await spool.load()).toBeUndefined();
    }
    const start = whole.indexOf("\n") + 1;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: start, max: whole.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        async (at, flip) => {
          const changed = Buffer.from(whole);
          changed[at] = (changed[at] ?? 0) ^ flip;
          await writeFile(path, changed);
          expect(await spool.load()).toBeUndefined();
        },
      ),
      { numRuns: 50 },
    );
  });
});
