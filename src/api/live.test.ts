// Tests of polling: heartbeats alone change no table, a change does, on each of two servers over
// one store; ages come apart, and since a cursor.
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { createClones } from "../access/clones.ts";
import type { ShownAges } from "../questions/ages-question.ts";
import { BUILT_IN_RULES } from "../questions/label-rule.ts";
import { compileLabels } from "../questions/labels.ts";
import { createRoll } from "../roll/roll.ts";
import type { Store } from "../store/store.ts";
import { makeStoreDouble, START } from "../testing/store-double.ts";
import { createApp } from "./app.ts";
import { createGatewayKeyring } from "./gateway-handler.ts";
import { createReadRoutes } from "./read-routes.ts";

const SECOND = 1000;
const FIELDS = "fields=instance_id,app_version,processes.file,label.env";

function openServer(store: Store, clock: () => number, rules = BUILT_IN_RULES) {
  const app = createApp(
    {
      store,
      roll: createRoll({ store, clock, refreshesAhead: false }),
      keyring: createGatewayKeyring("key"),
      clones: createClones({ clock }),
      labels: compileLabels(rules),
      clock,
      log: pino({ level: "silent" }),
      version: "0",
      windowMs: 7_200_000,
      deadlineMs: 25_000,
    },
    createReadRoutes(),
  );
  return async (path: string, etag = "", accept = "application/x-ndjson") =>
    await app.request(path, {
      headers: { "x-api-key": "local", accept, ...(etag && { "if-none-match": etag }) },
    });
}

/** A fleet whose hosts send heartbeats, and two servers that read it. */
async function setUp(count = 40) {
  const double = makeStoreDouble();
  const { store, clock, put, report, advance } = double;
  const beat = async (at: number, more: object = {}) =>
    await put(
      `reports/v1/local/i-${String(at).padStart(3, "0")}.json`,
      report(`i-${String(at).padStart(3, "0")}`, {
        instance_name: `${at % 2 === 0 ? "prod" : "dev"}_web_${at}`,
        app_version: "1.0",
        processes: [{ pid: 1, file: "A_red_1.1" }],
        ...more,
      }),
    );
  for (let at = 0; at < count; at++) {
    await beat(at);
    advance(SECOND);
  }
  return { ...double, beat, count, servers: [openServer(store, clock), openServer(store, clock)] as const };
}

const etagOf = ({ headers }: Response) => headers.get("etag") ?? "";

describe("a table of chosen fields", () => {
  it.each(["application/x-ndjson", "application/json", "text/csv"])(
    "stands while heartbeats come, as %s, on every server and after a restart",
    async (accept) => {
      const { servers, beat, advance, count, store, clock } = await setUp();
      const [one, other] = servers;
      const first = await one(`/v1/reports?${FIELDS}`, "", accept);
      const etag = etagOf(first);
      const body = await first.text();
      for (let turn = 0; turn < 30; turn++) {
        advance(5 * SECOND);
        for (const at of [turn, turn + 7]) await beat(at % count);
        const again = await one(`/v1/reports?${FIELDS}`, etag, accept);
        expect(again.status).toBe(304);
        expect(again.headers.get("rollcall-as-of")).toBe(new Date(clock()).toISOString());
      }
      const elsewhere = await other(`/v1/reports?${FIELDS}`, "", accept);
      expect([etagOf(elsewhere), await elsewhere.text()]).toEqual([etag, body]);
      const restarted = openServer(store, clock);
      expect((await restarted(`/v1/reports?${FIELDS}`, etag, accept)).status).toBe(304);
    },
  );

  it.each<[string, object | undefined, string]>([
    ["a field", { app_version: "1.1" }, ""],
    ["a field in an array", { processes: [{ pid: 1, file: "A_red_1.2" }] }, ""],
    ["the form of a number", { app_version: 1 }, ""],
    ["a label", { instance_name: "stage_web_3" }, ""],
    ["what is not asked for, but in the cells of a CSV", { instance_name: "prod_api_3" }, "text/csv"],
  ])("changes with %s", async (_, more, accept) => {
    const { servers, beat, advance } = await setUp();
    const [ask] = servers;
    // Without a label that is named, CSV has all of them.
    const path = `/v1/reports?${accept ? "fields=instance_id,app_version" : FIELDS}`;
    const before = await ask(path, "", accept || undefined);
    advance(5 * SECOND);
    await beat(3, more);
    const after = await ask(path, etagOf(before), accept || undefined);
    expect(after.status).toBe(200);
    expect(await after.text()).not.toBe(await before.text());
  });

  it("changes when a host comes, leaves, or falls silent, and comes back to what it was", async () => {
    const { servers, beat, advance, put, inner } = await setUp(3);
    const [ask] = servers;
    const path = "/v1/reports?fields=app_version";
    const seen = [etagOf(await ask(path))];
    advance(5 * SECOND);
    await put(
      "reports/v1/local/i-001b.json",
      JSON.stringify({ instance_id: "i-001b", update_date: "2024-03-01T00:00:00Z", app_version: "1.0" }),
    );
    seen.push(etagOf(await ask(path)));
    advance(5 * SECOND);
    await inner.delete("reports/v1/local/i-001b.json");
    expect(etagOf(await ask(path))).toBe(seen[0]);
    advance(7_190 * SECOND);
    for (const at of [1, 2]) await beat(at);
    seen.push(etagOf(await ask(path)));
    expect(new Set(seen).size).toBe(3);
    // The bytes of two hosts are those of two others.
    advance(7_300 * SECOND);
    for (const at of [0, 1]) await beat(at);
    seen.push(etagOf(await ask(path)));
    expect(new Set(seen).size).toBe(4);
  });

  it("with meta has the times of receipt, and changes with them", async () => {
    const { servers, beat, advance } = await setUp(3);
    const [ask] = servers;
    const before = await ask(`/v1/reports?${FIELDS}&meta=true`);
    advance(5 * SECOND);
    await beat(1);
    expect((await ask(`/v1/reports?${FIELDS}&meta=true`, etagOf(before))).status).toBe(200);
  });

  it("is another where the rules of its labels are others", async () => {
    const { servers, store, clock } = await setUp(3);
    const rules = [{ field: "instance_name", pattern: "^(?<env>[a-z]+)_[a-z]+_" }];
    const other = openServer(store, clock, rules);
    for (const accept of ["application/x-ndjson", "text/csv"]) {
      const etag = etagOf(await servers[0](`/v1/reports?${FIELDS}`, "", accept));
      expect((await other(`/v1/reports?${FIELDS}`, etag, accept)).status).toBe(200);
    }
  });
});

