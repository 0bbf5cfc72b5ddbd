// Hostile values and endless questions on a real terminal (script(1)), against the built program:
// on Node and in the executable.
import type { ChildProcess } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type Finished,
  makeHome,
  type RunOptions,
  run,
  runShell,
  startProgram,
  stop,
  waitForOutput,
} from "../program.ts";

/**
 * Clears the screen, names the window, writes the clipboard (OSC 52), the same in 8 bits, turns the
 * direction of writing.
 */
const HOSTILE =
  "\u001b[2J\u001b]0;owned\u0007\u001b]52;c;cm0gLXJm\u0007\u009b2J\u009d52;c;eA==\u009c\u202eabc\r\b";

/**
 * Line by line as UTF-8; new lines come as CR LF from a terminal, and styles of the program's own
 * are dim, bold and yellow.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const COMMANDS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

/** A share of these endless programs never writes, others write or grow for ever. */
const ENDLESS = ["def f: f; f", "last(range(1e12))", "[limit(1e12; repeat(1))]", "range(1e12)"];

/** Ctrl-C has to end within it what would never end, on a busy machine too; ms. */
const SOON_MS = 20_000;

/** Runs the whole set. @param program the executable; without it, the program on Node */
export function describeTerminal(name: string, program?: string): void {
  describe(`${name}: hostile values and endless questions`, () => {
    let home: string;
    let remove: () => Promise<void>;
    const children: ChildProcess[] = [];
    beforeEach(async () => {
      ({ home, remove } = await makeHome());
      await mkdir(join(home, "store/reports/v1/local"), { recursive: true });
      const report = {
        update_date: new Date().toISOString(),
        instance_id: "i-1",
        app_version: HOSTILE,
        [HOSTILE]: [HOSTILE],
      };
      await writeFile(join(home, "store/reports/v1/local/i-1.json"), JSON.stringify(report));
      // Set aside, and its name and content are hostile as well.
      await writeFile(
        join(home, "store/reports/v1/local/i-2\u001b[2J.json"),
        JSON.stringify({ instance_id: HOSTILE }),
      );
    });
    afterEach(async () => {
      await Promise.all(children.splice(0).map((child) => stop(child, "SIGKILL")));
      await remove();
    });

    const options = (env: RunOptions["env"] = {}): RunOptions => ({
      home,
      env,
      ...(program !== undefined && { program }),
    });
    const command =
      program ?? `${process.execPath} ${fileURLToPath(new URL("../../dist/main.js", import.meta.url))}`;

    /** Runs a line on a terminal of its own. @returns what reached it */
    async function show(line: string): Promise<string> {
      await writeFile(
        join(home, "line.sh"),
        `rollcall() { ${command} "$@"; }\nstty cols 200 rows 40\n${line}\n`,
      );
      const { stdout } = await runShell(
        "script -qec 'bash line.sh' /dev/null < /dev/null",
        options({ TERM: "xterm" }),
      );
      return stdout.replaceAll("\r\n", "\n");
    }

    it("hands a terminal no command of a host's, in any form", { timeout: 240_000 }, async () => {
      const store = "--store file:store";
      const lines = [
        `rollcall list ${store}`,
        `rollcall list ${store} --fields app_version`,
        `rollcall list ${store} --json`,
        `rollcall list ${store} --ndjson --meta`,
        `rollcall list ${store} --jq '.[].app_version, (.[] | keys[])'`,
        `rollcall list ${store} --jq '.[].app_version | error'`,
        `rollcall list ${store} --jq '.[].app_version | debug | stderr'`,
        `rollcall versions ${store} app_version --hosts`,
        `rollcall versions ${store} app_version --json`,
        `rollcall coverage ${store}`,
        `rollcall coverage ${store} --json`,
        `rollcall doctor ${store}`,
        `rollcall keys revoke ${store} $'\\e[2J\\u202e'`,
        `rollcall $'\\e[2J\\u202e'`,
        `rollcall list --$'\\e[2J'`,
        `rollcall list ${store} --config $'/nowhere/\\e[2J\\u009b2J'`,
        `rollcall list --store $'file:/nowhere/\\e[2J\\u202e'`,
        `rollcall spec check $'/nowhere/\\e[2J'`,
        `ROLLCALL_LOG_LEVEL=$'\\e[2J' rollcall serve ${store} --listen 127.0.0.1:0`,
      ];
      for (const line of lines) {
        const shown = await show(line);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are the program's own.
        expect(shown.replace(/\u001b\[(?:1|2|22|33|39)m/g, ""), line).not.toMatch(COMMANDS);
        expect(shown, line).not.toBe("");
        expect(shown, line).not.toMatch(/^ +at /m);
      }
      expect(await show(`rollcall list ${store} --fields app_version`)).toContain(
        "\\u001b[2J\\u001b]0;owned\\u0007",
      );
    });

    it("keeps a host's bytes exactly where they are piped on", async () => {
      const { stdout } = await run(["list", "--store", "file:store", "--jq", ".[].app_version"], options());
      expect(stdout).toBe(`${HOSTILE}\n`);
    });

    it.each(ENDLESS)("ends on Ctrl-C within %s", { timeout: 240_000 }, async (endless) => {
      const child = startProgram(
        ["list", "--store", "file:store", "--jq", `"begun", (${endless})`],
        options(),
      );
      children.push(child);
      await waitForOutput(child, /begun/);
      const began = performance.now();
      expect(await stop(child, "SIGINT")).toBe(130);
      expect(performance.now() - began).toBeLessThan(SOON_MS);
    });

    it("says in one line that jq's memory is used up", { timeout: 240_000 }, async () => {
      const outcome: Finished = await run(
        ["list", "--store", "file:store", "--jq", ".[300000000] = 1 | length"],
        options(),
      );
      expect(outcome).toEqual({
        code: 1,
        stdout: "",
        stderr: expect.stringMatching(/^rollcall: --jq: the built-in jq ran out of memory; [^\n]+\n$/),
      });
    });

    it("lets jq's reader go when it has seen enough", async () => {
      const { stdout, stderr } = await runShell(
        `${command} list --store file:store --jq 'range(1e12)' | head -2; echo "\${PIPESTATUS[0]}"`,
        options(),
      );
      expect({ stdout, stderr }).toEqual({ stdout: "0\n1\n0\n", stderr: "" });
    });
  });
}
