// Tests of watching, on the real file system: each way in which a file changes is told.
import { mkdir, rename, rm, symlink, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { openHostFiles } from "../collect/host-files.ts";
import { makeFolder } from "../collect/temporary-folder.ts";
import { createWatch, type Watched } from "./watch.ts";

async function setUp(files: Readonly<Record<string, string>>, watched: Watched) {
  const root = await makeFolder(files);
  const host = openHostFiles(root);
  const told: string[] = [];
  const givenUp: string[] = [];
  const watch = createWatch({
    resolve: host.resolve,
    glob: async (pattern) => {
      const found = await host.glob([pattern], AbortSignal.timeout(5000));
      return "paths" in found ? found.paths : [];
    },
    onChange: (changed) => told.push(changed),
    monotonic: () => 0,
    onGiveUp: (folder) => givenUp.push(folder),
  });
  onTestFinished(() => watch.close());
  await watch.update(watched);
  return {
    root,
    watch,
    givenUp,
    /** Does something, and waits until it is told. */
    async expectTold(name: string, act: () => Promise<unknown>) {
      told.length = 0;
      await act();
      await expect.poll(() => told, { timeout: 5000 }).toContain(name);
      await watch.update(watched);
    },
    /** Does something that must not be told, and then something that is. */
    async expectQuiet(act: () => Promise<unknown>, marker: { name: string; act: () => Promise<unknown> }) {
      told.length = 0;
      await act();
      await marker.act();
      await expect.poll(() => told, { timeout: 5000 }).toContain(marker.name);
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

  it("tells when a link above it is turned, as releases are switched", async () => {
    const { root, expectTold } = await setUp({ "opt/releases/1/app.conf": "1", "opt/releases/2/app.conf": "2" }, watched);
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

  it("says nothing of other names", async () => {
    const { root, expectQuiet } = await setUp({ "opt/a/conf/x.conf": "1" }, { paths: [], globs: ["/opt/a/conf/*.conf"] });
    await expectQuiet(() => writeFile(join(root, "opt/a/conf/x.conf~"), "2"), {
      name: "/opt/a/conf/*.conf",
      act: () => writeFile(join(root, "opt/a/conf/x.conf"), "2"),
    });
  });
});

describe("a watch", () => {
  it("gives up a folder in which everything else changes all the time", async () => {
    const { root, givenUp } = await setUp({ "log/app.conf": "1" }, { paths: ["/log/app.conf"], globs: [] });
    await expect
      .poll(
        async () => {
          await Promise.all(Array.from({ length: 500 }, (_, at) => writeFile(join(root, `log/${at}.log`), "x")));
          return givenUp;
        },
        { timeout: 20_000 },
      )
      .toEqual([join(root, "log")]);
  });

  it("watches nothing below /proc", async () => {
    const { watch } = await setUp({}, { paths: ["/proc/1/stat"], globs: ["/proc/*/stat"] });
    expect(watch.folders).toBe(0);
  });
});
