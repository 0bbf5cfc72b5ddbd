// Tests of when the agent reports, in time that is passed in.
import { describe, expect, it } from "vitest";
import { HEARTBEAT_MS, POLL_MS, runAgent } from "./agent.ts";

/** Runs the agent for some rounds; `look` gives the digest seen in each, or throws. */
async function run(
  rounds: number,
  look: (round: number) => string,
  push: (round: number) => void = () => undefined,
  jump: Record<number, number> = {},
) {
  const stop = new AbortController();
  const sent: string[] = [];
  const errors: string[] = [];
  let now = Date.UTC(2024, 0, 1);
  let round = 0;
  await runAgent(
    {
      collect: async () => ({ id: "a", bytes: Buffer.from("{}"), digest: look(round) }),
      push: async ({ digest }) => {
        push(round);
        sent.push(`${round}:${digest}`);
      },
      clock: () => now,
      sleep: async (ms) => {
        now += ms + (jump[round] ?? 0);
        if (++round === rounds) stop.abort();
      },
      onError: (error) => errors.push(`${round}:${error instanceof Error ? error.message : ""}`),
    },
    stop.signal,
  );
  return { sent, errors };
}

const HOUR_ROUNDS = HEARTBEAT_MS / POLL_MS;

describe("runAgent", () => {
  it("reports at start, and then once an hour while nothing changes", async () => {
    const { sent } = await run(2 * HOUR_ROUNDS + 1, () => "x");
    expect(sent).toEqual(["0:x", `${HOUR_ROUNDS}:x`, `${2 * HOUR_ROUNDS}:x`]);
  });

  it("reports a change in the next round", async () => {
    const { sent } = await run(6, (round) => (round < 3 ? "x" : "y"));
    expect(sent).toEqual(["0:x", "3:y"]);
  });

  it("tries again in the next round what could not be sent or collected", async () => {
    const { sent, errors } = await run(
      5,
      (round) => {
        if (round === 0) throw new Error("no metadata");
        return "x";
      },
      (round) => {
        if (round < 3) throw new Error("no store");
      },
    );
    expect(errors).toEqual(["0:no metadata", "1:no store", "2:no store"]);
    expect(sent).toEqual(["3:x"]);
  });

  it("reports when the clock is set back", async () => {
    const { sent } = await run(4, () => "x", undefined, { 1: -24 * HEARTBEAT_MS });
    expect(sent).toEqual(["0:x", "2:x"]);
  });

  it("does nothing once it was told to stop", async () => {
    const looked: string[] = [];
    const options = {
      collect: () => Promise.reject(new Error("must not be called")),
      push: () => Promise.resolve(),
      clock: () => 0,
      sleep: () => Promise.resolve(),
      onError: () => looked.push("error"),
    };
    await runAgent(options, AbortSignal.abort());
    expect(looked).toEqual([]);
  });
});
