// Tests of `rollcall store init` on folders; on buckets: test/s3/store-init.test.ts.
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeIo } from "../../testing/io-double.ts";
import { CommandError } from "../program/failure.ts";
import { runStoreInit } from "./store-init.ts";

describe("rollcall store init elsewhere", () => {
  it("makes a folder, and says who sweeps it", async () => {
    const io = await makeIo({ isTerminal: true, columns: 100 });
    await runStoreInit({ store: "file:fleet", dryRun: true }, io);
    await expect(stat(join(io.cwd, "fleet"))).rejects.toThrow("ENOENT");
    await runStoreInit({ store: "file:fleet" }, io);
    expect((await stat(join(io.cwd, "fleet"))).isDirectory()).toBe(true);
    await runStoreInit({ store: "file:fleet" }, io);
    expect(io.out().match(/folder +(would be set|set|already so)/g)).toHaveLength(3);
    expect(io.out()).toContain("left out: rollcall serve and rollcall start sweep the folder every hour");
  });

  it("has nothing to do in memory", async () => {
    await expect(runStoreInit({ store: "memory:" }, await makeIo())).rejects.toThrow(CommandError);
  });
});
