// Tests of tab completion.
import { afterEach, describe, expect, it, vi } from "vitest";
import { STORE_SCHEMES } from "../../store/open.ts";
import { makeIo } from "../../testing/io-double.ts";

afterEach(() => {
  vi.restoreAllMocks();
  // @bomb.sh/tab keeps one tree of commands a process.
  vi.resetModules();
});

/** What the program prints; @bomb.sh/tab writes with console.log. */
async function run(...args: string[]): Promise<string> {
  const { addCompletion } = await import("./completion.ts");
  const { buildProgram } = await import("../program/program.ts");
  const io = await makeIo();
  const program = buildProgram(io);
  addCompletion(program, io);
  const lines: string[] = [];
  vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(line));
  await program.parseAsync(["node", "rollcall", ...args]);
  return io.out() + lines.join("\n");
}

/** The words that are suggested for a line. */
async function complete(...words: string[]): Promise<string[]> {
  const lines = (await run("complete", "--", ...words)).split("\n");
  return lines.filter((line) => !line.startsWith(":")).map((line) => line.split("\t")[0] ?? "");
}

describe("completion", () => {
  it.each(["bash", "zsh", "fish", "powershell"])(
    "prints a script for %s that calls the program back",
    async (shell) => {
      const script = await run("completion", shell);
      expect(script).toContain("rollcall");
      expect(script).toMatch(/rollcall complete --|rollcall complete /);
    },
  );

  it("suggests the values of flags", async () => {
    expect(await complete("list", "--state", "")).toEqual(["fresh", "silent", "all"]);
    expect(await complete("list", "--state", "s")).toEqual(["silent"]);
    expect(await complete("keys", "create", "--scope", "")).toEqual(["read", "ingest", "enrol", "admin"]);
    expect(await complete("list", "--within", "")).toEqual(["30m", "2h", "24h"]);
    expect(await complete("serve", "--store", "")).toEqual(STORE_SCHEMES.map((scheme) => `${scheme}:`));
  });

  it("suggests commands and flags", async () => {
    expect(await complete("")).toEqual(
      expect.arrayContaining(["start", "serve", "report", "list", "keys", "spec", "completion"]),
    );
    expect(await complete("keys", "")).toEqual(expect.arrayContaining(["create", "list", "revoke"]));
    expect(await complete("list", "--js")).toEqual(["--json"]);
  });
});
