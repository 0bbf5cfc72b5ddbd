// Runs every bad command line against the built program, and tells of each that shows a stack, ends
// wrongly or says nothing: npm run build && node soak/sweep.mjs. Ends with 1 if there was one.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pMap from "p-map";
import { FOLDER, ODD, WRONG } from "./bad-commands.mjs";

const AT_ONCE = 3;
/** What waits for a network that is not there has an end as well. */
const COMMAND_S = 60;

const program = `${process.execPath} ${fileURLToPath(new URL("../dist/main.js", import.meta.url))}`;
const isRoot = process.getuid?.() === 0;
const home = mkdtempSync(join(tmpdir(), "rollcall-sweep-"));
const env = {
  PATH: process.env.PATH,
  HOME: home,
  LANG: "C.UTF-8",
  TZ: "Asia/Tokyo",
  NO_COLOR: "1",
  AWS_EC2_METADATA_DISABLED: "true",
  R: `timeout --foreground ${COMMAND_S} ${program}`,
  AS_NOBODY: isRoot ? `setpriv --reuid=65534 --regid=65534 --clear-groups -- ${program}` : program,
};

/** Traces of a failure that nobody foresaw. */
const TRACE =
  /^\s+at .*:\d+:\d+|\bnode:internal\b|this is a bug|\b(?:Type|Range|Reference|Syntax)Error\b|\[object |\bundefined\b/m;

function run(line) {
  return new Promise((resolve) => {
    const child = spawn("bash", ["-c", line], { cwd: home, env });
    const [stdout, stderr] = [[], []];
    child.stdout.on("data", (bytes) => stdout.push(bytes));
    child.stderr.on("data", (bytes) => stderr.push(bytes));
    child.stdin.on("error", () => undefined).end();
    child.on("close", (code) =>
      resolve({ code, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }),
    );
  });
}

/** @returns what is wrong with the end of a command that cannot work */
function findFault({ code, stdout, stderr }) {
  if (code !== 1 && code !== 2) return "a status that is neither 1 nor 2";
  if (stderr === "" && stdout === "") return "silence";
  return /^rollcall: \S/m.test(stderr) || stdout !== "" ? undefined : "no line of its own";
}

let faults = 0;
try {
  execFileSync("bash", ["-c", `chmod 755 . && ${FOLDER}`], { cwd: home, env });
  const lines = [...WRONG.map((line) => [line, findFault]), ...ODD.map((line) => [line, () => undefined])];
  await pMap(
    lines,
    async ([line, judge]) => {
      const end = await run(line);
      const trace = TRACE.exec(end.stdout + end.stderr)?.[0];
      const fault = trace ?? (end.code === 124 ? "no end" : judge(end));
      if (fault === undefined) return;
      faults++;
      console.log(
        `${line.slice(0, 200)}\n  ${fault}; ${end.code}: ${(end.stdout + end.stderr).slice(0, 500)}`,
      );
    },
    { concurrency: AT_ONCE },
  );
  console.log(`${lines.length} command lines, ${faults} wrong`);
} finally {
  rmSync(home, { recursive: true, force: true });
}
process.exit(faults > 0 ? 1 : 0);
