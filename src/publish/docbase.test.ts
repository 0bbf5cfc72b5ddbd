// Tests of publishing to DocBase, over HTTP to a DocBase on loopback that is a process of its own.
// Faults and restarts: docbase-faults.test.ts.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { LEASE_MS, LeaseTaken } from "../store/lease.ts";
import { MINUTE, readMarks, STATE_KEY, startWiki, type Wiki } from "../testing/docbase-double.ts";
import { makeHosts, makeOverview } from "../testing/overview-double.ts";
import { takeState } from "./state.ts";

let wiki: Wiki;
beforeAll(async () => {
  wiki = await startWiki();
});
afterAll(() => wiki.stop());
beforeEach(() => wiki.control({ reset: true }));

const { setUp, control, look } = {
  setUp: (...given: Parameters<Wiki["setUp"]>) => wiki.setUp(...given),
  control: (change: object) => wiki.control(change),
  look: () => wiki.look(),
};

describe("docbase", () => {
  it("makes a summary and a page for each service, linked both ways, and then touches nothing", async () => {
    const { run } = setUp();
    const overview = await makeOverview(makeHosts(3, 4));
    const first = await run(overview);
    expect(first).toMatchObject({ created: 4, updated: 0, archived: 0 });
    const { open } = await look();
    expect(open.map(({ title }) => title)).toEqual([
      "What runs where",
      "What runs where: service0",
      "What runs where: service1",
      "What runs where: service2",
    ]);
    const [summary, ...parts] = open;
    for (const { id, body } of parts) {
      expect(summary?.body).toContain(`(https://acme.docbase.io/posts/${id})`);
      expect(body).toContain(`[Summary](https://acme.docbase.io/posts/${summary?.id})`);
    }
    expect(summary?.body).not.toMatch(/\{\{page|\(#\)/);
    expect(summary).toMatchObject({ notice: false, tags: ["運用", "rollcall-wiki"] });
    expect(first.url).toBe(`https://acme.docbase.io/posts/${summary?.id}`);

    const second = await run(await makeOverview(makeHosts(3, 4), {}, overview.asOf + MINUTE));
    expect(second).toMatchObject({ created: 0, updated: 0, archived: 0, unchanged: 4 });
    expect(second.requests).toBeLessThanOrEqual(2);
    expect((await look()).open).toEqual(open);
  });

  it("writes the pages alone whose words have changed, and the time once a day", async () => {
    const { run, time } = setUp();
    await run(await makeOverview(makeHosts(3, 4)));
    const changed = makeHosts(3, 4).map((host) =>
      host.id === "i-0001" ? { ...host, module: "A_red_1.10" } : host,
    );
    const overview = await makeOverview(changed);
    expect(await run(overview)).toMatchObject({ created: 0, updated: 2, unchanged: 2 });
    time.now += 24 * 60 * MINUTE;
    expect(await run(overview)).toMatchObject({ updated: 1, unchanged: 3 });
  });

  it("archives what is no longer needed, and takes it out again in its place", async () => {
    const { run } = setUp();
    await run(await makeOverview(makeHosts(3, 4)));
    const before = (await look()).open;
    expect(await run(await makeOverview(makeHosts(2, 4)))).toMatchObject({ archived: 1 });
    expect(readMarks((await look()).open)).toHaveLength(3);
    expect(await run(await makeOverview(makeHosts(3, 4)))).toMatchObject({ created: 0, archived: 0 });
    expect((await look()).open.map(({ id }) => id)).toEqual(before.map(({ id }) => id));
  });

  it.each([400, 413, 422])("finds out what the server takes by %d, and remembers it", async (refusal) => {
    await control({ maxBody: 12_000, refusal });
    const { run } = setUp();
    const hosts = makeHosts(2, 3000).map((host, at) => ({
      ...host,
      module: at % 6 === 0 ? "A_red_1.9" : "A_red_1.10",
    }));
    const overview = await makeOverview(hosts);
    const first = await run(overview);
    const { open } = await look();
    expect(open.length).toBeGreaterThan(6);
    for (const { body } of open) expect(Buffer.byteLength(body)).toBeLessThanOrEqual(12_000);
    const ids = hosts.filter(({ module }) => module === "A_red_1.9").map(({ id }) => id);
    const text = open.map(({ body }) => body).join("");
    for (const id of ids) expect(text).toContain(`\`${id}\``);
    expect(first.requests).toBeLessThanOrEqual(100);
    expect((await run(overview)).requests).toBeLessThanOrEqual(2);
    const changed = await run(await makeOverview(hosts.slice(1)));
    expect((await look()).open.length).toBeGreaterThan(6);
    expect(changed.requests).toBeLessThanOrEqual(100);
  });

  it("says what else is wrong where size is not, after few tries", async () => {
    const { run } = setUp({ scope: "group", groups: [] });
    await expect(run(await makeOverview(makeHosts(20, 1)))).rejects.toThrow(
      /groups are missing .*not its size/,
    );
    expect((await look()).all).toEqual([]);
  });

  it("writes the others where one page is refused", async () => {
    await control({ refusedTitle: "service1" });
    const { run, time } = setUp();
    const overview = await makeOverview(makeHosts(3, 4));
    await expect(run(overview)).rejects.toThrow(/title is refused .*"What runs where: service1"/);
    expect((await look()).open.map(({ title }) => title)).toEqual([
      "What runs where",
      "What runs where: service0",
      "What runs where: service2",
    ]);
    await control({ refusedTitle: null });
    time.now += MINUTE;
    expect(await run(overview)).toMatchObject({ created: 1, updated: 1 });
  });

  it.each([403, 404, 400])("asks again at once for a page that was answered %d", async (writeStatus) => {
    const { run } = setUp();
    const overview = await makeOverview(makeHosts(2, 2));
    await control({ writeStatus });
    await expect(run(overview)).rejects.toThrow(/DocBase/);
    await control({ writeStatus: null });
    const outcome = await run(overview);
    expect(outcome).toMatchObject({ created: 3 });
    expect(outcome.left).toBeUndefined();
  });

  const values = [
    ["few values, any size", 1_000_000, (at: number) => `A_${at % 2 ? "red" : "blue"}_1.${at % 11}`],
    ["few values, pages of 20 KB", 20_000, (at: number) => `A_${at % 2 ? "red" : "blue"}_1.${at % 11}`],
    ["few values, pages of 12 KB", 12_000, (at: number) => `A_${at % 2 ? "red" : "blue"}_1.${at % 11}`],
    ["a long value of its own on each host", 200_000, (at: number) => `A_${"x".repeat(70)}_1.${at}`],
  ] as const;
  it.each(values)(
    "stays within 100 requests for 10,000 hosts, and 2 when nothing has changed: %s",
    async (_, maxBody, module) => {
      await control({ maxBody });
      const { run } = setUp({ maxBodyBytes: 200_000 });
      const hosts = makeHosts(60, 167)
        .slice(0, 10_000)
        .map((host, at) => ({ ...host, module: module(at) }));
      const overview = await makeOverview(hosts);
      const first = await run(overview);
      expect(first.left).toBeUndefined();
      expect(first.requests).toBeLessThanOrEqual(100);
      expect(await run(overview)).toMatchObject({ created: 0, updated: 0, archived: 0 });
      expect((await run(overview)).requests).toBeLessThanOrEqual(2);
    },
  );

  it(
    "waits for the limit of requests to open, and goes on at the next run where that " + "is too long",
    async () => {
      const { run, time, waits } = setUp();
      const overview = await makeOverview(makeHosts(3, 4));
      // A search for pages of ours, and two of them.
      await control({ rateLeft: 3, rateReset: time.now / 1000 + 3600 });
      const first = await run(overview);
      expect(first.left).toContain("takes no more requests until");
      expect((await look()).open).toHaveLength(2);
      time.now += 3600_000;
      await control({ rateLeft: 2, rateReset: time.now / 1000 + 300 });
      let waited = 0;
      const sleep = async (ms: number) => {
        time.now += ms;
        waited += ms;
        if (waited >= 300_000) await control({ rateLeft: 1000 });
      };
      await run(overview, { sleep });
      expect(readMarks((await look()).open)).toHaveLength(4);
      // In pieces, so that the lease can be renewed meanwhile.
      expect(Math.max(...waits)).toBeLessThanOrEqual(MINUTE);
    },
  );

  it(
    "waits some time where the reset is past by its own clock, and goes by DocBase's " +
      "where that is known",
    async () => {
      const { run, time, waits } = setUp();
      const overview = await makeOverview(makeHosts(1, 1));
      await control({ rateLeft: 0, rateReset: time.now / 1000 - 5 });
      expect((await run(overview)).left).toContain("429 again and again");
      expect(waits).toEqual([5000, 10_000, 20_000]);
      waits.length = 0;
      await control({ rateLeft: 0, rateReset: time.now / 1000 + 1000, date: time.now + 970_000 });
      await run(overview);
      expect(waits[0]).toBe(30_000);
    },
  );

  it("makes anew what somebody has deleted, and takes out what somebody has put away", async () => {
    const { run, time } = setUp();
    const overview = await makeOverview(makeHosts(2, 2));
    await run(overview);
    time.now += 11 * MINUTE;
    const [summary, first, second] = (await look()).open;
    await control({ remove: summary?.id });
    expect(await run(overview)).toMatchObject({ created: 1, updated: 2 });
    time.now += 11 * MINUTE;
    await control({ remove: first?.id });
    expect(await run(overview)).toMatchObject({ created: 1, updated: 1 });
    await control({ archive: second?.id });
    time.now += 11 * MINUTE;
    expect(await run(overview)).toMatchObject({ created: 0, updated: 1 });
    const { open } = await look();
    expect(readMarks(open)).toHaveLength(3);
    const newSummary = open.find(({ title }) => title === "What runs where");
    for (const { id, body } of open) {
      if (id === newSummary?.id) continue;
      expect(newSummary?.body).toContain(`/posts/${id})`);
      expect(body).toContain(`/posts/${newSummary?.id})`);
    }
    expect((await run(overview)).requests).toBeLessThanOrEqual(2);
  });

  it("finds its pages again where the state is lost, however long they are", async () => {
    const { run, store } = setUp({ maxBodyBytes: 1_000_000 });
    const hosts = makeHosts(30, 400).map((host, at) => ({ ...host, module: `A_${"x".repeat(70)}_${at}.1` }));
    const overview = await makeOverview(hosts);
    await run(overview);
    const before = (await look()).open.map(({ id }) => id);
    await store.delete(STATE_KEY);
    expect(await run(overview)).toMatchObject({ created: 0, archived: 0 });
    expect((await look()).open.map(({ id }) => id)).toEqual(before);
  });

  it("leaves alone what has a tag that only begins like its own, and what is no page of it", async () => {
    const { run } = setUp();
    const other = setUp({ name: "wiki-two" });
    const overview = await makeOverview(makeHosts(2, 2));
    await other.run(overview);
    const before = (await look()).open;
    await run(overview);
    expect((await look()).open).toHaveLength(6);
    expect((await look()).open.slice(0, 3)).toEqual(before);
  });

  it("begins anew in another team, and knows nothing of the pages of the one before", async () => {
    const { run, store } = setUp();
    const overview = await makeOverview(makeHosts(2, 2));
    await run(overview);
    const state = await store.get(STATE_KEY, { maxBytes: 100_000 });
    const elsewhere = String(state?.body).replaceAll(" acme", " other");
    await store.put(STATE_KEY, Buffer.from(elsewhere));
    await control({ reset: true });
    expect(await run(overview)).toMatchObject({ created: 3 });
    for (const { body } of (await look()).open) expect(body).not.toContain("(#)");
  });

  it("changes nothing in a dry run, and says what it would", async () => {
    const { run, store } = setUp();
    const overview = await makeOverview(makeHosts(2, 2));
    expect(await run(overview, { isDryRun: true })).toMatchObject({ created: 3 });
    expect((await look()).all).toEqual([]);
    expect(await store.get(STATE_KEY, { maxBytes: 1000 })).toBeUndefined();
  });

  it("leaves alone what another run holds, until its lease ends", async () => {
    const { run, store, time, clock } = setUp();
    const overview = await makeOverview(makeHosts(1, 1));
    await takeState(store, "wiki", clock);
    await expect(run(overview)).rejects.toThrow(LeaseTaken);
    time.now += LEASE_MS + 1;
    expect(await run(overview)).toMatchObject({ created: 2 });
  });

  it("tells nobody its token", async () => {
    const { url, token } = { url: wiki.url, token: "wrong-secret" };
    const { run, store } = setUp({ place: { baseUrl: url, team: "acme", token } });
    const failure = await run(await makeOverview(makeHosts(1, 1))).catch(
      (error: Error) => `${error.message} ${error.stack}`,
    );
    expect(failure).toContain("the token is not one of the team acme");
    expect(failure).not.toContain("wrong-secret");
    expect(String((await store.get(STATE_KEY, { maxBytes: 10_000 }))?.body)).not.toContain("wrong-secret");
  });

  it("takes up nothing that a host has written to look like a page's mark", async () => {
    const { run, store } = setUp();
    const overview = await makeOverview([
      { id: "i-1", service: "x", module: "<!-- rollcall summary evil -->" },
    ]);
    await run(overview);
    await store.delete(STATE_KEY);
    expect(await run(overview)).toMatchObject({ created: 0, archived: 0 });
    expect(readMarks((await look()).open)).toHaveLength(2);
  });
});
