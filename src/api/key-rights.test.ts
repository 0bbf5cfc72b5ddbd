// Tests of what keys may do through the API: hosts that are shut out, keys for one host, keys that
// expire, and when keys were used.
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { createClones } from "../access/clones.ts";
import { listKeysAndHosts } from "../access/key-list.ts";
import { createKeyUses, HOST_USE_EVERY_MS, USE_EVERY_MS } from "../access/key-uses.ts";
import { createKeyring } from "../access/keyring.ts";
import { createKey, hashSecret, type KeyRequest } from "../access/keys.ts";
import { BUILT_IN_RULES } from "../questions/label-rule.ts";
import { compileLabels } from "../questions/labels.ts";
import { formatUpdateDate } from "../report/update-date.ts";
import { createRoll } from "../roll/roll.ts";
import { memoryStore } from "../store/memory.ts";
import { type Store, Unavailable } from "../store/store.ts";
import { createApp } from "./app.ts";
import { createRoutes } from "./routes.ts";

const HOST = "i-0123456789abcdef0";
const MACHINE = { machine: "a".repeat(64), boot: "1".repeat(64) };
const MACHINE_HEADERS = { "rollcall-machine": MACHINE.machine, "rollcall-boot": MACHINE.boot };
const NOBODY = () => expect.unreachable();

/** Two servers of one store, and counts of what they put into it. */
function setUp() {
  let now = Date.UTC(2026, 0, 1);
  const clock = () => now;
  const inner = memoryStore({ clock });
  const puts: string[] = [];
  const faults: Error[] = [];
  const store: Store = {
    ...inner,
    put: async (key, body, options) => {
      puts.push(key);
      const fault = key.startsWith("keys/v1/used/") ? faults[0] : undefined;
      if (fault) throw fault;
      return await inner.put(key, body, options);
    },
  };
  const notices: string[] = [];
  const log = pino({ level: "silent" });
  const startServer = () => {
    const uses = createKeyUses({ store, clock, onNotice: (notice) => notices.push(notice) });
    const keyring = createKeyring({ store, clock, onUse: uses.note });
    const services = {
      store,
      roll: createRoll({ store, clock }),
      keyring,
      clones: createClones({ clock }),
      clock,
      log,
    };
    const labels = compileLabels(BUILT_IN_RULES);
    const app = createApp(
      { ...services, version: "0", labels, windowMs: 7_200_000, deadlineMs: 25_000 },
      createRoutes(),
    );
    const ask = async (
      method: string,
      path: string,
      key: string,
      body?: unknown,
      headers: Record<string, string> = {},
    ) => {
      const response = await app.request(path, {
        method,
        headers: { ...headers, "x-api-key": key },
        body: body === undefined ? null : JSON.stringify(body),
      });
      const json = (await response.json().catch(() => undefined)) as
        | { detail?: string; secret?: string }
        | undefined;
      return {
        status: response.status,
        detail: json?.detail,
        json,
        challenge: response.headers.get("www-authenticate"),
      };
    };
    const put = (key: string, id = HOST, headers: Record<string, string> = MACHINE_HEADERS) =>
      ask("PUT", `/v1/reports/${id}`, key, { instance_id: id, update_date: formatUpdateDate(now) }, headers);
    const enrol = (key: string, id = HOST) => ask("POST", "/v1/enrolments", key, { id, ...MACHINE });
    return { ask, put, enrol, settle: () => uses.settle() };
  };
  const make = async (request: Partial<KeyRequest>) =>
    (await createKey(inner, { name: "x", scopes: ["read"], ...request }, { clock })).secret;
  return {
    store,
    inner,
    clock,
    make,
    puts,
    faults,
    notices,
    servers: [startServer(), startServer()] as const,
    startServer,
    advance: (ms: number) => {
      now += ms;
    },
  };
}

