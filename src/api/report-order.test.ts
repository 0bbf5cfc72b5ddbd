// Tests of reports that the network brings in another order than their host sent them.
import { expect, it } from "vitest";
import { createReportOrder } from "./report-order.ts";

const BOOT = Date.UTC(2024, 1, 1) / 1000;

interface Made {
  /** s after boot. */
  readonly at: number;
  /** By how much the host's clock is wrong, s. */
  readonly off?: number;
  readonly boot?: string;
  readonly machine?: string;
  readonly offset?: string;
}

/** A report as an agent makes it: a clock that was set moves its start as well. */
function make({ at, off = 0, boot = "b", machine = "a", offset = "Z" }: Made): Uint8Array {
  const hours = offset === "Z" ? 0 : Number(offset.slice(0, 3));
  const date = new Date((BOOT + at + off + hours * 3600) * 1000).toISOString().slice(0, 19) + offset;
  const rollcall = { machine: machine.repeat(16), boot: boot.repeat(16), started: BOOT + off };
  return Buffer.from(JSON.stringify({ update_date: date, instance_id: "i-1", rollcall }));
}

const setUp = () => {
  let now = 1000;
  const order = createReportOrder(() => now);
  return {
    take: (made: Made) => order.take("k", make(made)) === undefined,
    order,
    wait: (ms: number) => (now += ms),
  };
};

it("an older report of the same boot is overtaken, a newer one and its repetition are not", () => {
  const { take } = setUp();
  expect([1000, 1060, 1010, 1060, 1061, 1000].map((at) => take({ at }))).toEqual([
    false,
    false,
    true,
    false,
    false,
    true,
  ]);
});

it("a clock that is set, a change of the offset, another boot or machine make nothing older", () => {
  for (const next of [
    { at: 1010, off: -172_800 },
    { at: 1010, off: 3600 },
    { at: 1010, offset: "-08:00" },
    { at: 20, boot: "c" },
    { at: 20, machine: "d", boot: "c" },
  ]) {
    const { take } = setUp();
    expect([take({ at: 1000 }), take(next)], JSON.stringify(next)).toEqual([false, false]);
  }
});

it("what a network does not hold back so long is the host's own business", () => {
  const { take, order, wait } = setUp();
  expect([take({ at: 9000 }), take({ at: 1000 })]).toEqual([false, false]);
  take({ at: 9000 });
  wait(16 * 60_000);
  expect(take({ at: 8990 })).toBe(false);
  const plain = Buffer.from('{"update_date":"2024-01-01T00:00:00Z","instance_id":"i-1"}');
  expect([order.take("k", plain), order.take("k", plain)]).not.toContain(undefined);
});

it("what could not be stored is not compared with", () => {
  const { take, order } = setUp();
  order.take("k", make({ at: 1000 }))?.();
  expect(take({ at: 990 })).toBe(false);
  const forget = order.take("k", make({ at: 995 }));
  take({ at: 1000 });
  forget?.();
  expect(take({ at: 990 })).toBe(true);
});
