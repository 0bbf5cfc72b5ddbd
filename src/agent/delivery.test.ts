// Tests of the delivery: the newest report gets there, in order, whatever the store does.
import { describe, expect, it, onTestFinished } from "vitest";
import { makeFolder } from "../testing/temporary-folder.ts";
import { createTimeDouble } from "../testing/time-double.ts";
import { createDelivery, type DeliveryOptions, type ReportSink } from "./delivery.ts";
import { NO_SPOOL, openSpool, type Spool, type SpooledReport } from "./spool.ts";

const makeReport = (digest: string): SpooledReport => ({
  id: "a",
  bytes: Buffer.from(`{"${digest}":1}`),
  digest,
});

/** A delivery to a sink that does what `send` says. */
function setUp(
  send: (report: SpooledReport, signal: AbortSignal) => Promise<void>,
  spool: Spool = NO_SPOOL,
  more: Partial<DeliveryOptions> = {},
) {
  const time = createTimeDouble();
  const sent: string[] = [];
  const failures: (number | undefined)[] = [];
  const sink: ReportSink = {
    location: "test:",
    send,
    leave: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
  const delivery = createDelivery({
    sink,
    spool,
    ...time,
    random: () => 1,
    onSent: ({ digest }) => sent.push(digest),
    onFailure: (_error, waitMs) => failures.push(waitMs),
    ...more,
  });
  onTestFinished(() => delivery.stop(0));
  return { time, delivery, sent, failures };
}

describe("a delivery", () => {
  it("sends one at a time, and of those that came meanwhile the newest alone", async () => {
    const running: string[] = [];
    let release: () => void = () => undefined;
    const { delivery, sent, time } = setUp((report) => {
      running.push(report.digest);
      return new Promise((resolve) => {
        release = resolve;
      });
    });
    delivery.offer(makeReport("1"));
    delivery.offer(makeReport("2"));
    delivery.offer(makeReport("3"));
    await time.advance(0);
    expect(running).toEqual(["1"]);
    release();
    await time.advance(0);
    expect(running).toEqual(["1", "3"]);
    release();
    await delivery.settle();
    expect(sent).toEqual(["1", "3"]);
  });

  it("leaves alone whoever asks for it, ten minutes at most, also where there is news", async () => {
    let askedMs = 120_000;
    let tries = 0;
    const { delivery, failures, time } = setUp(async () => {
      tries++;
      throw Object.assign(new Error("busy"), { retryAfterMs: askedMs });
    });
    delivery.offer(makeReport("1"));
    await time.advance(0);
    expect(tries).toBe(1);
    delivery.offer(makeReport("2"));
    await time.advance(119_000);
    expect(tries).toBe(1);
    askedMs = 86_400_000;
    await time.advance(2000);
    expect(tries).toBe(2);
    await time.advance(0);
    expect(failures).toEqual([150_000, 750_000]);
  });

  it("tries again with waits that double up to 25 seconds, for as long as it takes", async () => {
    let isAway = true;
    const { delivery, sent, failures, time } = setUp(async () => {
      if (isAway) throw new Error("away");
    });
    for (let hour = 0; hour < 24; hour++) {
      delivery.offer(makeReport("1"));
      await time.advance(3_600_000);
    }
    expect(failures.slice(0, 6)).toEqual([1000, 2000, 4000, 8000, 16_000, 25_000]);
    expect(Math.max(...failures.map(Number))).toBe(25_000);
    expect(delivery.state.waiting).toMatchObject({ reason: "away", failures: failures.length });
    delivery.offer(makeReport("2"));
    isAway = false;
    await time.advance(30_000);
    expect(sent).toEqual(["2"]);
    expect(delivery.state).toMatchObject({ sent: { digest: "2" }, waiting: undefined });
  });

  it("tries what is new at once, when the last try was not a moment ago", async () => {
    let isAway = true;
    const { delivery, sent, time } = setUp(async () => {
      if (isAway) throw new Error("away");
    });
    delivery.offer(makeReport("1"));
    // Tries at 0, 1, 3, 7, 15, 31 s; the next one would be at 56 s.
    await time.advance(40_000);
    isAway = false;
    delivery.offer(makeReport("2"));
    await time.advance(0);
    expect(sent).toEqual(["2"]);
  });

  it("is not hurried by what comes in a stream while it waits", async () => {
    let tries = 0;
    const { delivery, time } = setUp(async () => {
      tries++;
      throw new Error("away");
    });
    for (let turn = 0; turn < 1000; turn++) {
      delivery.offer(makeReport(`${turn}`));
      await time.advance(10);
    }
    expect(tries).toBeLessThanOrEqual(4);
  });

  it(
    "hands what it could not send to the next process, and drops it once something " + "newer is there",
    async () => {
      const folder = await makeFolder();
      const first = setUp(() => Promise.reject(new Error("away")), openSpool(folder));
      first.delivery.offer(makeReport("1"));
      await expect.poll(() => openSpool(folder).load()).toMatchObject({ digest: "1" });
      await first.delivery.stop(0);
      // Killed between its success and the removal of the file.
      const spool = openSpool(folder);
      const second = setUp(() => Promise.resolve(), {
        ...spool,
        clear: () => Promise.reject(new Error("killed")),
      });
      await second.delivery.restore();
      second.delivery.offer(makeReport("2"));
      await second.delivery.settle();
      expect(second.sent.at(-1)).toBe("2");
      expect(await spool.load()).toMatchObject({ digest: "2" });
      const third = setUp(() => Promise.resolve(), spool);
      await third.delivery.restore();
      await third.delivery.settle();
      expect(third.sent).toEqual(["2"]);
      expect(await spool.load()).toBeUndefined();
    },
  );

  it("drops what says how the host was long ago, on another machine, or before a reboot", async () => {
    const folder = await makeFolder();
    const spool = openSpool(folder);
    async function start(madeOn: string, waitMs: number) {
      const dropped: string[] = [];
      const next = setUp(() => Promise.resolve(), spool, { madeOn, onDropped: (why) => dropped.push(why) });
      await spool.save({ ...makeReport("old"), madeAt: next.time.clock(), madeOn: "boot 1" });
      await next.time.advance(waitMs);
      await next.delivery.restore();
      await next.delivery.settle();
      expect(await spool.load()).toBeUndefined();
      return { sent: next.sent, dropped };
    }
    expect(await start("boot 1", 2 * 3_600_000)).toEqual({ sent: ["old"], dropped: [] });
    expect(await start("boot 1", 2 * 3_600_000 + 1)).toEqual({
      sent: [],
      dropped: ["it was made 120 min ago"],
    });
    expect(await start("boot 2", 0)).toEqual({
      sent: [],
      dropped: [expect.stringContaining("before this one booted")],
    });
  });

  it("goes on without a disk", async () => {
    let isAway = true;
    const full: Spool = { ...NO_SPOOL, save: () => Promise.reject(new Error("ENOSPC")) };
    const { delivery, sent, failures, time } = setUp(async () => {
      if (isAway) throw new Error("away");
    }, full);
    delivery.offer(makeReport("1"));
    await time.advance(500);
    isAway = false;
    await time.advance(500);
    expect(sent).toEqual(["1"]);
    expect(failures).toEqual([undefined, 1000]);
  });

  it("ends what runs after the grace, and sends nothing more", async () => {
    let ended = false;
    const { delivery, sent } = setUp(
      (_report, signal) =>
        new Promise((_resolve, reject) =>
          signal.addEventListener("abort", () => {
            ended = true;
            reject(signal.reason);
          }),
        ),
    );
    delivery.offer(makeReport("1"));
    await delivery.stop(10);
    expect(ended).toBe(true);
    delivery.offer(makeReport("2"));
    await delivery.settle();
    expect(sent).toEqual([]);
  });
});
