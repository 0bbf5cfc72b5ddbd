// The questions of rollcall aws init, left by whoever sits at a terminal.
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { makeHome, startProgram, waitForOutput } from "../program.ts";

const PROGRAM = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

/** Sends a key where the first question is asked, at a terminal that script(1) makes. */
async function leave(key: string): Promise<{ code: number | null; text: string }> {
  const { home, remove } = await makeHome();
  onTestFinished(remove);
  const line = `"${process.execPath}" "${PROGRAM}" aws init`;
  const child = startProgram(["-qec", line, "/dev/null"], { home, program: "script" });
  let text = "";
  child.stdout?.on("data", (bytes: Buffer) => {
    text += bytes;
  });
  await waitForOutput(child, /\[rollcall\]: /);
  child.stdin?.write(key);
  const [code] = await once(child, "close");
  return { code, text };
}

describe("the questions of aws init", () => {
  it("end with the line and the status of an interruption at Ctrl-C", async () => {
    const { code, text } = await leave("\x03");
    expect(code).toBe(130);
    expect(text).toMatch(/\[rollcall\]: \S*\r\n$/);
  });

  it("end with a line of its own that says so at Ctrl-D", async () => {
    const { code, text } = await leave("\x04");
    expect(code).toBe(1);
    expect(text).toMatch(/\[rollcall\]: \S*\r\nrollcall: nobody answers/);
  });
});