describe("a host that is shut out", () => {
  it(
    "gets no report in by any key, at any server of the store, and does not enrol, " +
      "until it is allowed again",
    async () => {
      const { make, servers, inner } = setUp();
      const [one, other] = servers;
      const [admin, shared, enrolling] = [
        await make({ scopes: ["admin"] }),
        await make({ scopes: ["ingest"] }),
        await make({ scopes: ["enrol"] }),
      ];
      const bound = await make({ scopes: ["ingest"], host: HOST });
      const own = (await one.enrol(enrolling)).json?.secret ?? "";
      for (const key of [own, bound, shared, admin]) expect((await other.put(key)).status).toBe(200);

      expect((await one.ask("PUT", `/v1/denials/${HOST}`, admin)).status).toBe(204);
      expect((await one.ask("PUT", `/v1/denials/${HOST}`, admin)).status).toBe(204);
      for (const server of servers) {
        for (const key of [own, bound, shared, admin]) {
          const refused = await server.put(key);
          expect(refused.status).toBe(403);
          expect(refused.detail).toContain(`the host ${HOST} is shut out`);
        }
        expect((await server.enrol(enrolling)).status).toBe(403);
        // Nothing else opens to it either.
        expect((await server.ask("GET", "/v1/specs/current", own)).status).toBe(403);
        expect(
          (await server.ask("DELETE", `/v1/reports/${HOST}`, own, undefined, MACHINE_HEADERS)).status,
        ).toBe(403);
        // Others are not concerned.
        expect((await server.put(shared, "another")).status).toBe(200);
      }
      // What it left may be taken out of the roll.
      expect((await one.ask("DELETE", `/v1/reports/${HOST}`, shared)).status).toBe(204);
      // A rebuilt host would enrol anew after this alone.
      expect((await one.ask("DELETE", `/v1/keys/${HOST}`, admin)).status).toBe(204);
      expect((await other.enrol(enrolling)).status).toBe(403);
      expect((await listKeysAndHosts(inner, NOBODY)).hosts).toMatchObject([
        { id: HOST, enrolled: false, denied_at: "2026-01-01T00:00:00.000Z" },
      ]);

      expect((await other.ask("DELETE", `/v1/denials/${HOST}`, admin)).status).toBe(204);
      expect((await other.ask("DELETE", `/v1/denials/${HOST}`, admin)).status).toBe(404);
      for (const server of servers) {
        expect((await server.enrol(enrolling)).status).toBe(201);
        for (const key of [bound, shared]) expect((await server.put(key)).status).toBe(200);
      }
    },
  );

  it("is shut out by admins alone, and must have the form of a host", async () => {
    const { make, servers } = setUp();
    const [{ ask }] = servers;
    for (const scopes of [["read"], ["ingest"], ["enrol"]] as const)
      expect((await ask("PUT", `/v1/denials/${HOST}`, await make({ scopes: [...scopes] }))).status).toBe(403);
    expect((await ask("PUT", "/v1/denials/.x", await make({ scopes: ["admin"] }))).status).toBe(400);
  });

  it("stays shut out where the mark is damaged, and gets 503 where the store cannot say", async () => {
    const { make, inner, servers, clock } = setUp();
    const shared = await make({ scopes: ["ingest"] });
    await inner.put(`keys/v1/denied/${HOST}.json`, Buffer.from("{"));
    expect((await servers[0].put(shared)).status).toBe(403);
    const failing: Store = {
      ...inner,
      get: (key, options) =>
        key.includes("denied") ? Promise.reject(new Unavailable("slow down")) : inner.get(key, options),
    };
    const services = {
      store: failing,
      roll: createRoll({ store: inner, clock }),
      clones: createClones({ clock }),
      clock,
    };
    const log = pino({ level: "silent" });
    const app = createApp(
      {
        ...services,
        log,
        keyring: createKeyring({ store: inner, clock }),
        version: "0",
        labels: compileLabels(BUILT_IN_RULES),
        windowMs: 7_200_000,
        deadlineMs: 25_000,
      },
      createRoutes(),
    );
    const response = await app.request("/v1/reports/a", {
      method: "PUT",
      headers: { "x-api-key": shared },
      body: "{}",
    });
    expect(response.status).toBe(503);
  });
});

describe("a key for one host", () => {
  it.each([["read"], ["admin"], ["ingest", "read"], ["ingest", "admin"]] as const)(
    "is not made with %s %s",
    async (...scopes) => {
      const { make, servers } = setUp();
      const wanted = { name: "x", scopes: scopes.filter(Boolean), host: HOST };
      await expect(make(wanted)).rejects.toThrow("ingest and enrol only");
      const refused = await servers[0].ask("POST", "/v1/keys", await make({ scopes: ["admin"] }), wanted);
      expect(refused.status).toBe(400);
      expect(refused.detail).toContain("make another key without a host");
    },
  );

  it("that an earlier version made with more reads and administers nothing", async () => {
    const { inner, servers } = setUp();
    const secret = `rc_${"a".repeat(12)}_${"A".repeat(43)}`;
    const object = {
      id: "a".repeat(12),
      name: "old",
      scopes: ["read", "admin"],
      host: HOST,
      created_at: "2024-01-01T00:00:00.000Z",
      sha256: hashSecret(secret),
    };
    await inner.put(`keys/v1/${object.id}.json`, Buffer.from(JSON.stringify(object)));
    const [{ ask, put }] = servers;
    for (const [method, path] of [
      ["GET", "/v1/reports"],
      ["GET", `/v1/reports/${HOST}`],
      ["GET", "/v1/versions"],
      ["GET", "/v1/keys"],
      ["PUT", `/v1/denials/${HOST}`],
      ["DELETE", "/v1/keys/bbbbbbbbbbbb"],
    ] as const) {
      const refused = await ask(method, path, secret);
      expect(refused.status, `${method} ${path}`).toBe(403);
      expect(refused.detail).toContain(`for the host ${HOST}, and may neither read nor administer`);
    }
    expect((await put(secret)).status).toBe(200);
    expect((await put(secret, "another")).status).toBe(403);
  });

  it("enrols that host alone", async () => {
    const { make, servers } = setUp();
    const enrolling = await make({ scopes: ["enrol"], host: HOST });
    const refused = await servers[0].enrol(enrolling, "another");
    expect(refused.status).toBe(403);
    expect(refused.detail).toContain(`may enrol the host ${HOST} only`);
    expect((await servers[0].enrol(enrolling)).status).toBe(201);
  });
});

