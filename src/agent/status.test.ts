// Tests of telling whether the agent that wrote a status still runs.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { expect, it, onTestFinished } from "vitest";
import { isRunning } from "./status.ts";

async function readStat(pid: number): Promise<readonly string[]> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

it("takes a process for running while it runs, and not when it is dead and unburied", async () => {
  // The second program takes the shell's place, and never asks what became of the first.
  const parent = spawn("/bin/sh", ["-c", "/bin/sleep 60 & echo $!; exec /bin/sleep 60"], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  onTestFinished(() => void parent.kill("SIGKILL"));
  const [line] = await once(parent.stdout, "data");
  const pid = Number(String(line).trim());
  const ticks = (await readStat(pid))[19];
  const status = { pid, ticks, version: "1.0.0", target: "", spec: "", started_at: "2024-03-01T00:00:00Z" };
  process.kill(pid, "SIGKILL");
  await expect.poll(async () => (await readStat(pid))[0]).toBe("Z");
  expect(await isRunning(status)).toBe(false);
  const own = (await readStat(process.pid))[19];
  expect(await isRunning({ ...status, pid: process.pid, ticks: own })).toBe(true);
  expect(await isRunning({ ...status, pid: process.pid, ticks: "1" })).toBe(false);
});
