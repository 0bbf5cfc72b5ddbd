// Tests of the API over several stores, one of which is away: whoever shows a key hears which.
import { pino } from "pino";
import { expect, it } from "vitest";
import { createClones } from "../access/clones.ts";
import { createKeyring } from "../access/keyring.ts";
import { createKey } from "../access/keys.ts";
import { BUILT_IN_RULES } from "../questions/label-rule.ts";
import { compileLabels } from "../questions/labels.ts";
import { createRoll } from "../roll/roll.ts";
import { memoryStore } from "../store/memory.ts";
import { Unavailable } from "../store/store.ts";
import { makeStoreDouble } from "../testing/store-double.ts";
import { createApp } from "./app.ts";
import { createRoutes } from "./routes.ts";

async function setUp() {
  const { clock, inner, store, put, report } = makeStoreDouble();
  await put("reports/v1/local/host-1.json", report("host-1"));
  const state = { isAway: true };
  const memory = memoryStore({ clock });
  const old = {
    ...memory,
    location: "s3://old",
    async *list(...given: Parameters<typeof memory.list>) {
      if (state.isAway) throw new Unavailable("[store] away");
      yield* memory.list(...given);
    },
  };
  const app = createApp(
    {
      store,
      roll: createRoll({ store, alsoRead: [old], clock }),
      keyring: createKeyring({ store: inner, clock }),
      clones: createClones({ clock }),
      clock,
      log: pino({ level: "silent" }),
      version: "0.0.0-test",
      labels: compileLabels(BUILT_IN_RULES),
      windowMs: 7_200_000,
      deadlineMs: 25_000,
    },
    createRoutes(),
  );
  const { secret } = await createKey(inner, { name: "test", scopes: ["read"] }, { clock });
  const ask = (path: string, headers: Record<string, string> = { "x-api-key": secret }) =>
    Promise.resolve(app.request(path, { headers }));
  return { state, ask };
}

it("names the store that is away, in errors and answers in part, and to nobody without a key", async () => {
  const { state, ask } = await setUp();
  const refused = await ask("/v1/reports");
  expect(refused.status).toBe(503);
  expect(await refused.json()).toMatchObject({
    detail: expect.stringMatching(/^not read completely: s3:\/\/old; /),
  });
  const part = await ask("/v1/reports?partial=ok");
  expect(part.status).toBe(200);
  expect(part.headers.get("rollcall-partial")).toContain("s3://old");
  expect(await part.json()).toHaveLength(1);
  const ready = await ask("/readyz", {});
  expect(ready.status).toBe(503);
  expect(await ready.text()).not.toContain("s3:");
  state.isAway = false;
  expect((await ask("/v1/reports")).headers.get("rollcall-partial")).toBeNull();
});
