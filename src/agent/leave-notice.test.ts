// Tests of notices, against a metadata service on loopback that is good, slow, absent, old, or
// lies.
import { describe, expect, it, onTestFinished } from "vitest";
import { startMetadataServer } from "../testing/metadata-server.ts";
import { createLeaveNotices, NOTICE_EVERY_MS } from "./leave-notice.ts";

const SPOT = "meta-data/spot/instance-action";
const STATE = "meta-data/autoscaling/target-lifecycle-state";
const LIFE_CYCLE = "meta-data/instance-life-cycle";

/**
 * Notices from a service; each turn's wait lets `onTurn` change what the service says, or ends all.
 */
async function setUp(
  paths: Record<string, string>,
  onTurn: (turn: number, stop: () => void) => void,
  mode: "v1" | "v2" | "silent" = "v2",
  faults = 0,
) {
  const server = await startMetadataServer({ paths, mode, faults });
  onTestFinished(() => server.close());
  const end = new AbortController();
  let now = 0;
  let turn = 0;
  const notices = createLeaveNotices({
    metadata: server.source,
    monotonic: () => now,
    sleep: async (ms) => {
      expect(ms).toBe(NOTICE_EVERY_MS);
      now += ms;
      onTurn(++turn, () => end.abort());
    },
  });
  return { notices, signal: end.signal, requests: server.requests };
}

describe("awaitNotice", () => {
  it.each(["terminate", "stop", "hibernate"])("hears of a spot instance that EC2 will %s", async (action) => {
    const paths: Record<string, string> = { [LIFE_CYCLE]: "spot" };
    const { notices, signal } = await setUp(paths, (turn) => {
      if (turn === 3) paths[SPOT] = JSON.stringify({ action, time: "2026-01-01T00:02:00Z" });
    });
    expect(await notices.awaitNotice(signal)).toBe("spot_interruption");
  });

  it.each(["Terminated", "Warmed:Terminated"])(
    "hears of an instance that its Auto Scaling group terminates: %s",
    async (state) => {
      const paths: Record<string, string> = { [LIFE_CYCLE]: "on-demand", [STATE]: "InService" };
      const { notices, signal } = await setUp(paths, (turn) => {
        if (turn === 2) paths[STATE] = "Standby";
        if (turn === 3) paths[STATE] = state;
      });
      expect(await notices.awaitNotice(signal)).toBe("autoscaling_termination");
    },
  );

  it("takes nothing for a notice that is none", async () => {
    const lies = [
      "",
      "[]",
      "null",
      '"terminate"',
      '{"action":"rebalance"}',
      '{"time":"soon"}',
      "<html>",
      "{".repeat(10_000),
    ];
    const paths: Record<string, string> = { [LIFE_CYCLE]: "spot", [STATE]: "Terminating soon" };
    const { notices, signal } = await setUp(paths, (turn, stop) => {
      paths[SPOT] = lies[turn] ?? "";
      if (turn === lies.length) stop();
    });
    expect(await notices.awaitNotice(signal)).toBeUndefined();
  });

  it("asks an instance that is neither spot nor in a group next to nothing", async () => {
    const { notices, signal, requests } = await setUp({ [LIFE_CYCLE]: "on-demand" }, (turn, stop) => {
      if (turn === 60) stop();
    });
    await notices.awaitNotice(signal);
    expect(requests.filter((request) => request.startsWith("GET"))).toEqual([
      `GET ${LIFE_CYCLE}`,
      `GET ${STATE}`,
      `GET ${STATE}`,
    ]);
  });

  it("goes on asking a service that has faults, knows no tokens, or does not answer", async () => {
    for (const [mode, faults] of [
      ["v2", 7],
      ["v1", 0],
    ] as const) {
      const paths = { [LIFE_CYCLE]: "spot", [SPOT]: '{"action":"terminate"}' };
      const { notices, signal } = await setUp(paths, () => undefined, mode, faults);
      expect(await notices.awaitNotice(signal)).toBe("spot_interruption");
    }
    const { notices, signal } = await setUp({}, (_turn, stop) => stop(), "silent");
    expect(await notices.awaitNotice(signal)).toBeUndefined();
  });
});

describe("awaitNone", () => {
  it("waits until the notice is gone", async () => {
    const paths: Record<string, string> = { [LIFE_CYCLE]: "spot", [SPOT]: '{"action":"hibernate"}' };
    let turns = 0;
    const { notices, signal } = await setUp(paths, (turn) => {
      turns = turn;
      if (turn === 3) delete paths[SPOT];
    });
    await notices.awaitNone(signal);
    expect(turns).toBe(3);
  });
});
