// Tests of the past on the command line, straight on a folder whose history the recorder itself
// made.
import { describe, expect, it } from "vitest";
import { createRoll } from "../../roll/roll.ts";
import type { Store } from "../../store/store.ts";
import { type IoDoubleOptions, makeIo, makeStore, NOW, putReport } from "../../testing/io-double.ts";
import { type CommandFlags, runCommand } from "../../testing/question-double.ts";
import { makeTestRecorder } from "../../testing/test-recorder.ts";
import { UsageError } from "../program/failure.ts";

const HOUR = 3_600_000;

/** Two hours with an entry each four minutes, in which a host changes and one arrives. */
async function makeHistory(): Promise<Store> {
  const { store, time } = await makeStore();
  const clock = () => time.now;
  const roll = createRoll({ store, clock, maxAgeMs: 0 });
  const recorder = makeTestRecorder({ store, roll, clock });
  const put = (id: string, version: string) =>
    putReport(store, id, { instance_name: `prod_web_${id}`, app_version: version }, time.now);
  time.now = NOW - 2 * HOUR;
  await put("a", "1.9");
  for (let minute = 0; minute <= 120; minute += 4) {
    time.now = NOW - 2 * HOUR + minute * 60_000;
    if (minute === 60) await put("a", "1.10");
    if (minute === 88) await put("b", "1.10");
    await recorder.record();
  }
  return store;
}

const histories = new Map<string | undefined, Promise<Store>>();

function remember(history: Promise<Store>): Promise<Store> {
  histories.set(expect.getState().currentTestName, history);
  return history;
}

async function run(
  command: string,
  words: readonly string[],
  flags: CommandFlags = {},
  io: IoDoubleOptions = {},
) {
  const double = await makeIo(io);
  // The same for all commands of one test.
  const store = await (histories.get(expect.getState().currentTestName) ?? remember(makeHistory()));
  await runCommand(command, words, { store: store.location, ...flags }, double);
  return { out: double.out(), err: double.err() };
}

describe("--at", () => {
  it("answers of then, and says how the time was understood", async () => {
    const { out, err } = await run("versions", ["app_version"], { at: "90m ago", utc: true });
    expect(JSON.parse(out)).toEqual([expect.objectContaining({ value: "1.9", count: 1 })]);
    expect(err).toContain(`at 90m ago is ${new Date(NOW - 1.5 * HOUR).toISOString()}`);
    expect(err).toContain("of update_date it has what the last recorded report had");
    const table = await run("list", [], { at: "90m", table: true, utc: true });
    expect(table.out).toContain("1.9");
    expect(table.err).toContain("as of 2024-12-31 13:27:59");
  });

  it("takes what a URL takes, and words too", async () => {
    const iso = new Date(NOW - 1.5 * HOUR).toISOString();
    expect((await run("list", [], { at: iso, json: true })).err).not.toContain(" is 2024");
    expect((await run("show", ["a", `at=${iso}`], { jq: ".app_version" })).out).toBe("1.9\n");
  });

  it("says what is wrong with a time, and what cannot be told", async () => {
    await expect(run("list", [], { at: "last week" })).rejects.toThrow(UsageError);
    await expect(run("list", [], { at: "3d ago" })).rejects.toThrow("history begins later (until 2024-12-31");
    const watched = run("list", [], { at: "1h ago", watch: 1, table: true });
    await expect(watched).rejects.toThrow("--watch looks at now");
  });
});

describe("rollcall changes", () => {
  it("shows the same change as one line, and each with --each", async () => {
    const { out, err } = await run("changes", [], { table: true, utc: true });
    expect(out.split("\n").map((line) => line.trim().split(/ {2,}/))).toEqual([
      ["LAST", "HOSTS", "CHANGE", "BEFORE", "AFTER"],
      ["2024-12-31 13:59:59", "1", "app_version", "1.9", "1.10"],
      ["a prod_web_a"],
      ["2024-12-31 14:27:59", "1", "arrived"],
      ["b prod_web_b"],
      [""],
    ]);
    expect(err).toContain("2 changes from");
    const each = await run("changes", ["a"], { table: true, utc: true, each: true });
    expect(each.out).toMatch(/2024-12-31 13:59:59 {2}a prod_web_a +app_version +1\.9 +1\.10\n$/);
  });

  it("follows with --watch: what is new alone", async () => {
    let looks = 0;
    const { out } = await run(
      "changes",
      [],
      { ndjson: true, since: "80m", watch: 0.01 },
      {
        onStdout: (_text, io) => {
          if (++looks === 2) io.interrupt();
        },
      },
    );
    expect(
      out
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).kind),
    ).toEqual(["changed", "arrived"]);
  });
});

describe("rollcall diff, trend and show --history", () => {
  it("compares then and now", async () => {
    const { out, err } = await run("diff", [], { at: ["90m"], table: true, utc: true });
    expect(out).toMatch(/1 +app_version +1\.9 +1\.10\n/);
    expect(err).toContain("2 differences from 2024-12-31 13:27:59 to 2024-12-31 14:59:59");
  });

  it("draws hosts over time", async () => {
    const { out } = await run("trend", ["app_version"], { since: "2h", table: true });
    expect(out).toMatch(/^1\.10 +2 +2 +▁+▅+█+$/m);
    expect(out).toMatch(/^1\.9 +0 +1 +▅+▁+$/m);
  });

  it("shows a host's own past below its report", async () => {
    const { out } = await run("show", ["a"], { history: true, table: true, utc: true });
    expect(out).toMatch(
      /history:\nAT +CHANGE +BEFORE +AFTER\n2024-12-31 13:59:59 +app_version +1\.9 +1\.10\n/,
    );
    await expect(run("show", ["a"], { history: true })).rejects.toThrow(
      "rollcall changes --host HOST --each",
    );
  });
});
