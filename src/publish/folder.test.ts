// Tests of Markdown in a folder into which others write too: links, pipes, leftovers, and names.
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { type MadeHost, makeHosts, makeOverview } from "../testing/overview-double.ts";
import { folderPublisher } from "./folder.ts";

async function setUp() {
  const place = await mkdtemp(join(tmpdir(), "rollcall-folder-"));
  onTestFinished(() => rm(place, { recursive: true }));
  const path = join(place, "wiki");
  let value: unknown;
  const publish = async (hosts: readonly MadeHost[], name = "test") =>
    await folderPublisher({ name, path, touchMs: 3_600_000 }).publish(await makeOverview(hosts), {
      state: {
        get value() {
          return value;
        },
        save: async (next) => {
          value = next;
        },
        renew: async () => undefined,
      },
      clock: () => 0,
      sleep: async () => undefined,
      random: () => 0,
      signal: new AbortController().signal,
      deadline: 1,
      isDryRun: false,
      onStep: () => undefined,
      write: async () => undefined,
    });
  const keep = (state: unknown) => {
    value = state;
  };
  return { place, path, publish, keep };
}

it.each(["a link to a file", "a dangling link", "a pipe", "a socket-like folder"])(
  "writes and reads through nothing: %s",
  async (kind) => {
    const { place, path, publish } = await setUp();
    await publish(makeHosts(1, 2));
    const target = join(place, "precious");
    const page = join(path, "rollcall-test.md");
    const text = await readFile(page, "utf8");
    await rm(page);
    // Even one that looks like ours is not written through.
    await writeFile(target, text);
    if (kind === "a link to a file") await symlink(target, page);
    if (kind === "a dangling link") await symlink(join(place, "made"), page);
    if (kind === "a pipe") execFileSync("/usr/bin/mkfifo", [page]);
    if (kind === "a socket-like folder") await mkdir(page);
    await expect(publish(makeHosts(1, 3))).rejects.toThrow(
      `${page} was not made by Rollcall, and stays as it is`,
    );
    expect(await readFile(target, "utf8")).toBe(text);
    expect((await readdir(place)).sort()).toEqual(["precious", "wiki"]);
  },
);

it("writes through no link that waits where drafts are made", async () => {
  const { place, path, publish } = await setUp();
  await publish(makeHosts(1, 2));
  const target = join(place, "precious");
  await writeFile(target, "theirs");
  // The name that drafts had once.
  await symlink(target, join(path, "rollcall-test.md.rollcall-new"));
  await publish(makeHosts(1, 3));
  expect(await readFile(target, "utf8")).toBe("theirs");
  expect(await readFile(join(path, "rollcall-test.md"), "utf8")).toContain("3 hosts reported.");
});

it("removes the drafts of runs that were killed, and no others", async () => {
  const { path, publish } = await setUp();
  await publish(makeHosts(1, 2));
  const before = await readdir(path);
  await writeFile(join(path, ".rollcall-test.md.0123456789abcdef.new"), "half");
  await writeFile(join(path, ".rollcall-other.md.0123456789abcdef.new"), "another publisher's");
  await publish(makeHosts(1, 3));
  expect((await readdir(path)).sort()).toEqual([".rollcall-other.md.0123456789abcdef.new", ...before].sort());
});

it("removes what a state names only below its folder", async () => {
  const { place, path, publish, keep } = await setUp();
  await publish(makeHosts(1, 2));
  const victim = join(place, "victim.md");
  await writeFile(victim, await readFile(join(path, "rollcall-test.md"), "utf8"));
  keep({ files: ["../victim.md"], written: 0 });
  await publish(makeHosts(1, 2));
  expect(await readFile(victim, "utf8")).toContain("made by rollcall publish");
});

it("names pages after their parts, the same on every run, and lets those go whose part is gone", async () => {
  const { path, publish } = await setUp();
  const host = (service: string, at: number): MadeHost => ({ id: `i-${at}`, service, module: "A_red_1.1" });
  await publish(["payments", "search", "決済"].map(host));
  expect((await readdir(path)).sort()).toEqual([
    "rollcall-test.md",
    "rollcall-test.payments.md",
    "rollcall-test.search.md",
    expect.stringMatching(/^rollcall-test\.決済-[0-9a-f]{10}\.md$/),
  ]);
  const summary = await readFile(join(path, "rollcall-test.md"), "utf8");
  for (const file of await readdir(path))
    if (file !== "rollcall-test.md") expect(summary).toContain(`(${encodeURIComponent(file)})`);
  await publish(["search", "z", "payments"].map(host));
  expect((await readdir(path)).sort()).toEqual([
    "rollcall-test.md",
    "rollcall-test.payments.md",
    "rollcall-test.search.md",
    "rollcall-test.z.md",
  ]);
});

it("keeps apart two publishers whose names and parts would make one name", async () => {
  const { path, publish, keep } = await setUp();
  await publish([{ id: "i-1", service: "b", module: "A_red_1.1" }], "a");
  keep(undefined);
  await publish([{ id: "i-2", service: "c", module: "A_red_1.1" }], "a-b");
  expect(await readdir(path)).toHaveLength(4);
});
