// Tests of ages: what came since is put over what is there, and does it add up?
import { describe, expect, it } from "vitest";
import { type AgesAnswer, formatHost, readAges, updateAges } from "./ages.ts";

function make(
  hosts: readonly (readonly [string, string | null, number])[],
  more: Partial<AgesAnswer> = {},
): AgesAnswer {
  const accounts = [...new Set(hosts.map(([, account]) => account))];
  return {
    cursor: "1",
    window_seconds: 7200,
    count: hosts.length,
    received_sum: hosts.reduce((sum, [, , received]) => sum + received, 0),
    accounts,
    hosts: {
      id: hosts.map(([id]) => id),
      account: hosts.map(([, account]) => accounts.indexOf(account)),
      received: hosts.map(([, , received]) => received),
      skew: hosts.map(() => 0),
    },
    ...more,
  };
}

describe("ages", () => {
  it("take over what came since, by account and id", () => {
    const ages = readAges(
      make([
        ["i-1", "a", 10],
        ["i-1", "b", 20],
        ["i-2", null, 30],
      ]),
    );
    const since = make([["i-1", "b", 25]], { cursor: "2", count: 3, received_sum: 65 });
    const updated = updateAges(ages, since);
    expect(updated?.cursor).toBe("2");
    expect([...(updated?.hosts ?? [])].map(([host, { received }]) => [host, received])).toEqual([
      [formatHost("i-1", "a"), 10],
      [formatHost("i-1", "b"), 25],
      [formatHost("i-2", ""), 30],
    ]);
  });

  it("are asked for whole where a host came, left, or does not add up", () => {
    const start = () =>
      readAges(
        make([
          ["i-1", "a", 10],
          ["i-2", "a", 20],
        ]),
      );
    expect(updateAges(start(), make([["i-3", "a", 5]], { count: 2, received_sum: 25 }))).toBeUndefined();
    expect(updateAges(start(), make([], { count: 1, received_sum: 10 }))).toBeUndefined();
    expect(updateAges(start(), make([], { count: 2, received_sum: 31 }))).toBeUndefined();
    expect(updateAges(start(), make([], { count: 2, received_sum: 30 }))).toBeDefined();
  });
});
