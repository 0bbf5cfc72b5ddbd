// Tests of every duration that is taken from outside: none makes a timer overflow, and all doors
// read them alike.
import fc from "fast-check";
import { pino } from "pino";
import { expect, it } from "vitest";
import { publishersSchema } from "../../publish/config.ts";
import { BUILT_IN_RULES } from "../../questions/label-rule.ts";
import { compileLabels } from "../../questions/labels.ts";
import { parseSpan, QueryError } from "../../questions/query.ts";
import { EXPIRY_MS } from "../../report/limits.ts";
import { runPublishSchedule } from "../../service/publish-schedule.ts";
import { MAX_DURATION_MS, MAX_TIMER_MS, parseDuration } from "../../specs/duration.ts";
import { parseSpec } from "../../specs/spec.ts";
import { memoryStore } from "../../store/memory.ts";
import { runs } from "../../testing/runs.ts";

const readNothing = () => Promise.reject(new Error("nothing is read here"));

const duration = fc
  .tuple(
    fc.oneof(
      fc.nat(),
      fc.nat(400),
      fc.constantFrom("336", "337", "720", "2147483", "2147484", "4294967296", "999999999", "0", "1e9", "-1"),
    ),
    fc.constantFrom("ms", "s", "m", "h", "d", "w", ""),
  )
  .map(([number, unit]) => `${number}${unit}`);

it("none is longer than what is said, or than a timer holds", () => {
  fc.assert(
    fc.property(duration, (text) => {
      expect(parseDuration(text) ?? 0).toBeLessThanOrEqual(MAX_DURATION_MS);
    }),
  );
});

it("whatever `every` is taken, the schedule waits for it, and no timer overflows", async () => {
  await fc.assert(
    fc.asyncProperty(duration, fc.double({ min: 0, max: 1, noNaN: true }), async (every, random) => {
      const outcome = publishersSchema.safeParse({
        page: { kind: "markdown", path: "/nowhere/page.md", every },
      });
      const ms = parseDuration(every);
      expect(outcome.success).toBe(ms !== undefined && ms >= 60_000);
      if (!outcome.success) {
        expect(outcome.error.issues[0]?.message).toContain("at least 1m and at most 14d");
        return;
      }
      const waits: number[] = [];
      const stopping = new AbortController();
      const store = memoryStore({ clock: () => 0 });
      await runPublishSchedule(
        {
          publishers: outcome.data,
          roll: { view: readNothing, viewHost: readNothing },
          store,
          labels: compileLabels(BUILT_IN_RULES),
          windowMs: 7_200_000,
          clones: { list: () => [] },
          readExpected: undefined,
          readSecret: async () => undefined,
          clock: () => 0,
          log: pino({ level: "silent" }),
          random: () => random,
          sleep: async (wait) => {
            if (waits.push(wait) === 3) stopping.abort();
          },
        },
        stopping.signal,
      );
      expect(Math.max(...waits)).toBeLessThanOrEqual(MAX_TIMER_MS);
      for (const wait of waits.slice(1)) expect(wait).toBeGreaterThanOrEqual(0.9 * (ms ?? 0));
    }),
    { numRuns: runs(75) },
  );
});

it("windows and ages end with a day, and a command's time with a minute", () => {
  const readSpan = (text: string) => {
    try {
      return parseSpan(text, "within");
    } catch (error) {
      if (error instanceof QueryError) return undefined;
      throw error;
    }
  };
  fc.assert(
    fc.property(duration, (text) => {
      const ms = parseDuration(text) ?? 0;
      expect(readSpan(text)).toBe(ms > 0 && ms <= EXPIRY_MS ? ms : undefined);
      const spec =
        `collectors:\n  - command:\n      run: [/bin/true]\n      timeout: ${text}\n   ` +
        "   fields: { a: {} }\n";
      if ("spec" in parseSpec(spec)) expect(ms).toBeLessThanOrEqual(60_000);
    }),
  );
});
