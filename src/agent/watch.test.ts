// Tests of watching, on the real file system: each way in which a file changes is told.
import { mkdir, mkdtemp, rename, rm, stat, symlink, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { openHostFiles } from "../collect/host-files.ts";
import { makeFolder } from "../testing/temporary-folder.ts";
import type { PolledFolder } from "./polled-folders.ts";
import { createWatch } from "./watch.ts";
import type { WatchTargets } from "./watch-trace.ts";

async function setUp(files: Readonly<Record<string, string>>, watched: WatchTargets, given?: string) {
  const root = given ?? (await makeFolder(files));
  const host = openHostFiles(root);
  const told: string[] = [];
  const timers = new Set<{ readonly at: number; readonly act: () => void }>();
  let polled: readonly PolledFolder[] = [];
  let now = 0;
  let jumped = 0;
  const watch = createWatch({
    resolve: host.resolve,
    glob: async (pattern) => {
      const found = await host.glob([pattern], AbortSignal.timeout(5000));
      return "paths" in found ? found : { links: [], folders: [], fault: found.reason };
    },
    onChange: (changed) => told.push(changed),
    monotonic: () => now,
    clock: () => now + jumped,
    later: (ms, act) => {
      const timer = { at: now + ms, act };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    onPolled: (all) => {
      polled = all;
    },
  });
  onTestFinished(() => watch.close());
  await watch.update(watched);
  return {
    root,
    watch,
    told,
    polled: () => polled,
    /** Lets time pass, and does what is to be done then. */
    pass(ms: number): void {
      now += ms;
      for (const timer of [...timers]) if (timer.at <= now && timers.delete(timer)) timer.act();
    },
    /** Sets the wall clock. */
    jump(ms: number): void {
      jumped += ms;
    },
    /** Does something, and waits until it is told. */
    async expectTold(name: string, act: () => Promise<unknown>) {
      told.length = 0;
      await act();
      await expect.poll(() => told, { timeout: 60_000 }).toContain(name);
      await watch.update(watched);
    },
    /** Does something that must not be told, and then something that is. */
    async expectQuiet(act: () => Promise<unknown>, marker: { name: string; act: () => Promise<unknown> }) {
      told.length = 0;
      await act();
      await marker.act();
      await expect.poll(() => told, { timeout: 60_000 }).toContain(marker.name);
      expect(new Set(told)).toEqual(new Set([marker.name]));
    },
  };
}

describe("a watch of a path", () => {
  const watched = { paths: ["/opt/app/app.conf"], globs: [] };

  it("tells when the file is written, replaced, removed, and there again", async () => {
    const { root, expectTold } = await setUp({ "opt/app/app.conf": "1" }, watched);
    const path = join(root, "opt/app/app.conf");
    const [name = ""] = watched.paths;
    await expectTold(name, () => writeFile(path, "2"));
    await writeFile(`${path}.new`, "3");
    await expectTold(name, () => rename(`${path}.new`, path));
    await expectTold(name, () => unlink(path));
    await expectTold(name, () => writeFile(path, "4"));
  });

  it("tells of files in memory, which /dev/shm has among devices", async () => {
    const folder = await mkdtemp("/dev/shm/rollcall-");
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const path = join(folder, "app/app.conf");
    const { polled, expectTold } = await setUp({}, { paths: [path], globs: [] }, "/");
    await expectTold(path, () => mkdir(join(folder, "app")));
    await expectTold(path, () => writeFile(path, "1"));
    await expectTold(path, () => writeFile(path, "2"));
    await expectTold(path, () => rm(join(folder, "app"), { recursive: true }));
    await expectTold(path, () => mkdir(join(folder, "app")));
    expect(polled()).toEqual([]);
  });

  it("tells when it comes with its folders, or they go", async () => {
    const { root, expectTold } = await setUp({}, watched);
    const [name = ""] = watched.paths;
    await expectTold(name, () => mkdir(join(root, "opt")));
    await expectTold(name, () => mkdir(join(root, "opt/app")));
    await expectTold(name, () => writeFile(join(root, "opt/app/app.conf"), "1"));
    await expectTold(name, () => rm(join(root, "opt"), { recursive: true }));
  });

  it("tells when its folder is replaced by another, and what happens there then", async () => {
    const { root, expectTold } = await setUp({ "opt/app/app.conf": "1", "opt/next/app.conf": "2" }, watched);
    const [name = ""] = watched.paths;
    await expectTold(name, async () => {
      await rename(join(root, "opt/app"), join(root, "opt/old"));
      await rename(join(root, "opt/next"), join(root, "opt/app"));
    });
    await expectTold(name, () => writeFile(join(root, "opt/app/app.conf"), "3"));
  });

  it("tells of a folder that was removed and made anew, though it has the old one's inode", async () => {
    const { root, watch, expectTold } = await setUp({ "opt/app/app.conf": "1" }, watched);
    const [name = ""] = watched.paths;
    const folder = join(root, "opt/app");
    let isSame = false;
    // The file system gives a number out again soon, not always at once.
    for (let turn = 0; turn < 20 && !isSame; turn++) {
      const { ino } = await stat(folder);
      await rm(folder, { recursive: true });
      await mkdir(folder);
      await writeFile(join(folder, "app.conf"), "2");
      isSame = (await stat(folder)).ino === ino;
      await watch.update(watched);
      await expectTold(name, () => writeFile(join(folder, "app.conf"), "3"));
    }
  });

  it("tells when a link above it is turned, as releases are switched", async () => {
    const { root, expectTold } = await setUp(
      { "opt/releases/1/app.conf": "1", "opt/releases/2/app.conf": "2" },
      watched,
    );
    const [name = ""] = watched.paths;
    await expectTold(name, () => symlink("releases/1", join(root, "opt/app")));
    await symlink("releases/2", join(root, "opt/app.new"));
    await expectTold(name, () => rename(join(root, "opt/app.new"), join(root, "opt/app")));
    await expectTold(name, () => writeFile(join(root, "opt/releases/2/app.conf"), "3"));
  });

  it("says nothing of its neighbours", async () => {
    const { root, expectQuiet } = await setUp({ "opt/app/app.conf": "1" }, watched);
    const [name = ""] = watched.paths;
    await expectQuiet(
      async () => {
        await writeFile(join(root, "opt/app/app.log"), "x");
        await mkdir(join(root, "opt/other"));
      },
      { name, act: () => writeFile(join(root, "opt/app/app.conf"), "2") },
    );
  });

  it("is not led in circles", async () => {
    const { root, watch } = await setUp({}, { paths: [], globs: [] });
    await symlink("b", join(root, "a"));
    await symlink("a", join(root, "b"));
    await watch.update({ paths: ["/a", "/a/x"], globs: ["/a/*"] });
    expect(watch.folders).toBeGreaterThan(0);
  });
});

describe("a watch of a glob", () => {
  const watched = { paths: [], globs: ["/opt/*/conf/*.conf"] };

  it("tells of files that change, come and go, also in new folders", async () => {
    const { root, expectTold } = await setUp({ "opt/a/conf/x.conf": "1" }, watched);
    const [name = ""] = watched.globs;
    await expectTold(name, () => writeFile(join(root, "opt/a/conf/x.conf"), "2"));
    await expectTold(name, () => writeFile(join(root, "opt/a/conf/y.conf"), "1"));
    await expectTold(name, () => unlink(join(root, "opt/a/conf/x.conf")));
    await expectTold(name, () => mkdir(join(root, "opt/b")));
  });

  it("tells of a first file in a folder that was there before", async () => {
    const { root, expectTold } = await setUp({ "opt/new/readme": "", "opt/a/conf/x.conf": "1" }, watched);
    const [name = ""] = watched.globs;
    await expectTold(name, () => mkdir(join(root, "opt/new/conf")));
    await expectTold(name, () => writeFile(join(root, "opt/new/conf/y.conf"), "1"));
  });

  it("tells of what is made with all its folders at once", async () => {
    const deep = { paths: [], globs: ["/srv/**/app.conf"] };
    const { root, expectTold } = await setUp({}, deep);
    await expectTold("/srv/**/app.conf", () => mkdir(join(root, "srv/a/b/c"), { recursive: true }));
    await expectTold("/srv/**/app.conf", () => writeFile(join(root, "srv/a/b/c/app.conf"), "1"));
    await expectTold("/srv/**/app.conf", () => writeFile(join(root, "srv/app.conf"), "1"));
    await expectTold("/srv/**/app.conf", () => rename(join(root, "srv/a"), join(root, "srv/d")));
    await expectTold("/srv/**/app.conf", () => writeFile(join(root, "srv/d/b/c/app.conf"), "2"));
  });

  it("tells of files to which links lead that it finds", async () => {
    const { root, expectTold } = await setUp(
      { "conf/x": "", "files/a.conf": "1" },
      { paths: [], globs: ["/conf/*.conf"] },
    );
    await expectTold("/conf/*.conf", () => symlink("../files/a.conf", join(root, "conf/a.conf")));
    await expectTold("/conf/*.conf", () => writeFile(join(root, "files/a.conf"), "2"));
  });

  it("says nothing of other files in the folders on the way", async () => {
    const { root, expectQuiet } = await setUp({ "opt/a/conf/x.conf": "1" }, watched);
    const [name = ""] = watched.globs;
    await expectQuiet(
      async () => {
        await writeFile(join(root, "opt/a.conf"), "1");
        await writeFile(join(root, "opt/a/x.conf"), "1");
      },
      { name, act: () => writeFile(join(root, "opt/a/conf/x.conf"), "2") },
    );
  });

  it("says nothing of other names", async () => {
    const { root, expectQuiet } = await setUp(
      { "opt/a/conf/x.conf": "1" },
      { paths: [], globs: ["/opt/a/conf/*.conf"] },
    );
    await expectQuiet(() => writeFile(join(root, "opt/a/conf/x.conf~"), "2"), {
      name: "/opt/a/conf/*.conf",
      act: () => writeFile(join(root, "opt/a/conf/x.conf"), "2"),
    });
  });
});

describe("a watch", () => {
  it("leaves a folder in which everything else changes, and comes back, later each time", {
    timeout: 60_000,
  }, async () => {
    const paths = ["/log/app.conf"];
    const { root, polled, told, pass, watch } = await setUp({ "log/app.conf": "1" }, { paths, globs: [] });
    const storm = () =>
      expect
        .poll(
          async () => {
            await Promise.all(
              Array.from({ length: 500 }, (_, at) => writeFile(join(root, `log/${at}.log`), "x")),
            );
            return polled();
          },
          { timeout: 20_000 },
        )
        .toEqual([{ folder: join(root, "log"), reason: expect.stringContaining("too many") }]);
    for (const pauseMs of [5000, 10_000]) {
      await storm();
      pass(pauseMs - 1);
      await watch.update({ paths, globs: [] });
      expect(polled()).toHaveLength(1);
      told.length = 0;
      pass(20);
      // It is looked at, and before that it is watched.
      expect(told).toEqual(paths);
      await watch.update({ paths, globs: [] });
      expect(polled()).toEqual([]);
      told.length = 0;
      await writeFile(join(root, "log/app.conf"), "2");
      await expect.poll(() => told, { timeout: 60_000 }).toEqual(expect.arrayContaining(paths));
    }
  });

  it("watches anew when the clock was set back, and not when it was set forward", async () => {
    const watched = { paths: ["/app.conf"], globs: [] };
    const { told, pass, jump, expectTold, root } = await setUp({ "app.conf": "1" }, watched);
    jump(3_600_000);
    pass(1500);
    expect(told).toEqual([]);
    jump(-3_600_000);
    pass(1500);
    expect(told).toContain("/app.conf");
    await expectTold("/app.conf", () => writeFile(join(root, "app.conf"), "2"));
  });

  it("says what it polls only: what cannot be watched, and what would be too much", async () => {
    const files = Object.fromEntries(Array.from({ length: 600 }, (_, at) => [`many/${at}/x.conf`, "1"]));
    const { polled, watch } = await setUp(files, { paths: ["/proc/version"], globs: ["/many/*/*.conf"] });
    expect(polled()).toContainEqual({ folder: "/proc", reason: expect.stringContaining("kernel") });
    expect(polled().filter(({ reason }) => reason.includes("more than 500"))).toHaveLength(
      polled().length - 1,
    );
    expect(polled().length).toBeGreaterThan(100);
    expect(watch.folders).toBe(500);
  });

  it("says which globs find too much to be watched", async () => {
    const files = Object.fromEntries(Array.from({ length: 1001 }, (_, at) => [`many/${at}.conf`, "1"]));
    const { polled } = await setUp(files, { paths: [], globs: ["/many/*.conf"] });
    expect(polled()).toEqual([{ folder: "/many/*.conf", reason: expect.stringContaining("more than 1000") }]);
  });

  it("watches nothing below /proc", async () => {
    const { watch } = await setUp({}, { paths: ["/proc/1/stat"], globs: ["/proc/*/stat"] });
    expect(watch.folders).toBe(0);
  });
});
