// Tests of DELETE /v1/reports/{id}: a host that leaves is in no answer until it reports again.

import { pino } from "pino";
import { expect, it } from "vitest";
import { createClones } from "../access/clones.ts";
import { createKeyring } from "../access/keyring.ts";
import { createKey } from "../access/keys.ts";
import { BUILT_IN_RULES } from "../questions/label-rule.ts";
import { compileLabels } from "../questions/labels.ts";
import { formatUpdateDate } from "../report/update-date.ts";
import { createRoll } from "../roll/roll.ts";
import { memoryStore } from "../store/memory.ts";
import { createApp } from "./app.ts";
import { createRoutes } from "./routes.ts";

async function setUp() {
  let now = Date.UTC(2024, 0, 1);
  const clock = () => now;
  const store = memoryStore({ clock });
  const services = {
    store,
    roll: createRoll({ store, clock }),
    keyring: createKeyring({ store, clock }),
    clock,
  };
  const log = pino({ level: "silent" });
  const app = createApp(
    {
      ...services,
      clones: createClones({ clock }),
      log,
      version: "0",
      labels: compileLabels(BUILT_IN_RULES),
      windowMs: 7_200_000,
      deadlineMs: 25_000,
    },
    createRoutes(),
  );
  const { secret } = await createKey(store, { name: "x", scopes: ["read", "ingest"] }, { clock });
  const bound = (await createKey(store, { name: "y", scopes: ["ingest"], host: "other" }, { clock })).secret;
  const ask = (method: string, path: string, body?: string, key = secret) => {
    now += 10;
    return Promise.resolve(app.request(path, { method, headers: { "x-api-key": key }, body: body ?? null }));
  };
  const report = () => JSON.stringify({ instance_id: "a", update_date: formatUpdateDate(now) });
  const pass = (ms: number) => {
    now += ms;
  };
  return { ask, bound, store, report, pass };
}

it("takes the host out at once, says so to those who ask for it, and lets it return", async () => {
  const { ask, report, store } = await setUp();
  await ask("PUT", "/v1/reports/a", report());
  expect(await (await ask("GET", "/v1/reports")).json()).toHaveLength(1);
  expect((await ask("DELETE", "/v1/reports/a?reason=spot_interruption")).status).toBe(204);
  expect(await (await ask("GET", "/v1/reports")).json()).toEqual([]);
  const one = await ask("GET", "/v1/reports/a");
  expect(one.status).toBe(404);
  expect(await one.json()).toMatchObject({ detail: expect.stringContaining("the host left at 2024-01-01T") });
  const departure = await store.get("departures/v1/local/a.json", { maxBytes: 1000 });
  expect(JSON.parse(departure?.body.toString() ?? "")).toMatchObject({
    instance_id: "a",
    reason: "spot_interruption",
  });
  await ask("PUT", "/v1/reports/a", report());
  expect(await (await ask("GET", "/v1/reports")).json()).toHaveLength(1);
});

it("refuses what it does not understand, and keys of other hosts", async () => {
  const { ask, bound } = await setUp();
  expect((await ask("DELETE", "/v1/reports/..%2Fa")).status).toBe(400);
  expect((await ask("DELETE", "/v1/reports/a?reason=bored")).status).toBe(400);
  expect((await ask("DELETE", "/v1/reports/a", undefined, bound)).status).toBe(403);
  expect((await ask("DELETE", "/v1/reports/never-heard-of")).status).toBe(204);
});

it(
  "refuses a host that reports straight into the store, since a departure at our own " +
    "key would take nothing away",
  async () => {
    const { ask, report, store } = await setUp();
    for (const key of ["reports/v1/123456789012/AROAX:a.json", "a.json"]) {
      await store.put(key, Buffer.from(report()));
      const answer = await ask("DELETE", "/v1/reports/a");
      expect(answer.status).toBe(409);
      expect(await answer.json()).toMatchObject({
        title: "The host reports straight into the store",
        detail: expect.stringContaining(key),
      });
      expect(await (await ask("GET", "/v1/reports")).json()).toHaveLength(1);
      await store.delete(key);
    }
    // One that reports through the server leaves, whatever another account's host with its id does.
    await store.put("reports/v1/123456789012/AROAX:a.json", Buffer.from(report()));
    await ask("PUT", "/v1/reports/a", report());
    expect((await ask("DELETE", "/v1/reports/a")).status).toBe(204);
    expect(await (await ask("GET", "/v1/reports/a")).json()).toMatchObject({ instance_id: "a" });
  },
);

it("takes away what a script put to the top as well, however fresh the roll is", async () => {
  for (const isLooked of [true, false]) {
    const { ask, report, store, pass } = await setUp();
    await ask("PUT", "/v1/reports/a", report());
    pass(60_000);
    await store.put("a.json", Buffer.from(report()));
    pass(60_000);
    if (isLooked) expect(await (await ask("GET", "/v1/reports")).json()).toHaveLength(1);
    expect((await ask("DELETE", "/v1/reports/a")).status).toBe(204);
    expect(await (await ask("GET", "/v1/reports")).json()).toEqual([]);
  }
});

it("refuses where the host's own report is too old to stand for what a script puts", async () => {
  const { ask, report, store, pass } = await setUp();
  await ask("PUT", "/v1/reports/a", report());
  pass(25 * 3_600_000);
  await store.put("a.json", Buffer.from(report()));
  expect((await ask("DELETE", "/v1/reports/a")).status).toBe(409);
});

it("takes away what the server put beside the host's own key, when only that is there", async () => {
  const { ask, report, store } = await setUp();
  await store.put("reports/v1/local/0123456789abcdef:a.json", Buffer.from(report()));
  expect(await (await ask("GET", "/v1/reports")).json()).toHaveLength(1);
  expect((await ask("DELETE", "/v1/reports/a")).status).toBe(204);
  expect(await (await ask("GET", "/v1/reports")).json()).toEqual([]);
});
