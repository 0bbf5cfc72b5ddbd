// Builds the executables once in a run of the tests: the first file that needs them does, the
// others wait for it.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Finished, runShell } from "./program.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** The one for this machine. */
export const EXECUTABLE = join(ROOT, `dist-bin/rollcall-linux-${process.arch}`);

/** Of hooks that wait for it: it takes 10 s where nothing else runs; ms. */
export const BUILD_TIMEOUT_MS = 300_000;

const INSTALL = 'import { installBun } from "./scripts/install-bun.mjs"; installBun();';

/** When this run's own process began: Vitest's workers are its children (proc_pid_stat(5)). */
const [begun] = readFileSync(`/proc/${process.ppid}/stat`, "latin1")
  .replace(/^.*\) /s, "")
  .split(" ")
  .slice(19);

/** Of this run; numbers of processes are given out again. */
const folder = join(tmpdir(), `rollcall-executables-${process.ppid}-${begun}`);
const outcome = join(folder, "outcome.json");

/**
 * Builds them for both architectures, without a network, unless that is done or under way.
 *
 * @returns how the build ended, for who tests that
 * @throws Error unless it ended well
 */
export async function buildExecutables(): Promise<Finished> {
  if (await isFirst()) await build();
  while (!existsSync(outcome)) await wait(200);
  const built = JSON.parse(await readFile(outcome, "utf8")) as Finished;
  if (built.code !== 0) throw new Error(`the executables could not be built: ${built.stdout}${built.stderr}`);
  return built;
}

async function build(): Promise<void> {
  let built: Finished;
  try {
    // By itself the build would fetch what it needs; that is done before the network is taken away.
    execFileSync(process.execPath, ["--input-type=module", "-e", INSTALL], { cwd: ROOT, stdio: "ignore" });
    const line = "unshare --map-root-user --net node scripts/executable.mjs x64 arm64";
    built = await runShell(line, { home: folder, cwd: ROOT });
  } catch (error) {
    // Those who wait hear of it too.
    built = { code: 1, stdout: "", stderr: String(error) };
  }
  await writeFile(`${outcome}.new`, JSON.stringify(built));
  await rename(`${outcome}.new`, outcome);
}

async function isFirst(): Promise<boolean> {
  try {
    await mkdir(folder);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}
