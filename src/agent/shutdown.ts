// Is the whole machine stopping, or only this program? systemd knows.
import { execFile } from "node:child_process";

const SYSTEMCTL = "/usr/bin/systemctl";
const TIMEOUT_MS = 1000;

/**
 * Tells whether the machine shuts down. Where systemd does not run, or does not answer at once, nobody can tell: false.
 *
 * @param systemctl another program; for tests
 */
export function isShuttingDown(systemctl = SYSTEMCTL): Promise<boolean> {
  return new Promise((resolve) => {
    // systemctl(1), is-system-running: it prints the state, and ends with 1 for every state but "running".
    execFile(systemctl, ["is-system-running"], { timeout: TIMEOUT_MS, env: {} }, (_error, stdout) =>
      resolve(stdout.trim() === "stopping"),
    );
  });
}
