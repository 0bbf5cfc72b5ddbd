// Tests of the API over a folder that goes away while it serves, and comes back.
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { expect, it, onTestFinished } from "vitest";
import { createClones } from "../access/clones.ts";
import { createKeyring, KEYRING_AGE_MS } from "../access/keyring.ts";
import { createKey } from "../access/keys.ts";
import { BUILT_IN_RULES } from "../questions/label-rule.ts";
import { compileLabels } from "../questions/labels.ts";
import { formatUpdateDate } from "../report/update-date.ts";
import { createRoll } from "../roll/roll.ts";
import { openStore } from "../store/open.ts";
import { createApp } from "./app.ts";
import { createRoutes } from "./routes.ts";

const HOUR = 3_600_000;
const QUESTIONS = [
  "/v1/reports",
  "/v1/app-report",
  "/v1/reports/host-1",
  "/v1/versions",
  "/v1/coverage",
  "/v1/problems",
];

async function setUp() {
  const home = await mkdtemp(join(tmpdir(), "rollcall-away-"));
  onTestFinished(() => rm(home, { recursive: true }));
  const [root, away] = [join(home, "store"), join(home, "away")];
  const time = { now: Date.UTC(2024, 1, 29, 12) };
  const clock = () => time.now;
  const store = await openStore(`file:${root}`, { clock });
  const app = createApp(
    {
      store,
      roll: createRoll({ store, clock }),
      keyring: createKeyring({ store, clock }),
      clones: createClones({ clock }),
      clock,
      log: pino({ level: "silent" }),
      version: "0.0.0-test",
      labels: compileLabels(BUILT_IN_RULES),
      windowMs: 2 * HOUR,
      deadlineMs: 10_000,
    },
    createRoutes(),
  );
  const keys = await Promise.all(
    (["read", "ingest"] as const).map((scope) =>
      createKey(store, { name: scope, scopes: [scope] }, { clock }),
    ),
  );
  const [read = "", ingest = ""] = keys.map(({ secret }) => secret);
  const report = (id: string) =>
    JSON.stringify({ update_date: formatUpdateDate(time.now), instance_id: id, version: "a_1.2" });
  const ask = (path: string, key = read) =>
    Promise.resolve(app.request(path, { headers: { "x-api-key": key } }));
  const put = (id: string, key = ingest) =>
    Promise.resolve(
      app.request(`/v1/reports/${id}`, { method: "PUT", headers: { "x-api-key": key }, body: report(id) }),
    );
  return { home, root, away, time, ask, put, read, ingest };
}

it.each(["gone", "an empty folder"])(
  "gives every question 503, or with partial=ok what is known, and takes no report: %s",
  async (way) => {
    const { home, root, away, time, ask, put, ingest } = await setUp();
    expect((await put("host-1")).status).toBe(200);
    for (const path of QUESTIONS) expect((await ask(path)).status, path).toBe(200);
    await rename(root, away);
    if (way !== "gone") await mkdir(root);
    const before = await readdir(home, { recursive: true });
    // Keys and roll are old by then.
    time.now += KEYRING_AGE_MS + 60_000;
    for (const path of QUESTIONS) {
      const refused = await ask(path);
      expect([refused.status, refused.headers.get("retry-after")], path).toEqual([503, "5"]);
      expect(await refused.text()).toContain(
        "the store is away: its folder was moved, or its disk is not mounted",
      );
      const partial = await ask(`${path}?partial=ok`);
      expect(partial.status, path).toBe(200);
      expect(partial.headers.get("rollcall-partial")).toContain("the store is away");
    }
    expect(await (await ask("/v1/reports?partial=ok")).json()).toHaveLength(1);
    expect(await (await ask("/v1/coverage?partial=ok")).json()).toMatchObject({ fresh: 1 });
    expect(await (await ask("/v1/versions?partial=ok&field=version")).json()).toMatchObject([
      { value: "a_1.2", count: 1 },
    ]);
    // Of a host that is not known nobody can say that there is none.
    expect((await ask("/v1/reports/host-9?partial=ok")).status).toBe(503);
    expect((await ask("/v1/coverage?partial=yes")).status).toBe(400);

    expect((await ask("/readyz")).status).toBe(503);
    expect((await ask("/v1/reports", `rc_${"a".repeat(12)}_${"A".repeat(43)}`)).status).toBe(503);
    expect((await ask("/v1/reports", "nonsense")).status).toBe(401);
    expect((await ask("/v1/reports", ingest)).status).toBe(403);
    expect((await put("host-1")).status).toBe(503);
    expect((await put("host-2", `rh_host-2_${"A".repeat(43)}`)).status).toBe(503);
    expect(await readdir(home, { recursive: true })).toEqual(before);

    if (way !== "gone") await rm(root, { recursive: true });
    await rename(away, root);
    expect((await put("host-2")).status).toBe(200);
    const back = await ask("/v1/reports?partial=ok");
    expect(back.headers.get("rollcall-partial")).toBeNull();
    expect(await back.json()).toHaveLength(2);
    expect((await put("host-2", `rh_host-2_${"A".repeat(43)}`)).status).toBe(401);
  },
);
