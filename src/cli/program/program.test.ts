// Tests of the command line itself: help, and what is said to those who mistype.
import { type Command, CommanderError } from "commander";
import { describe, expect, it } from "vitest";
import { SCOPES } from "../../access/scopes.ts";
import { makeIo } from "../../testing/io-double.ts";
import { buildProgram } from "./program.ts";

function walk(command: Command): Command[] {
  return [command, ...command.commands.flatMap(walk)];
}

/** The help as it is printed, with what addHelpText adds. */
function readHelp(command: Command): string {
  let text = "";
  command.configureOutput({ writeOut: (part) => (text += part) }).outputHelp();
  return text;
}

async function mistype(...args: string[]): Promise<{ error: CommanderError; err: string }> {
  const program = buildProgram(await makeIo());
  let err = "";
  for (const command of walk(program))
    command.configureOutput({ writeErr: (part) => (err += part), writeOut: () => undefined });
  const error: unknown = await program
    .parseAsync(["node", "rollcall", ...args])
    .catch((thrown: unknown) => thrown);
  if (!(error instanceof CommanderError)) throw new Error(`not a CommanderError: ${String(error)}`);
  return { error, err };
}

describe("help", () => {
  it(
    "describes every command and flag, and shows examples of every command that does " + "something",
    async () => {
      const program = buildProgram(await makeIo());
      const commands = walk(program);
      expect(commands.length).toBeGreaterThan(8);
      for (const command of commands) {
        expect(command.description(), command.name()).not.toBe("");
        for (const { description, flags } of command.options)
          expect(description, `${command.name()} ${flags}`).not.toBe("");
        if (command.commands.length > 0) continue;
        const help = readHelp(command);
        expect(help, command.name()).toContain("Examples:\n  $ ");
        expect(help).toMatch(new RegExp(`rollcall (?:\\w+ )?${command.name()}`));
      }
      expect(readHelp(program)).toContain("$ rollcall start");
    },
  );

  it("is no failure to ask for", async () => {
    expect((await mistype("list", "--help")).error.exitCode).toBe(0);
    expect((await mistype("--version")).error.exitCode).toBe(0);
  });
});

describe("mistakes", () => {
  it.each([
    [["lst"], "Did you mean list?"],
    [["list", "--feilds", "a"], "Did you mean --fields?"],
    [["list", "--name", "web"], "(Did you mean --same?); if it is a field or label, write name=web"],
    [["list", "--instance_type"], "unknown option '--instance_type'; if it is a field or label, write inst"],
    [["list", "-x", "1"], "unknown option '-x'"],
    [["show", "i-1", "--env", "prod"], "unknown option '--env'"],
    [["list", "--state", "fersh"], "Allowed choices are fresh, silent, all"],
    [["list", "--watch", "0"], "put filters before --watch"],
    [["start", "--demo", "many"], "from 1 to 100000"],
    [["keys", "crate"], "Did you mean create?"],
    [["keys", "create"], "--scope"],
    [["keys", "create", "--scope", "root"], "Allowed choices are read, ingest, enrol, admin"],
    [["keys", "revoke"], "missing required argument"],
    [["serve", "extra"], "too many arguments"],
  ])("%j", async (args, message) => {
    const { error, err } = await mistype(...args);
    expect(error.exitCode).not.toBe(0);
    expect(err).toContain(message);
    expect(err).toContain("--help shows examples");
    expect(err).toMatch(/^rollcall: /);
  });
});

it("offers the scopes that keys can have", async () => {
  const create = walk(buildProgram(await makeIo())).find((command) => command.name() === "create");
  expect(create?.options.find(({ long }) => long === "--scope")?.argChoices).toEqual([...SCOPES]);
});

it("runs what was asked for", async () => {
  const io = await makeIo();
  await buildProgram(io).parseAsync(["node", "rollcall", "spec", "schema"]);
  expect(JSON.parse(io.out())).toHaveProperty("$schema");
});

it("takes the expected hosts' file where they are compared, the server among them", async () => {
  const program = buildProgram(await makeIo());
  const withExpect = program.commands.filter(({ options }) =>
    options.some(({ long }) => long === "--expect"),
  );
  expect(withExpect.map((command) => command.name())).toEqual(["serve", "coverage", "publish"]);
});
