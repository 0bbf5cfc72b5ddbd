// Programs that behave and programs that do not; all are real processes.
import { chmod, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeFolder } from "../testing/temporary-folder.ts";
import { type CommandOutcome, makeCommandRunner } from "./command-runner.ts";

const run = makeCommandRunner({
  root: "/",
  environment: { PATH: "/usr/bin:/bin", LC_ALL: "C" },
  graceMs: 100,
});
const never = new AbortController().signal;

function sh(script: string, timeoutMs = 30_000, signal = never): Promise<CommandOutcome> {
  return run({ argv: ["/bin/sh", "-c", script], timeoutMs, signal });
}

describe("a command", () => {
  it("gives what it printed, both ways", async () => {
    expect(await sh("echo out; echo err >&2")).toEqual({
      stdout: Buffer.from("out\n"),
      stderr: Buffer.from("err\n"),
    });
  });

  it("gets no input, and only the environment it is given", async () => {
    expect(await sh("cat; env")).toEqual({ stdout: expect.any(Buffer), stderr: Buffer.alloc(0) });
    const outcome = await run({ argv: ["/usr/bin/env"], timeoutMs: 30_000, signal: never });
    expect("stdout" in outcome && outcome.stdout.toString()).toMatch(
      /^PATH=\/usr\/bin:\/bin\nLC_ALL=C\nROLLCALL_RUN=[0-9a-f-]{36}\n$/,
    );
  });

  it("is looked for below the root", async () => {
    const root = await makeFolder({ "opt/app": '#!/bin/sh\necho "$1"\n' });
    const runBelow = makeCommandRunner({ root, environment: {} });
    const outcome = await runBelow({ argv: ["/opt/app", "$HOME; *"], timeoutMs: 30_000, signal: never });
    expect("stdout" in outcome && outcome.stdout.toString()).toBe("$HOME; *\n");
  });

  it("that is a script without #! is run by the shell, as from a shell", async () => {
    const root = await makeFolder({ "opt/app": 'echo "$1"\n' });
    await chmod(join(root, "opt/app"), 0o755);
    const outcome = await run({
      argv: [join(root, "opt/app"), "$HOME; *"],
      timeoutMs: 30_000,
      signal: never,
    });
    expect("stdout" in outcome && outcome.stdout.toString()).toBe("$HOME; *\n");
  });

  it("that fails says how, and its first line of stderr", async () => {
    expect(await sh("exit 3")).toEqual({ failure: "ended with exit code 3" });
    expect(await sh("printf '\\n licence\\001 expired\\nmore' >&2; exit 1")).toEqual({
      failure: "ended with exit code 1: licence  expired",
    });
    expect(await sh("kill -KILL $$")).toEqual({ failure: "was ended by SIGKILL" });
    const outcome = await sh("head -c 5000 /dev/zero | tr '\\0' x >&2; exit 1");
    expect("failure" in outcome && outcome.failure).toBe(`ended with exit code 1: ${"x".repeat(200)}`);
  });

  it("that cannot be started says why", async () => {
    const root = await makeFolder({ "no-program": "text", "no-interpreter": "#!/none/sh\n" });
    const start = (program: string) =>
      run({ argv: [`${root}/${program}`], timeoutMs: 30_000, signal: never });
    expect(await start("none")).toEqual({ failure: expect.stringContaining("there is no such program") });
    expect(await start("no-interpreter")).toEqual({
      failure: expect.stringContaining("there is no such program"),
    });
    expect(await start("no-program")).toEqual({ failure: "may not be run by this user" });
    expect(await run({ argv: [""], timeoutMs: 30_000, signal: never })).toHaveProperty("failure");
  });

  it("that takes too long is ended, and so is what it started", async () => {
    expect(await sh("sleep 600 & sleep 600", 100)).toEqual({ failure: "did not end within 100ms" });
    expect(await sh("trap '' TERM; while :; do sleep 1; done", 100)).toEqual({
      failure: "did not end within 100ms",
    });
  });

  it("that takes too long takes along what has left its process group", async () => {
    const root = await makeFolder({});
    const script = `setsid sh -c 'echo $$ > ${root}/pid; exec sleep 600' & sleep 600`;
    expect(await sh(script, 500)).toEqual({ failure: "did not end within 500ms" });
    const pid = Number(await readFile(join(root, "pid"), "utf8"));
    expect(pid).toBeGreaterThan(0);
    const readState = () => readFile(`/proc/${pid}/stat`, "utf8").catch(() => "gone");
    // Dead, or dead and not yet buried by whoever inherited it. The kernel takes its time.
    await expect.poll(readState).toMatch(/^gone|\) [ZX] /);
  });

  it("shows no credential of what it printed", async () => {
    expect(await sh("echo postgres://admin:hunter2@db/x >&2; exit 1")).toEqual({
      failure: "ended with exit code 1: postgres://admin:[masked]@db/x",
    });
  });

  it("that prints too much is ended", async () => {
    expect(await sh("cat /dev/zero")).toEqual({ failure: "printed more than 1048576 bytes" });
    expect(await sh("cat /dev/zero >&2")).toEqual({ failure: "printed more than 1048576 bytes" });
  });

  it("is not waited for longer where what it started keeps the output open", async () => {
    const outcome = await sh("sleep 600 & echo done");
    expect("stdout" in outcome && outcome.stdout.toString()).toBe("done\n");
  });

  it("ends with the run", async () => {
    const controller = new AbortController();
    const outcome = sh("sleep 600", 30_000, controller.signal);
    controller.abort();
    expect(await outcome).toEqual({ failure: "ended: the time of the whole run is over" });
    expect(await sh("echo", 30_000, AbortSignal.abort())).toEqual({ failure: "not run: the time is over" });
  });
});
