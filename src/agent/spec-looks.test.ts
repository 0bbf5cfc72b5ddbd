// Tests of how often a host asks for the published spec: counted in the requests of a real follower
// over a store, on a virtual clock.
import { describe, expect, it } from "vitest";
import { signEdition } from "../specs/edition.ts";
import { makeKeyPair, parsePrivateKey, parsePublicKey } from "../specs/spec-key.ts";
import { withCounts, zeroCounts } from "../store/counting.ts";
import { CURRENT_EDITION_KEY } from "../store/layout.ts";
import { memoryStore } from "../store/memory.ts";
import { makeFolder } from "../testing/temporary-folder.ts";
import { createSpecFollower } from "./spec-follower.ts";
import { lookForSpecs, type SpecLooksOptions } from "./spec-looks.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const START = Date.UTC(2026, 0, 1);
const HOST = { instance_id: "a", instance_name: "prod_1" };

async function setUp() {
  let now = START;
  const clock = () => now;
  const pair = makeKeyPair();
  const [secret, trusted] = [parsePrivateKey(pair.privatePem), parsePublicKey(pair.publicText)];
  if (!secret || !trusted) throw new Error("a pair that cannot be read back");
  const counts = zeroCounts();
  const inner = memoryStore({ clock });
  const store = withCounts(inner, () => counts);
  const follower = createSpecFollower({
    fetch: async (_, maxBytes) => (await store.get(CURRENT_EDITION_KEY, { maxBytes }))?.body,
    keys: [trusted],
    files: { judgeSpec: () => undefined },
    allowedCommands: [],
    folder: await makeFolder(),
    clock,
    onNotice: (_notice, error) => {
      throw error;
    },
  });
  const events: { readonly at: number; readonly happens: () => Promise<unknown> }[] = [];
  const taken: number[] = [];
  return {
    counts,
    taken,
    publish: (at: number, number: number) =>
      events.push({
        at,
        happens: () =>
          inner.put(
            CURRENT_EDITION_KEY,
            signEdition(
              {
                format: 1,
                number,
                issued_at: new Date(START).toISOString(),
                expires_at: new Date(START + 90 * DAY).toISOString(),
                parts: [{ spec: `version: 1\ncollect:\n  - host: {}\n# ${number}\n` }],
              },
              secret,
            ),
          ),
      }),
    /** Runs for so long, by the clock that moves while the host waits. */
    async run(ms: number, more: Partial<SpecLooksOptions> = {}) {
      const ending = new AbortController();
      const options: SpecLooksOptions = {
        async look() {
          const spec = await follower.poll(HOST);
          if (typeof spec !== "object") return false;
          await follower.endTrial(spec);
          taken.push(now - START);
          return true;
        },
        onChange: () => undefined,
        onError: (error) => {
          throw error;
        },
        monotonic: clock,
        random: () => 0.5,
        sleep: async (waitMs) => {
          now += waitMs;
          for (const event of events.filter(({ at }) => START + at <= now)) {
            events.splice(events.indexOf(event), 1);
            await event.happens();
          }
          if (now >= START + ms) ending.abort();
        },
        ...more,
      };
      await lookForSpecs(options, ending.signal);
    },
  };
}

describe("a host that follows published specs", () => {
  it("asks three times an hour while nothing new is published", async () => {
    const { counts, publish, run } = await setUp();
    publish(0, 1);
    await run(30 * DAY);
    // 8,640 looks at every five minutes; here those, and the hour after the first edition.
    expect(counts).toEqual({ put: 0, list: 0, get: expect.any(Number) });
    expect(counts.get).toBeGreaterThanOrEqual(30 * 24 * 3);
    expect(counts.get).toBeLessThan(30 * 24 * 3 + 12);
  });

  it("takes an edition within half an hour, and one that follows it within seven minutes", async () => {
    for (const chance of [0, 0.5, 0.999]) {
      const { publish, taken, run } = await setUp();
      publish(7 * HOUR, 1);
      publish(8 * HOUR, 2);
      await run(10 * HOUR, { random: () => chance });
      expect(taken).toHaveLength(2);
      const [first = 0, second = 0] = taken;
      expect(first - 7 * HOUR).toBeLessThan(27 * MINUTE);
      expect(second - 8 * HOUR).toBeLessThan(7 * MINUTE);
    }
  });

  it("looks again where a look failed", async () => {
    const { run } = await setUp();
    const errors: unknown[] = [];
    let looks = 0;
    await run(2 * HOUR, {
      look: async () => {
        looks++;
        throw new Error("away");
      },
      onError: (error) => errors.push(error),
    });
    expect(looks).toBe(5);
    expect(errors).toHaveLength(5);
  });
});
