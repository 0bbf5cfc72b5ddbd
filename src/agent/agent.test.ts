// Tests of when the agent looks and reports, in time that is passed in.
import { describe, expect, it, onTestFinished } from "vitest";
import type { StepSelection } from "../collect/rounds.ts";
import { createTimeDouble } from "../testing/time-double.ts";
import { type AgentOptions, POLL_MS, runAgent } from "./agent.ts";
import { findSlot, HEARTBEAT_MS } from "./schedule.ts";

const MINUTE = 60_000;
const ID = "i-0123456789abcdef0";

/** An agent over a host whose report's digest is `digest()`. */
function startAgent({
  digest = () => "x",
  ...changes
}: Partial<AgentOptions> & { digest?: () => string } = {}) {
  const time = createTimeDouble();
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const offered: { readonly digest: string; readonly at: number }[] = [];
  const looks: StepSelection[] = [];
  const errors: unknown[] = [];
  let ring: (changed: string, source: string) => void = () => undefined;
  const ended = runAgent(
    {
      host: {
        watched: { paths: [], globs: [] },
        collect: async (wanted) => {
          looks.push(wanted);
          return { id: ID, bytes: Buffer.from("{}"), digest: digest() };
        },
      },
      delivery: {
        offer: (report) => void offered.push({ digest: report.digest, at: time.monotonic() }),
        state: { sent: undefined, waiting: undefined },
        restore: () => Promise.resolve(),
        stop: () => Promise.resolve(),
        settle: () => Promise.resolve(),
      },
      watch: (onChange) => {
        ring = onChange;
        return { update: () => Promise.resolve(), close: () => undefined };
      },
      ...time,
      random: () => 0.5,
      uptime: 60 * MINUTE,
      onError: (error) => errors.push(error),
      ...changes,
    },
    stop.signal,
  );
  return {
    time,
    stop,
    offered,
    looks,
    errors,
    ended,
    change: (path: string, source = path) => ring(path, source),
  };
}

describe("runAgent", () => {
  it("reports at start, and then once an hour at the host's own time while nothing changes", async () => {
    const { time, offered } = startAgent();
    await time.advance(5 * HEARTBEAT_MS);
    const [first, second, ...rest] = offered.map(({ at }) => at);
    expect(first).toBe(0);
    expect(second).toBeGreaterThanOrEqual(30 * MINUTE);
    expect(second).toBeLessThanOrEqual(90 * MINUTE);
    expect(rest.map((at, index) => at - (second ?? 0) - (index + 1) * HEARTBEAT_MS)).toEqual(
      rest.map(() => 0),
    );
    // The time double starts at a whole hour.
    expect((second ?? 0) % HEARTBEAT_MS).toBe(findSlot(ID));
  });

  it("waits a little on a machine that has just booted, with all its like", async () => {
    const { time, offered } = startAgent({ uptime: 10_000 });
    await time.advance(14_999);
    expect(offered).toEqual([]);
    await time.advance(1);
    expect(offered).toHaveLength(1);
  });

  it("looks at what changed, at once, and reports only what says something new", async () => {
    let digest = "x";
    const { time, offered, looks, change } = startAgent({ digest: () => digest });
    await time.advance(10_000);
    change("/a");
    change("/b");
    change("/a");
    await time.advance(100);
    expect(looks).toEqual([{ all: true }, { poll: false, changed: ["/a", "/b"] }]);
    expect(offered).toHaveLength(1);
    await time.advance(10_000);
    digest = "y";
    change("/a");
    await time.advance(100);
    expect(offered).toEqual([
      { digest: "x", at: 0 },
      { digest: "y", at: 20_200 },
    ]);
  });

  it("looks again soon while a file is being written, and no longer", async () => {
    let isUnsettled = true;
    const looks: StepSelection[] = [];
    const collect = async (wanted: StepSelection) => {
      looks.push(wanted);
      return { id: ID, bytes: Buffer.from("{}"), digest: "x", isUnsettled };
    };
    const { time, offered } = startAgent({ host: { watched: { paths: [], globs: [] }, collect } });
    await time.advance(1000);
    expect(looks).toEqual([
      { all: true },
      ...Array.from({ length: 3 }, () => ({ poll: false, changed: [] })),
    ]);
    isUnsettled = false;
    await time.advance(POLL_MS - 2000);
    expect(looks).toHaveLength(5);
    expect(offered).toHaveLength(1);
  });

  it("looks at the host less and less while it cannot, also when its heartbeat is due", async () => {
    let isAway = false;
    const { time, errors } = startAgent({
      digest: () => {
        if (isAway) throw new Error("no metadata");
        return "x";
      },
    });
    await time.advance(MINUTE);
    isAway = true;
    await time.advance(4 * HEARTBEAT_MS);
    expect(errors.length).toBeLessThan(4 * 60 + 20);
  });

  it("finds within a minute what nothing told of", async () => {
    let digest = "x";
    const { time, offered } = startAgent({ digest: () => digest });
    await time.advance(1000);
    digest = "y";
    await time.advance(POLL_MS);
    expect(offered.map((report) => report.digest)).toEqual(["x", "y"]);
  });

  it(
    "does not let a file that never rests keep it busy, nor fill the store; and the " + "last change counts",
    async () => {
      let version = 0;
      const { time, offered, looks, change } = startAgent({ digest: () => `v${version}` });
      await time.advance(1000);
      for (let turn = 0; turn < 36_000; turn++) {
        version++;
        change("/log");
        await time.advance(100);
      }
      expect(looks.length).toBeLessThan(10 + 60 + 60);
      expect(offered.length).toBeLessThan(10 + 60 + 5);
      await time.advance(2 * POLL_MS);
      expect(offered.at(-1)?.digest).toBe(`v${version}`);
    },
  );

  it("polls and keeps its heartbeat while files change all the time", async () => {
    const { time, offered, looks, change } = startAgent();
    for (let turn = 0; turn < 2 * 3600; turn++) {
      change("/log");
      await time.advance(1000);
    }
    expect(looks.filter(({ poll }) => poll).length).toBeGreaterThan(100);
    expect(offered.length).toBeGreaterThanOrEqual(2);
  });

  it("looks again soon when it could not, and then less often", async () => {
    let failures = 4;
    const { time, offered, errors } = startAgent({
      digest: () => {
        if (failures-- > 0) throw new Error("no metadata");
        return "x";
      },
    });
    await time.advance(2000 + 4000 + 8000 + 16_000);
    expect(errors).toHaveLength(4);
    expect(offered).toEqual([{ digest: "x", at: 30_000 }]);
  });

  it("is never silent, however the wall clock jumps", async () => {
    const { time, offered } = startAgent();
    for (const jump of [-48, 1, -0.3, 0.7, 400, -0.9, 26]) {
      await time.advance(20 * MINUTE);
      time.jump(jump * HEARTBEAT_MS);
      await time.advance(20 * MINUTE);
    }
    await time.advance(2 * HEARTBEAT_MS);
    const gaps = offered.map(({ at }, index) => at - (offered[index - 1]?.at ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(91 * MINUTE);
  });

  it("reports at once after the machine slept", async () => {
    const { time, offered } = startAgent();
    await time.advance(5 * MINUTE);
    time.jump(3 * HEARTBEAT_MS);
    await time.advance(POLL_MS);
    expect(offered).toHaveLength(2);
  });

  it("ends when it is told to, and before it begins", async () => {
    const { stop, ended, offered, time } = startAgent({ uptime: 0 });
    stop.abort();
    await ended;
    await time.advance(HEARTBEAT_MS);
    expect(offered).toEqual([]);
  });
});
