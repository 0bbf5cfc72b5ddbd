// Tests of the API for whoever is signed in: a real issuer on loopback, and requests as proxies and
// browsers send them.
import { request as ask } from "node:http";
import { describe, expect, it, onTestFinished } from "vitest";
import { parseScopeGrants } from "../access/scope-grants.ts";
import { createSignedIdentities } from "../access/signed-identity.ts";
import { START, setUpApi } from "../testing/api-service.ts";
import { AUDIENCE, startIssuer } from "../testing/issuer.ts";
import { startServer } from "./server.ts";

async function setUp({ header = "authorization", grants = [] as string[] } = {}) {
  const issuer = await startIssuer({ now: () => START });
  const api = await setUpApi(undefined, (clock) =>
    createSignedIdentities({
      sources: [
        { kind: "jwks", issuer: issuer.issuer, audiences: [AUDIENCE], header, algorithms: ["ES256"] },
      ],
      grants: grants.length === 0 ? undefined : parseScopeGrants(grants),
      clock,
      fetch,
    }),
  );
  const send = async (path: string, headers: Record<string, string>, init: RequestInit = {}) => {
    const response = await api.app.request(path, { ...init, headers });
    const body = (await response.json().catch(() => undefined)) as { detail?: string } | undefined;
    return { status: response.status, body, detail: body?.detail };
  };
  return { ...api, issuer, send };
}

describe("whoever is signed in", () => {
  it("reads, and hears who it is", async () => {
    const { issuer, send, put } = await setUp();
    await put("a");
    const authorization = `Bearer ${await issuer.sign({ email: "ann@example.com" })}`;
    expect((await send("/v1/reports", { authorization })).body).toHaveLength(1);
    expect((await send("/v1/whoami", { authorization })).body).toEqual({
      kind: "identity",
      id: "ann",
      name: "ann@example.com",
      scopes: ["read"],
      expires_at: new Date(Math.floor(START / 1000) * 1000 + 3_600_000).toISOString(),
    });
  });

  it("may no more than that", async () => {
    const { issuer, send } = await setUp();
    const authorization = `Bearer ${await issuer.sign({ scopes: ["admin"], scope: "admin", admin: true })}`;
    const refused = await send("/v1/keys", { authorization });
    expect([refused.status, refused.detail]).toEqual([
      403,
      "ann is signed in, with the scope read; this needs admin",
    ]);
    const page = { authorization, "sec-fetch-site": "same-origin" };
    expect((await send("/v1/reports/i-1", page, { method: "PUT", body: "{}" })).status).toBe(403);
  });

  it("may what its claims give, and nothing where none gives anything", async () => {
    const { issuer, send } = await setUp({ grants: ["groups=staff:read", "groups=sre:admin"] });
    const bearer = async (groups: string[]) => ({ authorization: `Bearer ${await issuer.sign({ groups })}` });
    expect((await send("/v1/reports", await bearer(["staff"]))).status).toBe(200);
    expect((await send("/v1/keys", await bearer(["staff"]))).status).toBe(403);
    expect((await send("/v1/keys", await bearer(["sre"]))).status).toBe(200);
    const guest = await send("/v1/reports", await bearer(["guests"]));
    expect([guest.status, guest.detail]).toEqual([403, "ann is signed in, with no scope; this needs read"]);
    expect((await send("/v1/whoami", await bearer(["guests"]))).body).toMatchObject({ scopes: [] });
  });

  it("writes from the page of this server alone", async () => {
    const { issuer, send } = await setUp({ header: "x-forwarded-access-token", grants: ["sub=ann:admin"] });
    const token = await issuer.sign();
    const make = (headers: Record<string, string>) =>
      send(
        "http://rollcall.example:8787/v1/keys",
        { host: "rollcall.example:8787", "x-forwarded-access-token": token, ...headers },
        { method: "POST", body: '{"name":"x","scopes":["admin"]}' },
      );
    for (const headers of [
      {},
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" },
      { "sec-fetch-site": "none" },
      { "sec-fetch-site": "cross-site", origin: "http://rollcall.example:8787" },
      { origin: "http://evil.example" },
      { origin: "http://rollcall.example" },
      { origin: "http://rollcall.example:8787.evil.example" },
      { origin: "null" },
      { origin: "" },
      { referer: "http://rollcall.example:8787/" },
    ])
      expect(await make(headers), JSON.stringify(headers)).toMatchObject({
        status: 403,
        detail: expect.stringContaining("send a key"),
      });
    expect((await make({ "sec-fetch-site": "same-origin" })).status).toBe(201);
    expect((await make({ origin: "http://rollcall.example:8787" })).status).toBe(201);
    // TLS may end before it.
    expect((await make({ origin: "https://rollcall.example:8787" })).status).toBe(201);
  });
});

