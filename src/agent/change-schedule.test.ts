// Tests of the pace: the first change at once, a deploy when it pauses, what never rests now and
// then, and nothing waits for it.
import { describe, expect, it } from "vitest";
import { createChangeSchedule } from "./change-schedule.ts";

const GLOB = "/conf/*.conf";

/**
 * Plays changes in steps of 10 ms, looking whenever it is due. @returns when each path or glob was
 * looked at, ms
 */
function play(
  untilMs: number,
  changes: readonly { readonly at: number; readonly given: string; readonly file: string }[],
) {
  let now = 0;
  const pace = createChangeSchedule(() => now);
  const looks: { readonly at: number; readonly given: readonly string[] }[] = [];
  const queue = changes.toSorted((a, b) => a.at - b.at);
  let next = 0;
  for (; now <= untilMs; now += 10) {
    for (let one = queue[next]; one && one.at <= now; one = queue[++next]) pace.note(one.given, one.file);
    if (pace.dueAt > now) continue;
    looks.push({ at: now, given: pace.take(false) });
    pace.judge(true);
  }
  return looks;
}

/** Changes at even intervals. */
function repeat(from: number, to: number, everyMs: number, file: (turn: number) => string, given = GLOB) {
  const count = Math.floor((to - from) / everyMs);
  return Array.from({ length: count }, (_, turn) => ({ at: from + turn * everyMs, given, file: file(turn) }));
}

describe("a pace", () => {
  it("looks at a deploy at its first change and at its end, and at the next change at once", () => {
    const deploy = repeat(10_000, 13_000, 100, (turn) => `m${turn}`);
    const looks = play(30_000, [...deploy, { at: 14_200, given: GLOB, file: "m5" }]);
    expect(looks.map(({ at }) => at)).toEqual([10_100, 13_900, 14_300]);
  });

  it("ends each of several deploys within two seconds of its last file", () => {
    const starts = [10_000, 20_000, 25_000, 40_000, 60_000];
    const looks = play(
      90_000,
      starts.flatMap((start) => repeat(start, start + 3000, 100, (turn) => `m${turn}`)),
    );
    for (const start of starts) {
      const after = looks.find(({ at }) => at > start + 2900);
      expect(after?.at).toBeLessThanOrEqual(start + 4900);
    }
    expect(looks.length).toBeLessThanOrEqual(2 * starts.length);
  });

  it("looks seldom at a slow deploy, and soon at its end", () => {
    const looks = play(
      120_000,
      repeat(10_000, 70_000, 1010, (turn) => `m${turn}`),
    );
    expect(looks.length).toBeLessThan(20);
    expect(looks.at(-1)?.at).toBeLessThan(70_000 + 5000);
  });

  it("comes down to a look a minute for what never rests, however it changes", () => {
    const hour = 3_600_000;
    const kinds = {
      "one file all the time": repeat(0, hour, 100, () => "log"),
      "one file each five seconds": repeat(0, hour, 5000, () => "log"),
      "many files in turn": repeat(0, hour, 5000, (turn) => `m${turn % 50}`),
      "many files all the time": repeat(0, hour, 250, (turn) => `m${turn % 400}`),
    };
    for (const [kind, changes] of Object.entries(kinds))
      expect({ kind, looks: play(hour, changes).length < 100 }).toEqual({ kind, looks: true });
  });

  it("lets no change wait for a file that never rests, in the same glob or elsewhere", () => {
    const restless = repeat(0, 600_000, 200, () => "log");
    for (const given of [GLOB, "/other"]) {
      const real = repeat(100_000, 600_000, 97_000, (turn) => `m${turn}`, given);
      const looks = play(600_000, [...restless, ...real]);
      for (const { at } of real) {
        const seen = looks.find((look) => look.at >= at && look.given.includes(given) && look.at - at < 1500);
        expect({ given, at, isSeen: seen !== undefined }).toEqual({ given, at, isSeen: true });
      }
    }
  });

  it("forgets in time", () => {
    const restless = repeat(0, 300_000, 200, () => "log");
    const looks = play(2_000_000, [...restless, { at: 1_500_000, given: GLOB, file: "log" }]);
    expect(looks.at(-1)?.at).toBe(1_500_100);
    expect(looks.filter(({ at }) => at > 300_000 && at < 1_500_000).length).toBe(1);
  });

  it("takes all that waits when all is looked at", () => {
    let now = 0;
    const pace = createChangeSchedule(() => now);
    pace.note("/a", "/a");
    now = 10;
    expect(pace.take(false)).toEqual([]);
    expect(pace.take(true)).toEqual(["/a"]);
    expect(pace.dueAt).toBe(Number.POSITIVE_INFINITY);
  });
});
