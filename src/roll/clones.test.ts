// Tests of where reports of two machines with one id go, and that one machine is never its own
// clone. The store's clock is the reader's.
import { describe, expect, it } from "vitest";
import { formatDepartureKey, formatReportKey } from "../report/key.ts";
import { isOtherMachine, readReportingMachine } from "../report/reporting-machine.ts";
import { formatLocal, formatUpdateDate } from "../report/update-date.ts";
import { memoryStore } from "../store/memory.ts";
import { placeDeparture, placeReport } from "../store/placement.ts";
import { createRoll } from "./roll.ts";
import { readReports } from "./view.ts";

const ID = "host-1";
const KEY = formatReportKey(ID);
const HOUR = 3_600_000;

interface Machine {
  readonly name: string;
  readonly machine: string;
  readonly boot: string;
  /** ms since the epoch. */
  readonly bootedAt: number;
  readonly started?: number;
}

function setUp() {
  const time = { now: Date.UTC(2024, 0, 1) };
  const clock = () => time.now;
  const store = memoryStore({ clock });
  const write = ({ name, machine, boot, bootedAt, started }: Machine) =>
    Buffer.from(
      JSON.stringify({
        update_date: formatUpdateDate(time.now),
        os_start_date: formatLocal(bootedAt),
        instance_id: ID,
        instance_name: name,
        rollcall: { schema: 1, machine, boot, ...(started !== undefined && { started }) },
      }),
    );
  return {
    time,
    store,
    write,
    report: async (machine: Machine) => {
      const body = write(machine);
      const { key } = await placeReport(store, body, { key: KEY, now: time.now, toleranceMs: 5000 });
      await store.put(key, body);
      return key;
    },
    see: async () => {
      const view = await createRoll({ store, clock }).view();
      const names = readReports(view.reports).map(
        ({ body }) => (JSON.parse(body.toString()) as { instance_name: string }).instance_name,
      );
      return { names, problems: view.problems.map(({ reason, detail }) => `${reason}: ${detail}`) };
    },
  };
}

const hash = (digit: string) => digit.repeat(16);
const start = Date.UTC(2023, 11, 31);
const A: Machine = { name: "web-a", machine: hash("a"), boot: hash("1"), bootedAt: start };
const B: Machine = { ...A, name: "web-b", boot: hash("2") };

describe("two machines with one id", () => {
  it.each([
    ["that differ in their boot alone", { ...B, name: "web-a" }],
    ["that differ in their hardware too", { ...B, machine: hash("b") }],
    ["that see one kernel, under other names", { ...B, started: 1_700_000_000 }],
  ])("%s stay apart: one is shown, and the other told", async (_what, second) => {
    const { time, report, see } = setUp();
    const first = { ...A, ...(second.started !== undefined && { started: second.started }) };
    const keys = [];
    for (const machine of [first, second, first, second, second, first]) {
      keys.push(await report(machine));
      time.now += 60_000;
    }
    expect(new Set(keys).size).toBe(2);
    expect([keys[0], keys[2], keys[5]]).toEqual([KEY, KEY, KEY]);
    const { names, problems } = await see();
    expect(names).toEqual([first.name]);
    expect(problems).toEqual([expect.stringMatching(/^clone: two machines report under one id/)]);
  });

  it(
    "are told where the second booted after the first one's last report: with the " + "first one's next",
    async () => {
      const { time, report, see } = setUp();
      await report(A);
      const later = { ...B, bootedAt: time.now + 60_000 };
      time.now += 120_000;
      expect(await report(later)).toBe(KEY);
      time.now += 60_000;
      expect(await report(A)).not.toBe(KEY);
      expect(await see()).toMatchObject({ names: ["web-a"], problems: [expect.stringContaining("web-b")] });
    },
  );

  it("take one another's place where the first has left, or is silent", async () => {
    for (const leaves of [true, false]) {
      const { time, store, report } = setUp();
      await report(A);
      time.now += leaves ? 60_000 : 2 * HOUR + 1;
      if (leaves) await store.put(formatDepartureKey(KEY), Buffer.from("{}"));
      expect(await report(B)).toBe(KEY);
    }
  });

  it(
    "leave the roll one by one: the other stays in it, whoever reported last, and is " +
      "no problem any more",
    async () => {
      const [b, c] = [
        { ...B, machine: hash("b") },
        { ...B, name: "web-c", machine: hash("c"), boot: hash("3") },
      ];
      for (const [leaving, staying] of [
        [[b], "web-a"],
        [[A], "web-b"],
        [[c, b], "web-a"],
        [[c, A], "web-b"],
      ] as const) {
        const { time, store, report, see } = setUp();
        for (const machine of leaving.includes(c) ? [A, b, c] : [A, b]) {
          await report(machine);
          time.now += 60_000;
        }
        for (const { machine, boot } of leaving) {
          const key = await placeDeparture(store, { key: KEY, machine, boot });
          await store.put(formatDepartureKey(key ?? ""), Buffer.from("{}"));
        }
        expect(await see()).toEqual({ names: [staying], problems: [] });
      }
    },
  );

  it("leave by themselves", async () => {
    const { store, report } = setUp();
    await report(A);
    const other = await report({ ...B, machine: hash("b") });
    const leave = ({ machine, boot }: Machine) => placeDeparture(store, { key: KEY, machine, boot });
    expect(await leave(A)).toBe(KEY);
    expect(await leave({ ...B, machine: hash("b") })).toBe(other);
    expect(await leave({ ...B, machine: hash("c"), boot: hash("3") })).toBeUndefined();
    // Booted anew, and told to stop before it reported.
    expect(await leave({ ...A, boot: hash("4") })).toBe(KEY);
  });
});

describe("one machine", () => {
  it("is no clone of itself: rebooted, with a new card, renamed, or seen by a unit and a shell", async () => {
    const { time, report, see } = setUp();
    const unit = { ...A, started: start / 1000 };
    const shell = { ...unit, boot: hash("9"), started: unit.started + 1 };
    for (const machine of [
      A,
      A,
      { ...A, name: "renamed" },
      { ...A, machine: hash("c") },
      unit,
      shell,
      unit,
      shell,
    ]) {
      expect(await report(machine)).toBe(KEY);
      time.now += 60_000;
    }
    const rebooted = { ...A, boot: hash("5"), machine: hash("d"), bootedAt: time.now };
    time.now += 30_000;
    expect(await report(rebooted)).toBe(KEY);
    expect((await see()).problems).toEqual([]);
  });

  it("is taken for itself where its reports do not say", () => {
    const { write } = setUp();
    const there = readReportingMachine(write(A));
    const { uptimeMs: _unknown, ...coming } = readReportingMachine(write(B)) ?? { ...there };
    if (!there) throw new Error("no reporter");
    expect(
      isOtherMachine({ reporter: there, receivedAt: 0 }, { ...there, ...coming, uptimeMs: undefined }, 0, 0),
    ).toBe(false);
    for (const text of ["", "{}", '{"boot":"x"', '{"rollcall":{"boot":"1","machine":"2"}}', '["boot":"']) {
      expect(readReportingMachine(Buffer.from(text))).toBeUndefined();
    }
  });
});
