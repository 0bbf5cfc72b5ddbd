// Tests of the API over a store that is slow or fails: a 503 that says how far it came, or with
// partial=ok what there is.

import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { createClones } from "../access/clones.ts";
import { createKeyring } from "../access/keyring.ts";
import { createKey } from "../access/keys.ts";
import { BUILT_IN_RULES } from "../questions/label-rule.ts";
import { compileLabels } from "../questions/labels.ts";
import { createRoll } from "../roll/roll.ts";
import { type Store, Unavailable } from "../store/store.ts";
import { makeStoreDouble, START } from "../testing/store-double.ts";
import { createApp } from "./app.ts";
import { createRoutes } from "./routes.ts";

const HOUR = 3_600_000;

async function setUp(count: number, change: (store: Store) => Store) {
  const double = makeStoreDouble();
  const { clock, inner, put, report } = double;
  for (let index = 0; index < count; index++) {
    const id = `host-${String(index).padStart(3, "0")}`;
    await put(`reports/v1/local/${id}.json`, report(id));
  }
  const store = change(double.store);
  const app = createApp(
    {
      store,
      roll: createRoll({ store, clock }),
      keyring: createKeyring({ store: inner, clock }),
      clones: createClones({ clock }),
      clock,
      log: pino({ level: "silent" }),
      version: "0.0.0-test",
      labels: compileLabels(BUILT_IN_RULES),
      windowMs: 2 * HOUR,
      deadlineMs: 50,
    },
    createRoutes(),
  );
  const { secret } = await createKey(inner, { name: "test", scopes: ["read"] }, { clock });
  const ask = (path: string) => Promise.resolve(app.request(path, { headers: { "x-api-key": secret } }));
  return { ...double, ask };
}

/** A store whose reads of some keys wait until they are let go. */
function holdReads(isHeld: (key: string) => boolean) {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const change = (store: Store): Store => ({
    ...store,
    get: async (key, options) => {
      if (isHeld(key)) await held;
      return await store.get(key, options);
    },
  });
  return { change, release };
}

describe("a store that is too slow", () => {
  it(
    "gets a 503 that says how far the reading has come, and the next question goes on " + "from there",
    async () => {
      const { change, release } = holdReads((key) => key.includes("host-07"));
      const { ask, gets } = await setUp(100, change);
      const response = await ask("/v1/reports");
      expect([response.status, response.headers.get("retry-after")]).toEqual([503, "5"]);
      expect(((await response.json()) as { detail: string }).detail).toBe(
        "the store did not answer within 50 ms; 100 objects were listed, 90 of 100 new " +
          "or changed ones were read. Ask again, or add partial=ok for what is there",
      );
      release();
      expect(await (await ask("/v1/reports")).json()).toHaveLength(100);
      expect(gets).toHaveLength(100);
    },
  );

  it("gets with partial=ok what there is, which is told as such and is not kept", async () => {
    const { change, release } = holdReads((key) => key.includes("host-07"));
    const { ask } = await setUp(100, change);
    const response = await ask("/v1/reports?partial=ok");
    expect(response.status).toBe(200);
    expect(response.headers.get("rollcall-partial")).toContain("90 of 100 new or changed ones were read");
    expect(response.headers.get("rollcall-missing")).toBe("10");
    expect(response.headers.get("rollcall-count")).toBe("90");
    expect(response.headers.get("rollcall-as-of")).toBe(new Date(START).toISOString());
    expect(await response.json()).toHaveLength(90);
    release();
    const whole = await ask("/v1/reports?partial=ok");
    expect(whole.headers.get("rollcall-partial")).toBeNull();
    expect(await whole.json()).toHaveLength(100);
  });
});

describe("a store that fails", () => {
  it("gets a 503 with progress and without the store's own words, or what there is", async () => {
    const failing = (store: Store): Store => ({
      ...store,
      get: async (key, options) => {
        if (key.includes("host-007")) throw new Unavailable("10.0.0.9 says no");
        return await store.get(key, options);
      },
    });
    const { ask } = await setUp(10, failing);
    const response = await ask("/v1/reports");
    expect(response.status).toBe(503);
    const { detail } = (await response.json()) as { detail: string };
    expect(detail).toContain("the store failed (Unavailable)");
    expect(detail).toContain("10 objects were listed");
    expect(detail).not.toContain("10.0.0.9");
    const partial = await ask("/v1/reports?partial=ok");
    expect([partial.status, partial.headers.get("rollcall-missing")]).toEqual([200, "1"]);
    expect(partial.headers.get("rollcall-partial")).not.toContain("10.0.0.9");
    expect(await partial.json()).toHaveLength(9);
  });

  it("never passes for a complete answer: no 304, no kept copy", async () => {
    let isBroken = true;
    const failing = (store: Store): Store => ({
      ...store,
      get: async (key, options) => {
        if (isBroken && key.includes("host-007")) throw new Unavailable("no");
        return await store.get(key, options);
      },
    });
    const { ask } = await setUp(10, failing);
    const partial = await ask("/v1/reports?partial=ok");
    isBroken = false;
    const whole = await ask("/v1/reports?partial=ok");
    expect(whole.headers.get("etag")).not.toBe(partial.headers.get("etag"));
    expect(await whole.json()).toHaveLength(10);
  });

  it("takes no other word for partial", async () => {
    const { ask } = await setUp(1, (store) => store);
    expect((await ask("/v1/reports?partial=yes")).status).toBe(400);
    expect((await ask("/v1/reports?.partial=*")).status).toBe(200);
  });
});
