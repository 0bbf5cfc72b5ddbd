// Tests of GET /v1/whoami on a server and behind API Gateway.
import { pino } from "pino";
import { expect, it } from "vitest";
import { createClones } from "../access/clones.ts";
import { createKey, type KeyRequest } from "../access/keys.ts";
import { BUILT_IN_RULES } from "../questions/label-rule.ts";
import { compileLabels } from "../questions/labels.ts";
import { createRoll } from "../roll/roll.ts";
import { memoryStore } from "../store/memory.ts";
import { setUpApi } from "../testing/api-service.ts";
import { createApp } from "./app.ts";
import { type GatewayEvent, readRequest } from "./gateway-event.ts";
import { createGatewayKeyring } from "./gateway-handler.ts";
import { readGatewayWalls } from "./gateway-walls.ts";
import { createReadRoutes } from "./read-routes.ts";

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

it.each([
  ["API_KEY", { apiKeyId: "keyid", userArn: "arn:aws:iam::1:user/ann" }, "key", "keyid"],
  [
    "AWS_IAM",
    { apiKeyId: "keyid", userArn: "arn:aws:iam::1:user/ann" },
    "signature",
    "arn:aws:iam::1:user/ann",
  ],
])(
  "behind API Gateway with %s it is whoever the gateway knows",
  async (authorization, identity, kind, id) => {
    const clock = () => 0;
    const store = memoryStore({ clock });
    const walls = readGatewayWalls({ ROLLCALL_AUTHORIZATION: authorization });
    const app = createApp(
      {
        store,
        roll: createRoll({ store, clock }),
        keyring: createGatewayKeyring(walls.callerKind),
        clones: createClones({ clock }),
        labels: compileLabels(BUILT_IN_RULES),
        clock,
        log: pino({ level: "silent" }),
        version: "0",
        windowMs: 7_200_000,
        deadlineMs: 25_000,
      },
      createReadRoutes(),
    );
    const ask = (by: GatewayEvent["requestContext"]["identity"]) =>
      app.fetch(
        readRequest(
          {
            httpMethod: "GET",
            resource: "/{proxy+}",
            pathParameters: { proxy: "whoami" },
            multiValueQueryStringParameters: null,
            multiValueHeaders: { Authorization: ["Bearer eyJ.eyJ.AA"], "X-Api-Key": ["what was sent"] },
            body: null,
            isBase64Encoded: false,
            requestContext: { requestId: "1", identity: by },
          },
          walls.readCaller,
        ),
      );
    const known = await ask(identity);
    expect([known.status, await known.json()]).toEqual([200, { kind, id, name: id, scopes: ["read"] }]);
    expect((await ask({})).status).toBe(401);
  },
);
