// Tests of every question's command: it has one, its help has examples, and it answers in each
// form, over a store as over a server.
import type { Command } from "commander";
import { describe, expect, it } from "vitest";
import { createKey } from "../../access/keys.ts";
import { QUESTIONS } from "../../questions/registry.ts";
import { createRoll } from "../../roll/roll.ts";
import type { Store } from "../../store/store.ts";
import {
  type IoDoubleOptions,
  makeIo,
  makeStore,
  NOW,
  putReport,
  startTestService,
} from "../../testing/io-double.ts";
import { makeTestRecorder } from "../../testing/test-recorder.ts";
import { LAYOUTS } from "../layouts/registry.ts";
import { UsageError } from "../program/failure.ts";
import { buildProgram } from "../program/program.ts";

const HOUR = 3_600_000;

async function makeFleet(): Promise<Store> {
  const { store, time } = await makeStore();
  time.now = NOW - 3 * HOUR;
  await putReport(store, "i-3", { instance_name: "prod_web_3", app_version: "1.8" }, time.now);
  const clock = () => time.now;
  const recorder = makeTestRecorder({ store, clock, roll: createRoll({ store, clock, maxAgeMs: 0 }) });
  await recorder.record();
  time.now = NOW;
  await putReport(store, "i-1", { instance_name: "prod_web_1", app_version: "1.9", build: 1, m: "=1+1" });
  await putReport(store, "i-2", {
    instance_name: "本番",
    app_version: "1.10",
    processes: [{ m: "A_red_1" }],
  });
  await store.put("reports/v1/local/i-8.json", Buffer.from("{"));
  await recorder.record();
  return store;
}

/** Runs the program as it is typed. */
async function run(args: readonly string[], options: IoDoubleOptions = {}) {
  const io = await makeIo(options);
  await buildProgram(io).parseAsync(["node", "rollcall", ...args]);
  return { out: io.out(), err: io.err() };
}

function readHelp(command: Command): string {
  let text = "";
  command.configureOutput({ writeOut: (part) => (text += part) }).outputHelp();
  return text;
}

const FORMS_OF_PIPES: ReadonlyArray<readonly string[]> = [
  [],
  ["--json"],
  ["--ndjson"],
  ["--output", "csv"],
  ["--output", "tsv"],
  ["--excel"],
  ["format=csv"],
  ["--jq", "."],
];

/** Words that a question cannot do without. */
const wordsOf = (name: string): string[] => [
  ...(LAYOUTS[name]?.word?.isRequired ? ["i-1"] : []),
  ...(name === "diff" ? ["--at", new Date(NOW - 3 * HOUR).toISOString()] : []),
  ...(name === "trend" ? ["--field", "app_version"] : []),
];

describe.each(QUESTIONS.map((question) => [question.names.command, question] as const))(
  "rollcall %s",
  (name, question) => {
    const args = [name, ...wordsOf(question.name)];

    it("has a layout, and help with its parameters and examples", async () => {
      expect(LAYOUTS[question.name]).toBeDefined();
      const command = buildProgram(await makeIo()).commands.find((one) => one.name() === name);
      if (!command) throw new Error(`there is no command ${name}`);
      const help = readHelp(command);
      expect(help).toContain(`Examples:\n  $ rollcall ${name}`);
      for (const { name: parameter, in: place, anyName } of question.parameters)
        if (place === "query" && !anyName) expect(help).toContain(`--${parameter.replaceAll("_", "-")} `);
    });

    it("is a table on a terminal, which says when, in which zone and from where", async () => {
      const store = await makeFleet();
      for (const columns of [80, 200]) {
        const terminal = { isTerminal: true, columns, env: { NO_COLOR: "1" } };
        const { out, err } = await run([...args, "--store", store.location], terminal);
        expect(out).toMatch(/\S/);
        for (const line of out.split("\n")) expect(line.length).toBeLessThanOrEqual(columns);
        expect(err).toMatch(/ · as of 2024-12-31 23:59:59 \(Asia\/Tokyo, UTC\+09:00\)\n/);
        expect(err).toContain(`from ${store.location} (--store)\n`);
      }
    });

    it("says its times in UTC where that is asked for", async () => {
      const store = await makeFleet();
      const { err } = await run([...args, "--table", "--utc", "--store", store.location]);
      expect(err).toContain("as of 2024-12-31 14:59:59 (UTC)");
    });

    it.each(FORMS_OF_PIPES.map((form) => [form]))(
      "gives the same bytes from a store and a server: %j",
      async (form) => {
        const store = await makeFleet();
        const { secret } = await createKey(store, { name: "test", scopes: ["read"] }, { clock: () => NOW });
        const { url } = await startTestService(store.location);
        const direct = await run([...args, ...form, "--store", store.location]);
        const served = await run([...args, ...form, "--server", url], { env: { ROLLCALL_KEY: secret } });
        expect(direct.out).not.toBe("");
        expect(served).toEqual(direct);
      },
    );

    it("refuses a parameter that nobody knows, and forms that exclude each other", async () => {
      const store = await makeFleet();
      const ask = (...more: string[]) => run([...args, ...more, "--store", store.location]);
      await expect(ask("--json", "--table")).rejects.toThrow("--json and --table exclude each other");
      await expect(ask("--csv")).rejects.toThrow();
      await expect(ask("within=never")).rejects.toThrow(UsageError);
      if (!question.parameters.some(({ anyName }) => anyName))
        await expect(ask("partal=ok")).rejects.toThrow("is partial meant?");
    });
  },
);

it("shows labels and fields of one name in columns of their own, where they are asked for so", async () => {
  const { store } = await makeStore();
  await putReport(store, "i-1", { instance_name: "prod_web_1", env: "own" });
  const { out } = await run([
    ...["list", "--table", "--store", store.location],
    ...["--fields", "instance_id,label.env,field.env,service"],
  ]);
  expect(out.split("\n").map((line) => line.split(/ {2,}/))).toEqual([
    ["INSTANCE ID", "LABEL.ENV", "FIELD.ENV", "SERVICE"],
    ["i-1", "prod", "own", "web"],
    [""],
  ]);
});

it("reads whole, of what was set aside, what is wrong and where", async () => {
  const store = await makeFleet();
  const { out } = await run(["coverage", "--store", store.location], { isTerminal: true, columns: 40 });
  expect(out).toContain("reports/v1/local/i-8.json\n");
  expect(out).toContain("byte 1: ");
});