describe("other questions", () => {
  it.each(["/v1/versions?field=app_version&by=env", "/v1/problems", "/v1/coverage"])(
    "%s stands while heartbeats come",
    async (path) => {
      const { servers, beat, advance } = await setUp();
      const etag = etagOf(await servers[0](path));
      for (let turn = 0; turn < 5; turn++) {
        advance(5 * SECOND);
        await beat(turn);
        expect((await servers[turn % 2 ? 1 : 0](path, etag)).status).toBe(304);
      }
      advance(5 * SECOND);
      await beat(0, { app_version: "2.0" });
      if (path.startsWith("/v1/versions")) expect((await servers[0](path, etag)).status).toBe(200);
    },
  );
});

describe("ages", () => {
  const read = async (answer: Response) => (await answer.json()) as ShownAges;

  it("give the time of receipt of each host, in the order of the reports", async () => {
    const { servers } = await setUp(3);
    const answer = await servers[0]("/v1/ages", "", "application/json");
    const seconds = (at: number) => START / SECOND + at;
    expect(await read(answer)).toEqual({
      cursor: String(seconds(2) - 10),
      window_seconds: 7200,
      count: 3,
      received_sum: seconds(0) + seconds(1) + seconds(2),
      accounts: ["local"],
      hosts: {
        id: ["i-000", "i-001", "i-002"],
        account: [0, 0, 0],
        received: [0, 1, 2].map(seconds),
        skew: [0, 0, 0],
      },
    });
  });

  it("since a cursor add up to all of them, whoever answers", async () => {
    const { servers, beat, advance, count } = await setUp();
    const known = new Map<string, number>();
    const take = ({ hosts, count: all, received_sum }: ShownAges) => {
      for (const [at, id] of hosts.id.entries()) known.set(id, hosts.received[at] ?? 0);
      expect(known.size).toBe(all);
      expect([...known.values()].reduce((sum, one) => sum + one, 0)).toBe(received_sum);
    };
    const first = await read(await servers[0]("/v1/ages", "", "application/json"));
    take(first);
    let { cursor } = first;
    for (let turn = 0; turn < 20; turn++) {
      advance(60 * SECOND);
      await beat((turn * 7) % count);
      await beat((turn * 3) % count);
      const path = `/v1/ages?since=${cursor}`;
      const answer = await servers[turn % 2 ? 1 : 0](path, "", "application/json");
      const shown = await read(answer);
      expect(shown.hosts.id.length).toBeLessThanOrEqual(turn === 0 ? 13 : 4);
      take(shown);
      expect((await servers[turn % 2 ? 0 : 1](path, etagOf(answer), "application/json")).status).toBe(304);
      cursor = shown.cursor;
    }
  });

  it("do not add up where a host left, so that whoever keeps them sees it", async () => {
    const { servers, inner, advance } = await setUp(3);
    const first = await read(await servers[0]("/v1/ages", "", "application/json"));
    advance(5 * SECOND);
    await inner.delete("reports/v1/local/i-001.json");
    const next = await read(await servers[0](`/v1/ages?since=${first.cursor}`, "", "application/json"));
    expect(next).toMatchObject({ count: 2 });
    expect(next.received_sum).not.toBe(first.received_sum);
  });

  it("refuse what is no cursor, and what means nothing here", async () => {
    const { servers } = await setUp(1);
    for (const query of ["since=-1", "since=yesterday", "since=1e9", "fields=x", "meta=true"]) {
      const refused = await servers[0](`/v1/ages?${query}`);
      expect([query, refused.status]).toEqual([query, 400]);
    }
  });
});
