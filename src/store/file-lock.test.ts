// The lock of conditional puts: one holder, and a dead one is replaced.
import { mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fileStore } from "./file.ts";
import { takeLock } from "./file-lock.ts";

const NOW = Date.UTC(2023, 11, 12);

describe("the lock", () => {
  let folder: string;
  let now: number;
  let names: number;
  /** Time passes for all while they wait, as no clock on the wall says. */
  const pause = async (ms: number) => {
    now += ms;
    await wait(0);
  };
  const take = () =>
    takeLock({ folder, key: "a/key", monotonic: () => now, random: () => String(names++), pause });
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
    const began = now;
    await expect(take()).rejects.toThrow(`delete ${join(folder, name)} and ${join(folder, name)}.break`);
    expect(now - began).toBeGreaterThan(10_000);
    expect(now - began).toBeLessThan(20_000);
  });

  it("is not taken from the living, whatever the clocks on the wall say", async () => {
    const store = await fileStore({ root: folder, clock: () => NOW });
    const { etag } = await store.put("a/key", Buffer.from("1"));
    const folderOfLocks = join(folder, ".tmp");
    const held = await takeLock({
      folder: folderOfLocks,
      key: "a/key",
      monotonic: () => 0,
      random: () => "held",
      pause,
    });
    const ahead = await fileStore({ root: folder, clock: () => NOW + 48 * 3_600_000 });
    let isDone = false;
    const putting = ahead.put("a/key", Buffer.from("2"), { ifMatch: etag }).then(() => {
      isDone = true;
    });
    // Long enough for the other one to have looked at the lock many times.
    for (let look = 0; look < 200; look++) await store.get("a/key", { maxBytes: 1 });
    expect(isDone).toBe(false);
    await held.check();
    await held.release();
    await putting;
  });

  /** A writer takes it, and dies. */
  const leave = () =>
    takeLock({ folder: join(folder, ".tmp"), key: "a/key", monotonic: () => 0, random: () => "dead", pause });

  it("does not stop a put when a dead writer left it", async () => {
    // Each look at this clock is a second later.
    const monotonic = () => (now += 1000);
    const store = await fileStore({ root: folder, clock: () => NOW, monotonic, pause });
    const { etag } = await store.put("a/key", Buffer.from("1"));
    await leave();
    await store.put("a/key", Buffer.from("2"), { ifMatch: etag });
    expect((await store.get("a/key", { maxBytes: 1 }))?.body.toString()).toBe("2");
    await leave();
    await store.put("a/key", Buffer.from("3"));
    expect((await store.get("a/key", { maxBytes: 1 }))?.body.toString()).toBe("3");
    expect(await readdir(join(folder, ".tmp"))).toEqual([]);
  });

  it("holds up no put without a condition for good, even where it cannot be broken", async () => {
    const monotonic = () => (now += 1000);
    const store = await fileStore({ root: folder, clock: () => NOW, monotonic, pause });
    await store.put("a/key", Buffer.from("1"));
    await leave();
    const [name = ""] = await readdir(join(folder, ".tmp"));
    await symlink("x", join(folder, ".tmp", `${name}.break`));
    await store.put("a/key", Buffer.from("2"));
    expect((await store.get("a/key", { maxBytes: 1 }))?.body.toString()).toBe("2");
  });

  it("is swept with its break mark, an hour later", async () => {
    const store = await fileStore({ root: folder, clock: () => now });
    await store.put("a/key", Buffer.from("1"));
    await symlink("x", join(folder, ".tmp", "lock-0.break"));
    const later = async () => Date.now() + 2 * 60 * 60 * 1000;
    await fileStore({ root: folder, clock: () => Date.now() + 2 * 60 * 60 * 1000, askTime: later });
    expect(await readdir(join(folder, ".tmp"))).toEqual([]);
  });
});
