// Tests of tab completion.
import { afterEach, describe, expect, it, vi } from "vitest";
import { createKey } from "../../access/keys.ts";
import { STORE_SCHEMES } from "../../store/open.ts";
import { makeIo, makeStore, NOW, putReport, startTestService } from "../../testing/io-double.ts";

afterEach(() => {
  vi.restoreAllMocks();
  // @bomb.sh/tab keeps one tree of commands a process.
  vi.resetModules();
});

/** What the program prints; @bomb.sh/tab writes with console.log. */
async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  const { addCompletion } = await import("./completion.ts");
  const { buildProgram } = await import("../program/program.ts");
  const io = await makeIo({ env });
  const program = buildProgram(io);
  addCompletion(program, io);
  const lines: string[] = [];
  vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(line));
  await program.parseAsync(["node", "rollcall", ...args]);
  return io.out() + lines.join("\n");
}

/** The words that are suggested for a line. */
async function complete(...words: string[]): Promise<string[]> {
  return listSuggested(await run(["complete", "--", ...words]));
}

function listSuggested(printed: string): string[] {
  const lines = printed.trimEnd().split("\n");
  return lines.filter((line) => !line.startsWith(":")).map((line) => line.split("\t")[0] ?? "");
}

describe("completion", () => {
  it.each(["bash", "zsh", "fish", "powershell"])(
    "prints a script for %s that calls the program back",
    async (shell) => {
      const script = await run(["completion", shell]);
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

  it("suggests names and values that the server's reports have", async () => {
    const { store } = await makeStore();
    await putReport(store, "a", { instance_name: "prod_web_1", app_version: "1.10", note: "two words" });
    await putReport(store, "b", { instance_name: "stage_web_1", app_version: "1.9" });
    const { secret } = await createKey(store, { name: "test", scopes: ["read"] }, { clock: () => NOW });
    const { url } = await startTestService(store.location);
    // However slow the machine is.
    vi.spyOn(AbortSignal, "timeout").mockReturnValue(new AbortController().signal);
    const asked = async (...words: string[]) =>
      (await run(["complete", "--", ...words], { ROLLCALL_SERVER: url, ROLLCALL_KEY: secret })).trimEnd();
    expect(await asked("list", "app")).toBe("app_version=\n:6");
    expect((await asked("list", "--json", "state=all", "app_version=")).split("\n")).toEqual(
      expect.arrayContaining(["app_version=1.10", "app_version=1.9", ":4"]),
    );
    expect(listSuggested(await asked("versions", "app"))).toEqual(["app_version", "app_version="]);
    // What a shell would take for two words, a flag's value, and a command that takes no filters.
    expect(listSuggested(await asked("list", "note="))).toEqual([]);
    expect(listSuggested(await asked("list", "--state", "f"))).toEqual(["fresh"]);
    expect(listSuggested(await asked("show", "app"))).toEqual([]);
    // A server on the line counts as everywhere.
    const elsewhere = await run(["complete", "--", "list", "--server", url, "app"], { ROLLCALL_KEY: secret });
    expect(listSuggested(elsewhere)).toEqual(["app_version="]);
    // Its reports are not those of the server that the environment names.
    expect(listSuggested(await asked("list", "--store", store.location, "app"))).toEqual([]);
  });

  it("suggests no names where no server answers, and says nothing", async () => {
    const env = { ROLLCALL_SERVER: "http://127.0.0.1:1", ROLLCALL_KEY: "x" };
    expect(listSuggested(await run(["complete", "--", "list", "app"], env))).toEqual([]);
  });
});
