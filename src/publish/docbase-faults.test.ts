// Tests of publishing to DocBase where things go wrong: killed at every step, random faults, states
// that are lost, stores that fail, runs that overlap.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { LEASE_MS, LeaseTaken } from "../store/lease.ts";
import {
  MINUTE,
  readMarks,
  STATE_KEY,
  startWiki,
  type Wiki,
  type WikiPublisher,
} from "../testing/docbase-double.ts";
import { makeHosts, makeOverview } from "../testing/overview-double.ts";
import { runs } from "../testing/runs.ts";
import { seededRandom } from "../testing/seeded-random.ts";
import type { Overview } from "./overview.ts";

let wiki: Wiki;
beforeAll(async () => {
  wiki = await startWiki();
});
afterAll(() => wiki.stop());
beforeEach(() => wiki.control({ reset: true }));

const TITLE = "What runs where";

/**
 * None doubled, none orphaned, none stale: the open pages are the ones of the last overview, and
 * say what it says.
 */
async function expectRight(last: Overview): Promise<void> {
  const { open } = await wiki.look();
  const names = (title: string) => title.replace(/ \(\d+ of \d+\)$/, "");
  const titles = [TITLE, ...last.parts.map(({ name }) => `${TITLE}: ${name}`)];
  expect([...new Set(open.map(({ title }) => names(title)))].sort()).toEqual(titles.sort());
  expect(new Set(readMarks(open)).size).toBe(open.length);
  const summary = open.find(({ title }) => title === TITLE);
  expect(summary?.body).toContain(`**${last.hosts} hosts reported.**`);
  for (const { id, title, body } of open) {
    expect(body).not.toContain("(#)");
    const pages = /\((\d+) of (\d+)\)$/.exec(title);
    if (names(title) === TITLE) continue;
    expect(body).toContain(`/posts/${summary?.id})`);
    if (pages) {
      // All pages of a part there, and no more of them than it has.
      expect(open.filter((post) => names(post.title) === names(title))).toHaveLength(Number(pages[2]));
      continue;
    }
    expect(summary?.body).toContain(`/posts/${id})`);
    const part = last.parts.find(({ name }) => title.endsWith(name));
    expect(body).toContain(`**${part?.hosts} hosts reported.**`);
  }
}

/** Runs until all must be well again: after a lease has ended, and a search knows all. */
async function settle({ run, time }: WikiPublisher, last: Overview): Promise<void> {
  for (let at = 0; at < 3; at++) {
    time.now += 11 * MINUTE;
    await run(last);
  }
  await expectRight(last);
  time.now += MINUTE;
  const again = await run(last);
  expect(again).toMatchObject({ created: 0, updated: 0, archived: 0 });
  expect(again.requests).toBeLessThanOrEqual(2);
}

class Killed extends Error {}

describe("killed at each step", () => {
  const two = () => makeOverview(makeHosts(2, 4));
  const three = () => makeOverview(makeHosts(3, 4));
  /** What is there before, what happens to it, and what is published then. */
  const SCENARIOS: Record<string, (publisher: WikiPublisher) => Promise<Overview>> = {
    "the first run": () => three(),
    "a change": async ({ run }) => {
      await run(await three());
      return await makeOverview(makeHosts(3, 5));
    },
    "a service that goes": async ({ run }) => {
      await run(await three());
      return await two();
    },
    "a service that comes back": async ({ run, time }) => {
      await run(await three());
      await run(await two());
      time.now += 11 * MINUTE;
      return await three();
    },
    "a lost state": async ({ run, store }) => {
      await run(await three());
      await store.delete(STATE_KEY);
      return await three();
    },
    "a lost state and doubles": async ({ run, store }) => {
      await run(await three());
      await store.delete(STATE_KEY);
      await wiki.control({ searchLag: 1000 });
      await run(await three());
      await wiki.control({ searchLag: 0 });
      await store.delete(STATE_KEY);
      return await three();
    },
    "a deleted page": async ({ run, time }) => {
      await run(await three());
      time.now += 11 * MINUTE;
      await wiki.control({ remove: (await wiki.look()).open[1]?.id });
      return await three();
    },
  };

  for (const [name, prepare] of Object.entries(SCENARIOS)) {
    for (const when of ["before", "after"] as const) {
      it(`${name}: ${when} each save`, async () => {
        let isReached = true;
        let step = 0;
        while (isReached && step < 60) {
          step++;
          await wiki.control({ reset: true });
          const publisher = wiki.setUp();
          const overview = await prepare(publisher);
          const life = new AbortController();
          let puts = 0;
          isReached = false;
          const onPut = (at: "before" | "after") => {
            if (at === "before") puts++;
            if (puts !== step || at !== when) return;
            isReached = true;
            life.abort();
            throw new Killed();
          };
          await publisher.run(overview, { signal: life.signal, dies: true, onPut }).catch(() => undefined);
          await settle(publisher, overview);
        }
        expect(isReached).toBe(false);
        expect(step).toBeGreaterThan(3);
      });
    }
  }
});

