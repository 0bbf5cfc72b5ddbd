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
import { formatIdentity } from "./gateway-identity.ts";
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

const ARN = "arn:aws:iam::1:user/ann";
const SIGNED_IN = { id: "00u1", name: "安 <ann@example.com>", expires_at: "1970-01-01T00:00:01.000Z" };

it.each([
  ["API_KEY", { kind: "key", id: "keyid", name: "keyid" }],
  ["AWS_IAM", { kind: "signature", id: ARN, name: ARN }],
  ["JWT", { kind: "identity", ...SIGNED_IN }],
])("behind API Gateway with %s it is whoever the gateway knows", async (authorization, known) => {
  const clock = () => 0;
  const store = memoryStore({ clock });
  const walls = readGatewayWalls({ ROLLCALL_AUTHORIZATION: authorization }, clock);
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
  const ask = (by: Pick<GatewayEvent["requestContext"], "identity" | "authorizer">) =>
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
          requestContext: { requestId: "1", ...by },
        },
        walls.readCaller,
      ),
    );
  const answer = await ask({
    identity: { apiKeyId: "keyid", userArn: ARN },
    authorizer: { identity: formatIdentity(SIGNED_IN) },
  });
  expect([answer.status, await answer.json()]).toEqual([200, { ...known, scopes: ["read"] }]);
  expect((await ask({ identity: {} })).status).toBe(401);
});
