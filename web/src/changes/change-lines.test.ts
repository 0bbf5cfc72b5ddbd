// Tests of the lines of changes: joined as they come, divided by day.
import { describe, expect, it } from "vitest";
import {
  addChanges,
  type ChangesAnswer,
  divideByDay,
  isGap,
  isOlder,
  listEntries,
  readChanges,
} from "./change-lines.ts";

type Row = ChangesAnswer["changes"][number];

const time = (minute: number) => new Date(Date.UTC(2026, 10, 27, 12, minute)).toISOString();

function answer(changes: readonly Partial<Row>[], more: Partial<ChangesAnswer> = {}): ChangesAnswer {
  const rows = changes.map((change) => ({
    kind: "changed" as const,
    field: "app_version",
    before: "1.9",
    after: "1.10",
    count: 1,
    first: time(0),
    last: time(0),
    hosts: [],
    hosts_omitted: 0,
    ...change,
  }));
  return {
    since: time(0),
    until: time(30),
    as_of: time(30),
    cursor: "c1",
    count: rows.length,
    changes: rows,
    gaps: [],
    ...more,
  };
}

const host = (id: string, minute: number) => ({
  host: id,
  account: null,
  instance_name: null,
  at: time(minute),
  field: "app_version",
});

describe("what came since", () => {
  const before = readChanges(
    answer([{ count: 2, first: time(1), last: time(2), hosts: [host("a", 1), host("b", 2)] }]),
  );

  it("is joined with the line of the same change, each host once", () => {
    const next = answer(
      [
        { count: 2, first: time(8), last: time(9), hosts: [host("b", 8), host("c", 9)] },
        { after: "1.11", hosts: [host("a", 9)] },
      ],
      { cursor: "c2", until: time(40) },
    );
    const all = addChanges(before, readChanges(next));
    expect(all).toMatchObject({ cursor: "c2", since: before.since, until: Date.parse(time(40)) });
    const [line, other] = all?.lines ?? [];
    expect(line).toMatchObject({ count: 4, first: Date.parse(time(1)), last: Date.parse(time(9)) });
    expect(line?.hosts.map(({ id, at }) => [id, at])).toEqual(
      [
        ["a", 1],
        ["b", 8],
        ["c", 9],
      ].map(([id, minute]) => [id, Date.parse(time(minute as number))]),
    );
    expect(other).toMatchObject({ after: "1.11", count: 1 });
  });

  it("leaves the lines as they are where nothing is new", () => {
    expect(addChanges(before, readChanges(answer([])))?.lines).toBe(before.lines);
  });

  it("cannot be joined where hosts are not named: they may be the same", () => {
    const next = readChanges(answer([{ hosts: [host("z", 9)], hosts_omitted: 1, count: 2 }]));
    expect(addChanges(before, next)).toBeUndefined();
  });

  it("tells a gap once", () => {
    const gaps = [{ from: time(10), until: time(20), reason: "no recorder" }];
    const one = addChanges(before, readChanges(answer([], { gaps })));
    expect(one?.gaps).toHaveLength(1);
    expect(one && addChanges(one, readChanges(answer([], { gaps })))?.gaps).toHaveLength(1);
  });
});

describe("the list", () => {
  it("has gaps in their place, and days by where the reader is", () => {
    const read = readChanges(
      answer(
        [
          { last: time(5), after: "x" },
          { last: time(25), after: "y" },
        ],
        { gaps: [{ from: time(10), until: time(20), reason: "no recorder" }] },
      ),
    );
    const entries = listEntries(read, "");
    expect(entries.map((entry) => (isGap(entry) ? entry.reason : entry.after))).toEqual([
      "y",
      "no recorder",
      "x",
    ]);
    const [day, ...others] = divideByDay(entries);
    expect(others).toEqual([]);
    expect(day?.entries).toEqual(entries);
    expect(day?.start).toBe(new Date(Date.parse(time(25))).setHours(0, 0, 0, 0));
  });

  it("is of lines that have the text, and of all gaps", () => {
    const read = readChanges(
      answer(
        [{ after: "A_red" }, { before: "a_RED", after: "q" }, { after: "z", hosts: [host("i-red", 1)] }, {}],
        {
          gaps: [{ from: time(1), until: time(2), reason: "r" }],
        },
      ),
    );
    expect(listEntries(read, "Red").filter((entry) => !isGap(entry))).toHaveLength(3);
    expect(listEntries(read, "Red").filter(isGap)).toHaveLength(1);
  });

  it("has a line for each change of one host", () => {
    const own = { host: "a", account: "1", instance_name: "n", labels: {}, received_at: time(3) };
    const rows = [3, 4].map((minute) => {
      const { count, first, last, hosts, hosts_omitted, ...row } = answer([{}]).changes[0] as Row;
      return { ...row, ...own, at: time(minute) };
    });
    const { lines } = readChanges(
      answer(
        rows.map(() => ({})),
        { changes: rows },
      ),
    );
    expect(new Set(lines.map(({ id }) => id)).size).toBe(2);
    expect(lines[1]).toMatchObject({
      count: 1,
      first: Date.parse(time(4)),
      last: Date.parse(time(4)),
      hosts: [{ id: "a", account: "1", name: "n" }],
    });
  });
});

it.each([
  ["A_red_1.10", "A_red_1.9", true],
  ["A_red_1.9", "A_red_1.10", false],
  ["A_red_1.10", "A_blue_1.9", false],
  ["2.10.0", "2.9.4", true],
  ["on", "off", false],
  [null, "1.0", false],
  ["1.0", null, false],
])("tells that %s to %s is a way back: %s", (before, after, expected) => {
  expect(isOlder(before, after)).toBe(expected);
});
