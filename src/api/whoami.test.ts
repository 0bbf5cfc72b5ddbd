// Tests of GET /v1/whoami on a server and behind API Gateway.
import { expect, it } from "vitest";
import { createKey, type KeyRequest } from "../access/keys.ts";
import { setUpApi } from "../testing/api-service.ts";

it("tells a key what it is and may, whatever its scope, and strangers nothing", async () => {
  const { app, store, clock } = await setUpApi();
  const ask = async (request: KeyRequest) => {
    const { key, secret } = await createKey(store, request, { clock });
    const response = await app.request("/v1/whoami", { headers: { "x-api-key": secret } });
    expect([response.status, response.headers.get("cache-control")]).toEqual([200, "no-store"]);
    return { key, said: await response.json() };
  };
  const { key, said } = await ask({ name: "people", scopes: ["read"] });
  expect(said).toEqual({ kind: "key", id: key.id, name: "people", scopes: ["read"] });
  const expires_at = new Date(clock() + 86_400_000).toISOString();
  const bound = await ask({ name: "db1", scopes: ["ingest"], host: "i-1", expires_at });
  expect(bound.said).toEqual({
    kind: "key",
    id: bound.key.id,
    name: "db1",
    scopes: ["ingest"],
    host: "i-1",
    expires_at,
  });
  const stranger = await app.request("/v1/whoami");
  expect(stranger.status).toBe(401);
  expect(await stranger.json()).toMatchObject({ type: "urn:rollcall:error:unauthorized" });
});
