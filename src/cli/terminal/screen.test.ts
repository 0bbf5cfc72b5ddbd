// Tests of what is looked at again and again: failures pass, and nothing scrolls away.
import { expect, it } from "vitest";
import { type IoDoubleOptions, makeIo } from "../../testing/io-double.ts";
import { CommandError, UsageError } from "../program/failure.ts";
import { type ScreenContent, watchContent } from "./screen.ts";

const TERMINAL = { isTerminal: true, columns: 40, rows: 8 } satisfies IoDoubleOptions;
const SECONDS = 0.001;

/** Gives looks one after the other, and then interrupts. */
async function watch(looks: ReadonlyArray<ScreenContent | Error>, options: IoDoubleOptions) {
  const io = await makeIo(options);
  const open = [...looks];
  const outcome = watchContent(
    async () => {
      const look = open.shift();
      if (open.length === 0) io.interrupt();
      if (!look || look instanceof Error) throw look;
      return look;
    },
    SECONDS,
    io,
  );
  const error: unknown = await outcome.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { error, out: io.out(), err: io.err() };
}

it("shows a failure on a terminal, and tries again", async () => {
  const looks = [new CommandError("the server is away"), { lines: ["VALUE", "1.9"], notes: ["1 hosts"] }];
  const { error, out } = await watch(looks, TERMINAL);
  expect(error).toBeUndefined();
  expect(out).toContain("the server is away (trying again)");
  expect(out).toContain("1.9\n1 hosts");
});

it("ends where the question is wrong, and where it stands in a pipe", async () => {
  expect(
    (await watch([new UsageError("is no field"), { lines: [], notes: [] }], TERMINAL)).error,
  ).toBeInstanceOf(UsageError);
  expect((await watch([new CommandError("away"), { lines: [], notes: [] }], {})).error).toBeInstanceOf(
    CommandError,
  );
});

it("draws no more lines than the terminal has, however long the notes are", async () => {
  const lines = Array.from({ length: 30 }, (_, at) => `line ${at}`);
  for (const notes of [["short"], ["n".repeat(100), "short"]]) {
    const { out } = await watch([{ lines, notes }], TERMINAL);
    expect(out).toContain("line 0");
    expect(out).toContain(`… and ${30 - (out.match(/line \d/g)?.length ?? 0)} more lines`);
    // The line below, on which the cursor stands, is one too.
    expect(out.split("\n").length).toBeLessThanOrEqual(TERMINAL.rows);
  }
});

it("writes one look below the other in a pipe", async () => {
  const looks = ["1", "2"].map((value) => ({ lines: ["VALUE", value], notes: ["1 hosts"] }));
  const { out, err } = await watch(looks, {});
  expect(out).toBe("VALUE\n1\nVALUE\n2\n");
  expect(err).toBe("1 hosts\n1 hosts\n");
});

it("moves no cursor on a terminal that has none, and goes on after a failure", async () => {
  const looks = [new CommandError("the server is away"), { lines: ["VALUE", "1.9"], notes: ["1 hosts"] }];
  const { error, out, err } = await watch(looks, { ...TERMINAL, env: { TERM: "dumb" } });
  expect(error).toBeUndefined();
  expect(out).toBe("VALUE\n1.9\n");
  expect(err).toBe("the server is away (trying again)\n1 hosts\n");
});