describe("a key", () => {
  it("stays what it is, in either header, and counts alone where it was sent", async () => {
    const { issuer, send, secrets } = await setUp();
    const token = await issuer.sign();
    const who = async (headers: Record<string, string>) => {
      const { status, body } = await send("/v1/whoami", headers);
      return status === 200 ? (body as { kind?: string }).kind : status;
    };
    expect(await who({ "x-api-key": secrets.read })).toBe("key");
    expect(await who({ authorization: `Bearer ${secrets.read}` })).toBe("key");
    expect(await who({ "x-api-key": secrets.read, authorization: `Bearer ${token}` })).toBe("key");
    expect(await who({ "x-api-key": "rc_wrong", authorization: `Bearer ${token}` })).toBe(401);
    expect(await who({ "x-api-key": token })).toBe(401);
    expect(await who({ authorization: `Basic ${token}` })).toBe(401);
    expect(await who({ authorization: token })).toBe(401);
    expect(await who({ "x-forwarded-access-token": token })).toBe(401);
    expect(await who({ "x-forwarded-user": "ann", "x-forwarded-email": "ann@example.com" })).toBe(401);
    expect(await who({ cookie: `CF_Authorization=${token}` })).toBe(401);
  });

  it("and a token in the header of a proxy: a wrong key is none", async () => {
    const { issuer, send, secrets } = await setUp({ header: "cf-access-jwt-assertion" });
    const proxy = { "cf-access-jwt-assertion": await issuer.sign() };
    expect((await send("/v1/whoami", proxy)).body).toMatchObject({ kind: "identity" });
    expect((await send("/v1/whoami", { ...proxy, "x-api-key": secrets.ingest })).body).toMatchObject({
      kind: "key",
      scopes: ["ingest"],
    });
    expect((await send("/v1/whoami", { ...proxy, authorization: "Bearer rc_wrong" })).status).toBe(401);
  });
});

describe("a token that does not count", () => {
  it("is told why, with a scheme that would do", async () => {
    const { app, issuer, send } = await setUp();
    const expired = { authorization: `Bearer ${await issuer.sign({ exp: 1 })}` };
    const refused = await app.request("/v1/reports", { headers: expired });
    expect(refused.status).toBe(401);
    expect(refused.headers.get("www-authenticate")).toContain("Bearer");
    expect((await send("/v1/reports", expired)).detail).toContain("sign in again");
    expect((await send("/v1/reports", {})).detail).toContain("or a token, in the header authorization");
  });

  it("cannot be told while the issuer is away: 503, and when to come again", async () => {
    const { app, issuer } = await setUp();
    const authorization = `Bearer ${await issuer.sign()}`;
    issuer.answer((response) => response.writeHead(500).end());
    const answer = await app.request("/v1/reports", { headers: { authorization } });
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "5"]);
    expect(await answer.json()).toMatchObject({ type: "urn:rollcall:error:issuer_unavailable" });
  });

  it("came twice over a real connection: neither is taken", async () => {
    for (const header of ["authorization", "x-token"]) {
      const { app, issuer } = await setUp({ header });
      const server = await startServer(app, { host: "127.0.0.1", port: 0 });
      onTestFinished(() => server.stop(0));
      const token = `Bearer ${await issuer.sign()}`;
      const send = (values: string[]) =>
        new Promise<number | undefined>((resolve, reject) => {
          const lines = values.flatMap((value) => [header, value]);
          const headers = ["host", "localhost", ...lines] as unknown as Record<string, string>;
          ask(`${server.url}/v1/whoami`, { headers }, (response) => {
            response.resume();
            resolve(response.statusCode);
          })
            .on("error", reject)
            .end();
        });
      expect(await send([token])).toBe(200);
      expect(await send([token, token])).toBe(401);
      expect(await send([token, "Bearer x"])).toBe(401);
      expect(await send(["Bearer x", token])).toBe(401);
    }
  });
});
