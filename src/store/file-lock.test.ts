// The lock of conditional puts: one holder, and a dead one is replaced.
import { lutimes, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fileStore } from "./file.ts";
import { takeLock } from "./file-lock.ts";

const NOW = Date.UTC(2023, 11, 12);

describe("the lock", () => {
  let folder: string;
  let now: number;
  let names: number;
  const take = () => takeLock({ folder, key: "a/key", clock: () => now, random: () => String(names++) });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "rollcall-lock-"));
    now = NOW;
    names = 0;
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("has one holder at a time", async () => {
    let holders = 0;
    const work = async () => {
      const lock = await take();
      expect(++holders).toBe(1);
      await lock.check();
      await readdir(folder);
      holders--;
      await lock.release();
    };
    await Promise.all(Array.from({ length: 30 }, work));
    expect(await readdir(folder)).toEqual([]);
  });

  it("is taken from the dead by exactly one at a time", async () => {
    await take();
    now += 10_001;
    let holders = 0;
    const work = async () => {
      const lock = await take();
      expect(++holders).toBe(1);
      await readdir(folder);
      await lock.check();
      holders--;
      await lock.release();
    };
    await Promise.all(Array.from({ length: 30 }, work));
    expect(await readdir(folder)).toEqual([]);
  });

  it("is lost to a holder that slept, who then leaves it alone", async () => {
    const slow = await take();
    now += 5_001;
    await expect(slow.check()).rejects.toThrow("held the lock on a/key too long");
    await slow.release();
    expect(await readdir(folder)).toHaveLength(1);
    now += 5_000;
    const next = await take();
    await expect(slow.check()).rejects.toThrow("too long");
    await slow.release();
    await next.check();
    await next.release();
    expect(await readdir(folder)).toEqual([]);
  });

  it("is waited for no longer than some seconds, and the message says what to delete", async () => {
    await take();
    const [name = ""] = await readdir(folder);
    await symlink("x", join(folder, `${name}.break`));
    now += 10_001;
    let waited = 0;
    const pause = async (ms: number) => {
      waited += ms;
    };
    const taking = takeLock({ folder, key: "a/key", clock: () => now, random: () => "late", pause });
    await expect(taking).rejects.toThrow(`delete ${join(folder, name)} and ${join(folder, name)}.break`);
    expect(waited).toBeGreaterThan(10_000);
    expect(waited).toBeLessThan(20_000);
  });

  it("does not stop a put when a dead writer left it", async () => {
    const store = await fileStore({ root: folder, clock: () => now });
    const { etag } = await store.put("a/key", Buffer.from("1"));
    await takeLock({ folder: join(folder, ".tmp"), key: "a/key", clock: () => now, random: () => "dead" });
    now += 10_001;
    await store.put("a/key", Buffer.from("2"), { ifMatch: etag });
    expect((await store.get("a/key", { maxBytes: 1 }))?.body.toString()).toBe("2");
    expect(await readdir(join(folder, ".tmp"))).toEqual([]);
  });

  it("is swept with its break mark at opening, an hour later", async () => {
    const store = await fileStore({ root: folder, clock: () => now });
    await store.put("a/key", Buffer.from("1"));
    const file = join(folder, ".tmp", "lock-0.break");
    await symlink("x", file);
    const old = Date.now() / 1000 - 2 * 60 * 60;
    await lutimes(file, old, old);
    await fileStore({ root: folder, clock: Date.now });
    expect(await readdir(join(folder, ".tmp"))).toEqual([]);
  });
});