describe("a key that expires", () => {
  it("opens until then, and says afterwards why it does not, to who holds it alone", async () => {
    const { make, servers, advance } = setUp();
    const [{ ask }] = servers;
    const secret = await make({ expires_at: "2026-01-02T09:00:00+09:00" });
    expect((await ask("GET", "/v1/reports", secret)).status).toBe(200);
    advance(86_400_000 - 1);
    expect((await ask("GET", "/v1/reports", secret)).status).toBe(200);
    advance(1);
    const expired = await ask("GET", "/v1/reports", secret);
    expect(expired).toMatchObject({ status: 401, challenge: 'Bearer realm="rollcall"' });
    expect(expired.detail).toContain("expired at 2026-01-02T00:00:00.000Z");
    const wrong = await ask("GET", "/v1/reports", `${secret.slice(0, -3)}AAA`);
    const unknown = await ask("GET", "/v1/reports", `rc_${"b".repeat(12)}_${"A".repeat(43)}`);
    expect(wrong).toEqual(unknown);
    expect(wrong.status).toBe(401);
    expect(wrong.detail).not.toContain("expired");
  });

  it("is not answered from memory after its end", async () => {
    const { make, inner, clock, advance } = setUp();
    const keyring = createKeyring({ store: inner, clock });
    const secret = await make({ expires_at: new Date(clock() + 1000).toISOString() });
    await keyring.verify(secret);
    expect(keyring.check(secret)).toBeDefined();
    advance(1000);
    expect(keyring.check(secret)).toBeUndefined();
  });

  it("is not made with an end in the past, or of no sense", async () => {
    const { make } = setUp();
    await expect(make({ expires_at: "2025-12-31T23:59:59Z" })).rejects.toThrow("in the past");
    await expect(make({ expires_at: "2126-01-01T00:00:00Z" })).rejects.toThrow("10 years");
    await expect(make({ expires_at: "tomorrow" })).rejects.toThrow();
  });
});

describe("when keys were used", () => {
  it("is noted once an hour for an API key, once a day for a host's own, whatever is asked", async () => {
    const { make, servers, inner, advance, puts, startServer } = setUp();
    const [one, other] = servers;
    const [read, enrolling, unused] = [
      await make({}),
      await make({ scopes: ["enrol"] }),
      await make({ name: "unused" }),
    ];
    const own = (await one.enrol(enrolling)).json?.secret ?? "";
    const work = async (servers: readonly (typeof one)[]) => {
      for (const server of servers) {
        for (let count = 0; count < 5; count++) {
          await server.ask("GET", "/v1/reports", read);
          await server.put(own);
        }
        await server.settle();
      }
    };
    const marks = () => puts.filter((key) => key.startsWith("keys/v1/used/")).length;
    await work([one, other]);
    // Of the enrolment key, the reader's and the host's own.
    expect(marks()).toBe(3);
    advance(USE_EVERY_MS - 1);
    await work([one, other, startServer()]);
    expect(marks()).toBe(3);
    advance(1);
    await work([one]);
    expect(marks()).toBe(4);
    advance(HOST_USE_EVERY_MS - USE_EVERY_MS);
    await work([one]);
    expect(marks()).toBe(6);

    const { keys, hosts } = await listKeysAndHosts(inner, NOBODY);
    const of = (secret: string) => keys.find(({ id }) => secret.includes(id))?.last_used_at;
    expect(of(read)).toBe("2026-01-02T00:00:00.000Z");
    expect(of(enrolling)).toBe("2026-01-01T00:00:00.000Z");
    expect(of(unused)).toBeUndefined();
    expect(hosts).toEqual([{ id: HOST, enrolled: true, last_used_at: "2026-01-02T00:00:00.000Z" }]);
  });

  it("is forgotten with the key, and brings no revoked key back", async () => {
    const { make, servers, inner } = setUp();
    const [one] = servers;
    const [admin, read] = [await make({ scopes: ["admin"] }), await make({})];
    await one.ask("GET", "/v1/reports", read);
    await one.settle();
    const id = read.slice(3, 15);
    expect((await one.ask("DELETE", `/v1/keys/${id}`, admin)).status).toBe(204);
    await one.settle();
    const { keys } = await listKeysAndHosts(inner, NOBODY);
    expect(keys.map((key) => key.scopes)).toEqual([["admin"]]);
    expect(await inner.get(`keys/v1/used/${id}.json`, { maxBytes: 100 })).toBeUndefined();
  });

  it("holds up and fails nothing where it cannot be noted, and says so once", async () => {
    const { make, servers, faults, notices, advance } = setUp();
    const read = await make({});
    faults.push(new Unavailable("read-only"));
    for (let hour = 0; hour < 3; hour++) {
      expect((await servers[0].ask("GET", "/v1/reports", read)).status).toBe(200);
      await servers[0].settle();
      advance(USE_EVERY_MS);
    }
    expect(notices).toEqual([
      "when keys are used cannot be noted in the store; rollcall keys list does not know",
    ]);
  });
});
