// Measuring: child processes with their CPU time, medians, and tables.
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";

/** The middle of some figures. */
export const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/**
 * Runs a command to its end, its output in a file.
 *
 * @returns seconds of wall clock, and of CPU, user and system together, of the process and those it
 *   started
 */
export function runTimed(args, { env = {}, cwd, output = "/dev/null" } = {}) {
  const out = openSync(output, "w");
  return new Promise((resolve, reject) => {
    const script = 'TIMEFORMAT="timed %R %U %S"; time "$@"';
    const child = spawn("bash", ["-c", script, "bash", ...args], {
      cwd,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
      stdio: ["ignore", out, "pipe"],
    });
    let stderr = "";
    child.stderr.on("data", (bytes) => {
      stderr += bytes;
    });
    child.on("error", reject);
    child.on("close", (code) => {
      closeSync(out);
      const [, wall, user, system] = /timed (\S+) (\S+) (\S+)/.exec(stderr) ?? [];
      if (code !== 0 || wall === undefined)
        reject(new Error(`${args.join(" ")}: ${code}\n${stderr.slice(-2000)}`));
      else resolve({ wall: Number(wall), cpu: Number(user) + Number(system), stderr });
    });
  });
}

/** Prints a table as Markdown. */
export function printTable(headings, rows) {
  console.log(
    `\n| ${headings.join(" | ")} |\n|${headings.map((_, at) => (at === 0 ? " --- |" : " ---: |")).join("")}`,
  );
  for (const row of rows) console.log(`| ${row.join(" | ")} |`);
}

/** A figure with its goal, and whether it is met. */
export function judge(ratio, goal, isMet) {
  return `${ratio} (goal: ${goal}${isMet ? "" : "; not met"})`;
}
