// Tests of GET /v1/reports/{id} after a pause: the host is read again, the fleet is not listed, and
// the answer says how old the listing is.
import { pino } from "pino";
import { expect, it } from "vitest";
import { createClones } from "../access/clones.ts";
import { createKeyring } from "../access/keyring.ts";
import { createKey } from "../access/keys.ts";
import { BUILT_IN_RULES } from "../questions/label-rule.ts";
import { compileLabels } from "../questions/labels.ts";
import { createRoll } from "../roll/roll.ts";
import { Unavailable } from "../store/store.ts";
import { makeStoreDouble, START } from "../testing/store-double.ts";
import { createApp } from "./app.ts";
import { createRoutes } from "./routes.ts";

const SECOND = 1000;

async function setUp() {
  const double = makeStoreDouble();
  const { store, clock, inner } = double;
  const app = createApp(
    {
      store,
      roll: createRoll({ store, clock, refreshesAhead: false }),
      keyring: createKeyring({ store: inner, clock }),
      clones: createClones({ clock }),
      clock,
      log: pino({ level: "silent" }),
      version: "0.0.0-test",
      labels: compileLabels(BUILT_IN_RULES),
      windowMs: 7_200_000,
      deadlineMs: 5000,
    },
    createRoutes(),
  );
  const { secret } = await createKey(inner, { name: "test", scopes: ["read"] }, { clock });
  const ask = (path: string) => Promise.resolve(app.request(path, { headers: { "x-api-key": secret } }));
  return { double, ask };
}

it("one host is read again after a pause, and is missing only after a new listing", async () => {
  const { double, ask } = await setUp();
  const { put, report, advance, lists } = double;
  for (const id of ["a", "b"]) await put(`reports/v1/local/${id}.json`, report(id, { x: 1 }));
  await ask("/v1/reports");
  advance(10 * SECOND);
  await put("reports/v1/local/a.json", report("a", { x: 2 }));
  advance(10 * SECOND);
  lists.length = 0;
  const given = await ask("/v1/reports/a");
  expect(await given.json()).toMatchObject({ instance_id: "a", x: 2 });
  expect(lists).toEqual([]);
  expect(Object.fromEntries(given.headers)).toMatchObject({
    "rollcall-as-of": new Date(START + 20 * SECOND).toISOString(),
    "rollcall-listed": new Date(START).toISOString(),
    "rollcall-received": new Date(START + 10 * SECOND).toISOString(),
    "rollcall-state": "fresh",
  });
  await put("departures/v1/local/a.json", "{}");
  advance(10 * SECOND);
  const left = await ask("/v1/reports/a");
  const { detail } = (await left.json()) as { readonly detail: string };
  expect([left.status, detail]).toEqual([404, "the host left at 2024-02-28T14:59:50.000Z"]);
  expect(lists).not.toEqual([]);
  advance(10 * SECOND);
  lists.length = 0;
  await put("reports/v1/local/new.json", report("new"));
  const found = await ask("/v1/reports/new");
  expect([found.status, found.headers.get("rollcall-listed")]).toEqual([200, null]);
  expect(lists).not.toEqual([]);
});

it("one host as CSV has its labels as columns, as the list has", async () => {
  const { double, ask } = await setUp();
  await double.put("reports/v1/local/a.json", double.report("a", { instance_name: "prod_web_1" }));
  await double.put("reports/v1/local/b.json", double.report("b", { instance_name: "stg_batch_2" }));
  const tableOf = async (path: string) => {
    const [columns = "", ...rows] = (await (await ask(path)).text()).trim().split(/\r?\n/);
    return { columns, rows };
  };
  const list = await tableOf("/v1/reports?format=csv&fields=instance_id");
  expect(list.columns).toBe("instance_id,label.env,label.service,label.account");
  const one = await tableOf("/v1/reports/b?format=csv&fields=instance_id");
  expect(one).toEqual({ columns: list.columns, rows: list.rows.slice(1) });
  expect(one.rows).toEqual(["b,stg,batch,local"]);
});

it("a table has the columns of its own reports, whatever others have or had", async () => {
  const { double, ask } = await setUp();
  await double.put("reports/v1/local/a.json", double.report("a", { instance_name: "prod_web_1" }));
  await double.put("reports/v1/local/b.json", double.report("b", { note: "no name" }));
  const tableOfB = async () => {
    const answer = await ask("/v1/reports/b?format=csv&fields=instance_id");
    return [answer.headers.get("etag"), await answer.text()];
  };
  const before = await tableOfB();
  expect(before[1]).toBe("instance_id,label.account\r\nb,local\r\n");
  // Another question has the labels of all read.
  await ask("/v1/versions?field=instance_name&by=env");
  expect(await tableOfB()).toEqual(before);
  await double.inner.delete("reports/v1/local/a.json");
  double.advance(10 * SECOND);
  const list = await ask("/v1/reports?format=csv&fields=instance_id");
  expect(await list.text()).toBe(before[1]);
});

it("one host of a store that fails is a 503, or what is known of it", async () => {
  const { double, ask } = await setUp();
  await double.put("reports/v1/local/a.json", double.report("a", { x: 1 }));
  await ask("/v1/reports");
  double.advance(10 * SECOND);
  double.fail = () => {
    throw new Unavailable("503 SlowDown");
  };
  expect((await ask("/v1/reports/a")).status).toBe(503);
  const partial = await ask("/v1/reports/a?partial=ok");
  expect([partial.status, partial.headers.get("rollcall-as-of")]).toEqual([
    200,
    new Date(START).toISOString(),
  ]);
  expect(partial.headers.get("rollcall-partial")).toContain("the store failed");
});