describe("two runs at once", () => {
  it.each(["before a page is archived", "in the middle of an update"])(
    "who has lost the lease while it waited writes nothing: %s",
    async (what) => {
      const { run, time, ...rest } = wiki.setUp();
      await run(await makeOverview(makeHosts(3, 4)));
      time.now += 11 * MINUTE;
      const before = await makeOverview(what.includes("archived") ? makeHosts(2, 4) : makeHosts(3, 3));
      const after = await makeOverview(makeHosts(3, 5));
      // The first run finds the limit used up after its search, and sleeps too long.
      await wiki.control({ rateLeft: what.includes("archived") ? 2 : 1, rateReset: time.now / 1000 + 60 });
      let isAway = false;
      const sleep = async () => {
        if (isAway) return;
        isAway = true;
        await wiki.control({ rateLeft: 1000 });
        time.now += LEASE_MS + MINUTE;
        await run(after);
      };
      await expect(run(before, { sleep })).rejects.toThrow(LeaseTaken);
      expect(isAway).toBe(true);
      await expectRight(after);
      await settle({ run, time, ...rest }, after);
    },
  );

  it("keeps its lease while it waits for longer than that lasts", async () => {
    const { run, time } = wiki.setUp();
    const overview = await makeOverview(makeHosts(3, 4));
    await wiki.control({ rateLeft: 2, rateReset: time.now / 1000 + 600 });
    let refused = 0;
    const sleep = async (ms: number) => {
      time.now += ms;
      await run(overview).catch((error: unknown) => {
        if (error instanceof LeaseTaken) refused++;
      });
      if (time.now >= Date.UTC(2024, 2, 1) + 600_000) await wiki.control({ rateLeft: 1000 });
    };
    await run(overview, { sleep });
    expect(refused).toBeGreaterThanOrEqual(10);
    await expectRight(overview);
  });
});

describe("across faults and restarts", () => {
  const FAULTS = ["reset-before", "reset-after", "error-before", "error-after", "slow"];
  const RUNS_PER_ROUND = 20;
  const ROUNDS = 5;

  interface Fleet {
    readonly random: () => number;
    readonly pick: <T>(list: readonly T[]) => T;
    readonly overviews: readonly Overview[];
    readonly publisher: WikiPublisher;
  }

  /** Runs to which something happens, or which are killed. @returns how many faults there were */
  async function runBadly({
    random,
    pick,
    overviews,
    publisher: { run, store, time },
  }: Fleet): Promise<number> {
    let faults = 0;
    for (let at = 0; at < RUNS_PER_ROUND; at++) {
      const plan = Array.from({ length: 6 }, () => (random() < 0.3 ? pick(FAULTS) : "ok"));
      faults += plan.filter((fault) => fault !== "ok").length;
      await wiki.control({ plan, searchLag: random() < 0.2 ? 2 : 0 });
      const stop = new AbortController();
      if (random() < 0.3) {
        faults++;
        setTimeout(() => stop.abort(), random() * 12);
      }
      // A store that fails for a while, and a process that is killed.
      const isStoreFailing = random() < 0.1;
      const onPut = () => {
        if (isStoreFailing && random() < 0.2) throw new Killed();
      };
      if (isStoreFailing) faults++;
      if (random() < 0.05) {
        faults++;
        await store.delete(STATE_KEY);
      }
      await run(pick(overviews), { signal: stop.signal, dies: random() < 0.6, onPut }).catch(() => undefined);
      time.now += Math.floor(random() * 8) * MINUTE;
    }
    return faults;
  }

  const seeds = Array.from({ length: runs(2) }, (_, at) => at + 1);
  it.each(seeds)("the pages end right: seed %d", { timeout: 180_000 }, async (number) => {
    const random = seededRandom(number);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
    const overviews = await Promise.all(
      [1, 2, 3, 4].map((services) => makeOverview(makeHosts(services, 2 + services))),
    );
    // One that takes several pages for its services.
    const many = makeHosts(2, 400).map((host, at) => ({
      ...host,
      module: at % 2 ? "A_red_1.9" : "A_red_1.10",
    }));
    overviews.push(await makeOverview(many));
    const fleet = { random, pick, overviews, publisher: wiki.setUp({ maxBodyBytes: 9000 }) };
    let faults = 0;
    for (let round = 0; round < ROUNDS; round++) {
      faults += await runBadly(fleet);
      // Then all is well again.
      await wiki.control({ plan: [], searchLag: 0 });
      await settle(fleet.publisher, pick(overviews));
    }
    expect(faults).toBeGreaterThan(125);
  });
});
