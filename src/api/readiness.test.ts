// Tests of /readyz, which anybody may ask: the store is not asked more often for it than once a
// second.
import { pino } from "pino";
import { expect, it } from "vitest";
import { createClones } from "../access/clones.ts";
import { createKeyring } from "../access/keyring.ts";
import { BUILT_IN_RULES } from "../questions/label-rule.ts";
import { compileLabels } from "../questions/labels.ts";
import { createRoll } from "../roll/roll.ts";
import { memoryStore } from "../store/memory.ts";
import { Unavailable } from "../store/store.ts";
import { createApp } from "./app.ts";
import { createRoutes } from "./routes.ts";

function setUp() {
  const state = { now: 0, lists: 0, isAway: false };
  const clock = () => state.now;
  const memory = memoryStore({ clock });
  const store = {
    ...memory,
    async *list(...given: Parameters<typeof memory.list>) {
      state.lists++;
      if (state.isAway) throw new Unavailable("away");
      yield* memory.list(...given);
    },
  };
  const services = {
    store,
    roll: createRoll({ store, clock }),
    keyring: createKeyring({ store, clock }),
    clones: createClones({ clock }),
  };
  const bounds = { windowMs: 7_200_000, deadlineMs: 25_000, labels: compileLabels(BUILT_IN_RULES) };
  const app = createApp(
    { ...services, ...bounds, clock, log: pino({ level: "silent" }), version: "0" },
    createRoutes(),
  );
  const ask = () => Promise.resolve(app.request("/readyz")).then(({ status }) => status);
  return { state, ask };
}

it("a thousand questions in a second cost what one does, also while the store is away", async () => {
  const { state, ask } = setUp();
  await ask();
  const cost = state.lists;
  expect(new Set(await Promise.all(Array.from({ length: 500 }, ask)))).toEqual(new Set([200]));
  expect(state.lists).toBe(cost);
  state.isAway = true;
  for (let second = 1; second <= 3; second++) {
    state.now += 1001;
    const before = state.lists;
    for (let count = 0; count < 300; count++) expect(await ask()).toBe(503);
    expect(state.lists - before).toBeLessThanOrEqual(cost);
  }
  state.isAway = false;
  state.now += 1001;
  expect(await ask()).toBe(200);
});
