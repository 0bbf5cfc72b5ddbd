// Tests of GET /v1/coverage where the server's list of expected hosts is wrong.

import { pino } from "pino";
import { expect, it } from "vitest";
import { createClones } from "../access/clones.ts";
import { ExpectationError } from "../questions/coverage.ts";
import { BUILT_IN_RULES } from "../questions/label-rule.ts";
import { compileLabels } from "../questions/labels.ts";
import { createRoll } from "../roll/roll.ts";
import { memoryStore } from "../store/memory.ts";
import { createApp } from "./app.ts";
import { createGatewayKeyring } from "./gateway-handler.ts";
import { createReadRoutes } from "./read-routes.ts";

async function setUp(readExpected: () => Promise<ReadonlySet<string>>) {
  const clock = () => Date.UTC(2024, 0, 1);
  const store = memoryStore({ clock });
  await store.put(
    "reports/v1/local/a.json",
    Buffer.from('{"instance_id":"a","update_date":"2024-01-01T00:00:00Z"}'),
  );
  const lines: string[] = [];
  const app = createApp(
    {
      store,
      roll: createRoll({ store, clock }),
      keyring: createGatewayKeyring("key"),
      clones: createClones({ clock }),
      labels: compileLabels(BUILT_IN_RULES),
      readExpected,
      clock,
      log: pino(
        { level: "warn", base: null, timestamp: false },
        { write: (line) => void lines.push(JSON.parse(line).msg) },
      ),
      version: "0",
      windowMs: 7_200_000,
      deadlineMs: 25_000,
    },
    createReadRoutes(),
  );
  const ask = () => Promise.resolve(app.request("/v1/coverage", { headers: { "x-api-key": "local" } }));
  return { ask, lines };
}

it("answers without the comparison, says why, and logs it once", async () => {
  let mistake: string | undefined = "cannot be read: ENOENT";
  const { ask, lines } = await setUp(async () => {
    if (mistake !== undefined) throw new ExpectationError(mistake);
    return new Set(["a", "b"]);
  });
  for (let time = 0; time < 2; time++) {
    const response = await ask();
    expect(response.status).toBe(200);
    expect(response.headers.get("rollcall-warning")).toBe(
      "nobody is said to be missing: the list of expected hosts: cannot be read: ENOENT",
    );
    const body = await response.json();
    expect(body).toMatchObject({ fresh: 1 });
    expect(body).not.toHaveProperty("expected");
  }
  expect(lines).toEqual(["coverage is not compared: the list of expected hosts: cannot be read: ENOENT"]);
  mistake = undefined;
  const response = await ask();
  expect(response.headers.has("rollcall-warning")).toBe(false);
  expect(await response.json()).toMatchObject({ expected: 2, reported: 1 });
  mistake = "line 1";
  await ask();
  expect(lines).toHaveLength(2);
});

it("fails where more than the list is wrong", async () => {
  const { ask, lines } = await setUp(() => Promise.reject(new TypeError("a mistake of ours")));
  expect((await ask()).status).toBe(500);
  expect(lines).toEqual(["a handler failed"]);
});
