// Fails where a command, flag or setting has no docs.
import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { describe, expect, it } from "vitest";
import { addCompletion } from "../commands/completion.ts";
import { SETTINGS } from "../settings/setting-list.ts";
import type { Io } from "./io.ts";
import { buildProgram } from "./program.ts";

/** What the completion scripts call; nobody types it. */
const CALLBACK = "complete";

const program = buildProgram({} as Io);
addCompletion(program, {} as Io);

function listCommands(command: Command, path: string): Array<{ path: string; command: Command }> {
  return [
    { path, command },
    ...command.commands.flatMap((child) => listCommands(child, `${path} ${child.name()}`)),
  ];
}

const readDocs = (name: string) => readFile(new URL(`../../../docs/${name}`, import.meta.url), "utf8");

describe("docs/cli.md", () => {
  it.each(
    program.commands
      .filter((command) => command.name() !== CALLBACK)
      .flatMap((command) => listCommands(command, `rollcall ${command.name()}`)),
  )("has $path with all its flags", async ({ path, command }) => {
    const text = await readDocs("cli.md");
    const start = text.search(new RegExp(`^##+ ${path}$`, "m"));
    expect(start, `a heading "${path}"`).toBeGreaterThanOrEqual(0);
    const level = text.slice(start).startsWith("###") ? "##+" : "##";
    const section = text.slice(start).split(new RegExp(`\n${level} `))[0] ?? "";
    for (const { long } of command.options) expect(section).toContain(`\`${long}`);
  });
});

describe("docs/settings.md", () => {
  it.each(Object.entries(SETTINGS))("has %s", async (_name, setting) => {
    const row = (await readDocs("settings.md"))
      .split("\n")
      .find((line) => "variable" in setting && line.includes(`\`${setting.variable}\``));
    expect(row).toBeDefined();
    if ("flag" in setting) expect(row).toContain(`\`${setting.flag}\``);
    if ("key" in setting) expect(row).toContain(`\`${setting.key}\``);
  });
});
