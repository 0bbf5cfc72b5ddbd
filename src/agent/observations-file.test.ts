// Tests of the file of observations: shared by several processes, bounded, and never in the way.
import { readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { HostAccess } from "../collect/collector.ts";
import { MAX_OBSERVATIONS_BYTES, type ObservationStore } from "../collect/observations.ts";
import { makeHostDouble } from "../testing/host-double.ts";
import { makeFolder } from "../testing/temporary-folder.ts";
import { openObservationsFile } from "./observations-file.ts";

const NEVER = new AbortController().signal;
const host = makeHostDouble("/", { clock: Date.now });

async function setUp(files: Record<string, string> = {}) {
  const root = await makeFolder(files);
  const notices: string[] = [];
  const open = (options: Partial<Parameters<typeof openObservationsFile>[0]> = {}) =>
    openObservationsFile({
      folder: join(root, "state"),
      makesFolder: true,
      onNotice: (notice) => notices.push(notice),
      ...options,
    });
  const path = join(root, "state/observed.json");
  return { root, path, notices, open };
}

/** Looks at a path and saves. @returns how many files were read for it */
async function look(memory: ObservationStore, path: string): Promise<number> {
  let read = 0;
  const files: HostAccess["files"] = {
    ...host.files,
    digest: (...args) => {
      read++;
      return host.files.digest(...args);
    },
  };
  const counting = { ...host, files };
  const observations = await memory.load();
  const moment = await observations.readClock(counting, NEVER);
  if ("reason" in moment) throw new Error(moment.reason);
  await observations.observe(path, moment, counting, NEVER);
  await memory.save();
  return read;
}

describe("the file of observations", () => {
  it("saves reading a file again, over restarts, and is not written while nothing changes", async () => {
    const { path, open } = await setUp();
    const memory = open();
    expect(await look(memory, "/etc/hostname")).toBe(1);
    const { mtimeMs, ino, mode } = await stat(path);
    expect(mode & 0o777).toBe(0o600);
    expect(await look(memory, "/etc/hostname")).toBe(0);
    expect(await look(open(), "/etc/hostname")).toBe(0);
    expect(await stat(path)).toMatchObject({ mtimeMs, ino });
    // A report that is made now and then says that all is as it was.
    await look(open({ refreshMs: 0 }), "/etc/hostname");
    expect((await stat(path)).ino).not.toBe(ino);
    // What another process writes is seen as well.
    const other = open();
    expect(await look(other, "/etc/passwd")).toBe(1);
    await memory.save();
    expect(await look(memory, "/etc/passwd")).toBe(0);
    expect(await look(open({ root: "/host" }), "/etc/hostname")).toBe(1);
    expect(await look(open(), "/etc/hostname")).toBe(0);
  });

  it("is one for all who write it", async () => {
    const { root, open, notices, path } = await setUp();
    const names = Array.from({ length: 20 }, (_, at) => join(root, `f${at}`));
    await Promise.all(names.map((name) => writeFile(name, name)));
    const memories = names.map(() => open());
    await Promise.all(memories.map((memory, at) => look(memory, names[at] ?? "")));
    // Whose writing was undone by another's puts it back at its next look.
    for (const memory of memories) await memory.save();
    const { paths } = JSON.parse(await readFile(path, "utf8")) as { paths: Record<string, unknown> };
    expect(Object.keys(paths).sort()).toEqual([...names].sort());
    expect(notices).toEqual([]);
    expect(await readdir(join(root, "state"))).toEqual(["observed.json"]);
  });

  it.each([
    ["half of one", '{"kind":"rollcall observations","vers'],
    ["another program's", '{"kind":"something","version":1}'],
    ["a later version's", '{"kind":"rollcall observations","version":2}'],
    ["nothing", ""],
    ["too much", "x".repeat(MAX_OBSERVATIONS_BYTES + 1)],
  ])("is set aside and told of if it is %s", async (_, text) => {
    const { path, notices, open } = await setUp({ "state/observed.json": text });
    expect(await look(open(), "/etc/hostname")).toBe(1);
    expect(notices).toHaveLength(1);
    expect(notices[0]).toMatch(/damaged/);
    expect(await readFile(`${path}.damaged`, "utf8")).toBe(text);
    expect(await look(open(), "/etc/hostname")).toBe(0);
    expect(notices).toHaveLength(1);
  });

  it("follows no link", async () => {
    const { root, path, open } = await setUp({ "state/x": "", other: "mine" });
    await symlink(join(root, "other"), path);
    await look(open(), "/etc/hostname");
    expect(await readFile(join(root, "other"), "utf8")).toBe("mine");
  });

  it("is done without where there is no folder, and told of once where it cannot be written", async () => {
    const { root, notices, open } = await setUp({ file: "" });
    expect(await look(open({ makesFolder: false }), "/etc/hostname")).toBe(1);
    expect(await readdir(root)).toEqual(["file"]);
    expect(notices).toEqual([]);
    const memory = open({ folder: join(root, "file/state") });
    await look(memory, "/etc/hostname");
    await look(memory, "/etc/passwd");
    expect(notices).toHaveLength(1);
    expect(notices[0]).toMatch(/cannot be kept/);
  });
});
