// Tests of finding a file's process among the real ones of this machine.
import { type ChildProcess, spawn } from "node:child_process";
import { rename, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { MatchForm } from "../specs/match-schema.ts";
import { makeHostDouble } from "../testing/host-double.ts";
import { findPid } from "../testing/process-search.ts";
import { asNobody, makeFolder } from "../testing/temporary-folder.ts";
import type { HostAccess } from "./collector.ts";

const SCRIPT = "#!/usr/bin/env node\nsetTimeout(() => undefined, 300_000);\n";

async function start(
  program: string,
  args: readonly string[],
  options: Parameters<typeof spawn>[2] = {},
): Promise<ChildProcess> {
  const child = spawn(program, args, { stdio: "ignore", detached: true, ...options });
  onTestFinished(() => void (child.pid !== undefined && process.kill(-child.pid, "SIGKILL")));
  await new Promise((resolve, reject) => child.once("spawn", resolve).once("error", reject));
  return child;
}

/**
 * Waits until a search finds what is expected: a program needs a moment to become itself, and the
 * machine's others have no words while they start or end.
 */
async function expectFound(search: () => Promise<string>, expected: string | RegExp): Promise<void> {
  const poll = expect.poll(search, { timeout: 20_000, interval: 100 });
  await (typeof expected === "string" ? poll.toBe(expected) : poll.toMatch(expected));
}

describe("real processes", () => {
  it("are found by relative paths, links and the words of a wrapper", async () => {
    const root = await makeFolder({
      "conf/a.conf": "",
      "conf/b.conf": "",
      "conf/c.conf": "",
      "app.mjs": SCRIPT,
    });
    await symlink("b.conf", join(root, "conf/other.conf"));
    const relative = await start("node", ["app.mjs", "--config", "./conf/a.conf"], { cwd: root });
    const program = join(root, "app.mjs");
    await expectFound(() => findPid(join(root, "conf/a.conf"), { program }), String(relative.pid));
    const linked = await start("node", [program, `--config=file:${root}/conf/other.conf`]);
    await expectFound(
      () => findPid(join(root, "conf/b.conf"), { match: [{ words: "--config {path}" }], program }),
      String(linked.pid),
    );
    const wrapper = await start("/usr/bin/timeout", [
      "300",
      "node",
      program,
      "-c",
      join(root, "conf/c.conf"),
    ]);
    const inner = () => findPid(join(root, "conf/c.conf"), { match: [{ words: "-c {path}" }] });
    await expectFound(inner, /^\d+$/);
    expect(await inner()).not.toBe(String(wrapper.pid));
  });

  it("are no certain find, and no absence, after a link was turned under them", async () => {
    const root = await makeFolder({ "releases/1/a.conf": "", "releases/2/a.conf": "", "app.mjs": SCRIPT });
    await symlink("releases/1", join(root, "current"));
    await start("node", ["../../app.mjs", "a.conf"], { cwd: join(root, "current") });
    await symlink("releases/2", join(root, "new"));
    await rename(join(root, "new"), join(root, "current"));
    await expectFound(
      () => findPid(join(root, "current/a.conf")),
      /a link on the way to this file leads to .*releases\/2 now/,
    );
  });

  it(
    "are found by pidfile, variable, folder and open file, and by what holds of all in " + "one form",
    async () => {
      const root = await makeFolder({ "a.conf": "", "b.conf": "" });
      const path = join(root, "a.conf");
      const env = { PATH: process.env.PATH ?? "", APP_CONFIG: path };
      const child = await start("/usr/bin/tail", ["-f", "/dev/null"], { cwd: root, env });
      const held = await start("/bin/sh", ["-c", `exec 3< ${path}; exec /bin/sleep 300`]);
      const pid = String(child.pid);
      await writeFile(join(root, "a.pid"), `${pid}\n`);
      const forms: readonly MatchForm[] = [
        { pidfile: `${root}/{stem}.pid` },
        { words: "-f /dev/null", environ: "APP_CONFIG={path}" },
        { words: "-f /dev/null", cwd: root },
      ];
      for (const form of forms) await expectFound(() => findPid(path, { match: [form] }), pid);
      await expectFound(
        () => findPid(path, { match: [{ words: "/bin/sleep 300", open: "{path}" }] }),
        String(held.pid),
      );
      expect(
        await findPid(path, {
          match: [{ words: "-f /dev/null", environ: "APP_CONFIG={name}" }, { pidfile: "/nowhere" }],
        }),
      ).toMatch(/names this file|none/);
      await expectFound(
        () => findPid(join(root, "b.conf"), { match: [{ pidfile: `${root}/{stem}.pid` }] }),
        "none",
      );
      // Its number was given to another process since.
      await utimes(join(root, "a.pid"), 1, 1);
      const host = makeHostDouble("/");
      const trace: HostAccess["files"]["trace"] = async () => ({
        path: join(root, "a.pid"),
        changedAt: 1000,
      });
      expect(
        await findPid(path, {
          match: [{ pidfile: `${root}/{stem}.pid` }],
          host: { ...host, files: { ...host.files, trace } },
        }),
      ).toBe("none");
    },
  );

  it("that another user may not look into are told", async () => {
    const root = await makeFolder({ "a.conf": "" });
    await start("/usr/bin/tail", ["-f", "/dev/null"], { cwd: root });
    const match = [{ words: "/usr/bin/tail -f", cwd: root }];
    const said = await asNobody(() => findPid(join(root, "a.conf"), { match }));
    expect(said).toMatch(
      process.geteuid?.() === 0 ? /which folder process \d+ \(tail\) works in may not be seen/ : /^\d+$/,
    );
  });

  it("that name the folder of a file may have it, unless they name another file there", async () => {
    const files = [
      "data/a.conf",
      "data/conf/a.xml",
      "database/a.conf",
      "home/a.conf",
      "home/b.conf",
      "home/conf/a.xml",
    ];
    const root = await makeFolder(
      Object.fromEntries([...files.map((file) => [file, ""]), ["bin/app.mjs", SCRIPT]]),
    );
    const program = join(root, "bin/app.mjs");
    const child = await start("node", ["bin/app.mjs", "-D", "data"], { cwd: root });
    const inFolder = new RegExp(
      `process ${child.pid} \\(node\\) names the folder ${root}/data: .* has it: -D data$`,
    );
    await expectFound(() => findPid(join(root, "data/a.conf")), inFolder);
    expect(await findPid(join(root, "data/a.conf"), { match: [{ words: "-D {path}" }], program })).toMatch(
      inFolder,
    );
    await expectFound(() => findPid(join(root, "data/conf/a.xml")), inFolder);
    await expectFound(() => findPid(join(root, "database/a.conf")), "none");
    const other = await start("node", [program, `--home=${root}/home`, `--config=${root}/home/b.conf`]);
    await expectFound(() => findPid(join(root, "home/b.conf")), String(other.pid));
    await expectFound(() => findPid(join(root, "home/a.conf")), "none");
    await expectFound(() => findPid(join(root, "home/conf/a.xml")), /names the folder/);
  });

  it("that name no file may have what lies beside their program, and has their script's name", async () => {
    const root = await makeFolder({
      "shop/conf/a.ini": "",
      "shop/server.mjs": SCRIPT,
      "etc/score.ini": "",
      "bin/score.mjs": SCRIPT,
    });
    await start("node", ["server.mjs"], { cwd: join(root, "shop") });
    await start("node", [join(root, "bin/score.mjs")]);
    await expectFound(() => findPid(join(root, "shop/conf/a.ini")), /\(node\) may run with this file/);
    await expectFound(() => findPid(join(root, "etc/score.ini")), /\(node\) may run with this file/);
  });

  it("that take words from a file, or wrote a title over them, may have it", async () => {
    const files = ["jvm/a.conf", "jvm/b.conf", "titled/conf/a.conf"];
    const root = await makeFolder(Object.fromEntries(files.map((file) => [file, ""])));
    await writeFile(join(root, "words"), `--verbose\n--config="${root}/jvm/a.conf"\n`);
    await writeFile(join(root, "titled/app.mjs"), `process.title = "shop"; ${SCRIPT.split("\n")[1]}`);
    await start("node", ["-e", "setTimeout(() => undefined, 300_000)", "--", "@words"], { cwd: root });
    await start("node", ["app.mjs", "-c", "conf/a.conf"], { cwd: join(root, "titled") });
    await expectFound(
      () => findPid(join(root, "jvm/a.conf")),
      /takes words from words, and they name this file/,
    );
    await expectFound(() => findPid(join(root, "jvm/b.conf")), "none");
    const titled = join(root, "titled/conf/a.conf");
    await expectFound(() => findPid(titled), /\(shop\) may run with this file/);
    expect(await findPid(titled, { program: join(root, "titled/app.mjs") })).toMatch(
      /\(shop\) may run with this file/,
    );
  });

  it("have said nothing of a file if their program is named and their words name none", async () => {
    const root = await makeFolder({ "a.conf": "" });
    await start("/usr/bin/tail", ["-f", "/dev/null"]);
    expect(await findPid(join(root, "a.conf"), { program: "/usr/bin/tail" })).toMatch(
      /\(tail\) may run with this file, and its command line names none/,
    );
  });
});

/** A process of a host of files. */
