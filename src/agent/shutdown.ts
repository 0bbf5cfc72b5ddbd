// Why was this program told to end? The whole machine may be stopping, or it is to be started again
// at once. systemd knows.
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";

const SYSTEMCTL = "/usr/bin/systemctl";
const TIMEOUT_MS = 1000;

/**
 * Tells why: the machine shuts down; the program's unit is being restarted, as an upgrade of the
 * package does; or it is stopped. Where systemd does not run, or does not answer at once, nobody
 * can tell: stopped.
 *
 * @param systemctl another program; for tests
 * @param cgroup what /proc/self/cgroup says; for tests
 */
export async function findStopReason(
  systemctl = SYSTEMCTL,
  cgroup?: string,
): Promise<"shutdown" | "restart" | "stopped"> {
  // systemctl(1), is-system-running: it prints the state, and ends with 1 for every state but
  // "running".
  const [state, jobs, unit] = await Promise.all([
    ask(systemctl, ["is-system-running"]),
    ask(systemctl, ["list-jobs", "--no-legend", "--no-pager", "--plain"]),
    cgroup ?? readFile("/proc/self/cgroup", "utf8").catch(() => ""),
  ]);
  if (state.trim() === "stopping") return "shutdown";
  const own = findUnit(unit);
  return own !== undefined && isRestarting(jobs, own) ? "restart" : "stopped";
}

/** The service whose control group this is (cgroups(7)): the last part of the path. */
function findUnit(cgroup: string): string | undefined {
  return /^(?:0:|\d+:name=systemd):.*\/([^/\n]+\.service)(?:\/[^\n]*)?$/m.exec(cgroup)?.[1];
}

/**
 * Lines such as `123 rollcall-agent.service restart running`; once the unit has stopped, the job's
 * type is start.
 */
function isRestarting(jobs: string, unit: string): boolean {
  return jobs.split("\n").some((line) => {
    const [, name, type] = line.trim().split(/\s+/);
    return name === unit && type !== undefined && /^(?:try-|reload-or-)?restart$|^start$/.test(type);
  });
}

function ask(systemctl: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(systemctl, args, { timeout: TIMEOUT_MS, env: {} }, (_error, stdout) => resolve(stdout));
  });
}
