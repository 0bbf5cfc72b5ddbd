// What the function checks again of what stands in front of it: networks, endpoints, callers.
import { describe, expect, it } from "vitest";
import type { GatewayEvent } from "./gateway-event.ts";
import { formatIdentity } from "./gateway-identity.ts";
import { readGatewayWalls } from "./gateway-walls.ts";

type Identity = GatewayEvent["requestContext"]["identity"];

const NOW = Date.UTC(2026, 0, 31, 23, 59, 59);

const readWalls = (env: Parameters<typeof readGatewayWalls>[0]) => readGatewayWalls(env, () => NOW);

const ask = (
  identity: Identity,
  authorizer?: GatewayEvent["requestContext"]["authorizer"],
): GatewayEvent => ({
  resource: "/{proxy+}",
  httpMethod: "GET",
  pathParameters: { proxy: "reports" },
  multiValueQueryStringParameters: null,
  multiValueHeaders: { "X-Api-Key": ["what the client sent"] },
  body: null,
  isBase64Encoded: false,
  requestContext: { requestId: "1", identity, ...(authorizer !== undefined && { authorizer }) },
});

describe("addresses", () => {
  const walls = readWalls({ ROLLCALL_ALLOWED_CIDRS: "203.0.113.0/24,2001:db8::/32" });
  it.each([
    ["203.0.113.200", true],
    ["2001:db8:1::2", true],
    ["203.0.114.1", false],
    ["2001:db9::1", false],
    ["", false],
    [null, false],
    ["no address", false],
  ])("%s is let in: %s", (sourceIp, isLet) => {
    expect(walls.refuse(ask({ sourceIp })) === undefined).toBe(isLet);
  });

  it("are split by commas, whatever the blanks between them", () => {
    const spaced = readWalls({ ROLLCALL_ALLOWED_CIDRS: "198.51.100.0/24, 203.0.113.0/24" });
    expect(spaced.refuse(ask({ sourceIp: "203.0.113.9" }))).toBeUndefined();
  });

  it("count for nothing where no networks are named", () => {
    for (const env of [{}, { ROLLCALL_ALLOWED_CIDRS: "", ROLLCALL_VPC_ENDPOINTS: "" }])
      expect(readWalls(env).refuse(ask({ sourceIp: "198.51.100.1" }))).toBeUndefined();
  });

  it.each(["203.0.113.0", "203.0.113.0/33", "2001:db8::/129", "a/8", "1.2.3.4/8/9", "1.2.3.4/-1"])(
    "a network that is none keeps the function from starting: %s",
    (network) => {
      expect(() => readWalls({ ROLLCALL_ALLOWED_CIDRS: network })).toThrow(/ROLLCALL_ALLOWED_CIDRS/);
    },
  );
});

it("a request comes through a named VPC endpoint, where some are", () => {
  const walls = readWalls({ ROLLCALL_VPC_ENDPOINTS: "vpce-1,vpce-2" });
  expect(walls.refuse(ask({ vpceId: "vpce-2" }))).toBeUndefined();
  for (const vpceId of ["vpce-3", "", null]) expect(walls.refuse(ask({ vpceId }))).toMatch(/VPC endpoint/);
});

describe("the caller", () => {
  const identity = formatIdentity({
    id: "00u1",
    name: "ann@example.com",
    expires_at: new Date(NOW + 1000).toISOString(),
  });
  const all = ask(
    { apiKeyId: "keyid", userArn: "arn:aws:sts::111111111111:assumed-role/people/ann" },
    { identity },
  );
  const signedIn = readWalls({ ROLLCALL_AUTHORIZATION: "JWT" });

  it("is the key's id, whoever signed, or the token's owner: by the one means that is asked for", () => {
    expect(readWalls({}).readCaller(all)).toBe("keyid");
    expect(readWalls({ ROLLCALL_AUTHORIZATION: "AWS_IAM" }).readCaller(all)).toMatch(/people\/ann$/);
    expect(signedIn.readCaller(all)).toBe(identity);
  });

  it("is nobody once the token has ended, however long API Gateway keeps what it was told", () => {
    const at = (ms: number) => {
      const expires_at = new Date(NOW + ms).toISOString();
      return signedIn.readCaller(ask({}, { identity: formatIdentity({ id: "a", name: "a", expires_at }) }));
    };
    expect(at(-59_999)).toBeDefined();
    expect(at(-60_000)).toBeUndefined();
  });

  it.each([
    undefined,
    null,
    {},
    { identity: "" },
    { identity: "ann" },
    { identity: "null" },
    { identity: "[]" },
    { identity: { id: "ann" } },
    { identity: '{"id":"","name":"","expires_at":"2999-01-01T00:00:00Z"}' },
    { identity: '{"id":"ann","name":"ann"}' },
    { identity: '{"id":"ann","name":"ann","expires_at":"for ever"}' },
    { identity: '{"id":["ann"],"name":"ann","expires_at":"2999-01-01T00:00:00Z"}' },
  ])("is nobody where the authorizer has named nobody: %j", (authorizer) => {
    expect(signedIn.readCaller(ask({ apiKeyId: "keyid", userArn: "arn" }, authorizer))).toBeUndefined();
  });

  it("is nobody where another means was used, as until API Gateway's next deployment", () => {
    const signs = readWalls({ ROLLCALL_AUTHORIZATION: "AWS_IAM" });
    expect(signs.readCaller(ask({ apiKeyId: "keyid" }))).toBeUndefined();
    expect(readWalls({}).readCaller(ask({ userArn: "arn:aws:iam::1:user/u" }))).toBeUndefined();
    for (const walls of [signs, readWalls({})])
      expect(walls.readCaller(ask({}, { identity }))).toBeUndefined();
  });

  it("is shown in no other way than those there are", () => {
    expect(() => readWalls({ ROLLCALL_AUTHORIZATION: "NONE" })).toThrow(/API_KEY, AWS_IAM, JWT/);
  });
});
