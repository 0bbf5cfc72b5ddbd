// What the function checks again of what stands in front of it: networks, endpoints, callers.
import { describe, expect, it } from "vitest";
import type { GatewayEvent } from "./gateway-event.ts";
import { readGatewayWalls } from "./gateway-walls.ts";

type Identity = GatewayEvent["requestContext"]["identity"];

const ask = (identity: Identity): GatewayEvent => ({
  resource: "/{proxy+}",
  httpMethod: "GET",
  pathParameters: { proxy: "reports" },
  multiValueQueryStringParameters: null,
  multiValueHeaders: { "X-Api-Key": ["what the client sent"] },
  body: null,
  isBase64Encoded: false,
  requestContext: { requestId: "1", identity },
});

describe("addresses", () => {
  const walls = readGatewayWalls({ ROLLCALL_ALLOWED_CIDRS: "203.0.113.0/24,2001:db8::/32" });
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
    const spaced = readGatewayWalls({ ROLLCALL_ALLOWED_CIDRS: "198.51.100.0/24, 203.0.113.0/24" });
    expect(spaced.refuse(ask({ sourceIp: "203.0.113.9" }))).toBeUndefined();
  });

  it("count for nothing where no networks are named", () => {
    for (const env of [{}, { ROLLCALL_ALLOWED_CIDRS: "", ROLLCALL_VPC_ENDPOINTS: "" }])
      expect(readGatewayWalls(env).refuse(ask({ sourceIp: "198.51.100.1" }))).toBeUndefined();
  });

  it.each(["203.0.113.0", "203.0.113.0/33", "2001:db8::/129", "a/8", "1.2.3.4/8/9", "1.2.3.4/-1"])(
    "a network that is none keeps the function from starting: %s",
    (network) => {
      expect(() => readGatewayWalls({ ROLLCALL_ALLOWED_CIDRS: network })).toThrow(/ROLLCALL_ALLOWED_CIDRS/);
    },
  );
});

it("a request comes through a named VPC endpoint, where some are", () => {
  const walls = readGatewayWalls({ ROLLCALL_VPC_ENDPOINTS: "vpce-1,vpce-2" });
  expect(walls.refuse(ask({ vpceId: "vpce-2" }))).toBeUndefined();
  for (const vpceId of ["vpce-3", "", null]) expect(walls.refuse(ask({ vpceId }))).toMatch(/VPC endpoint/);
});

describe("the caller", () => {
  const both = ask({ apiKeyId: "keyid", userArn: "arn:aws:sts::111111111111:assumed-role/people/ann" });

  it("is the key's id, or whoever signed: by the one means that is asked for", () => {
    expect(readGatewayWalls({}).readCaller(both)).toBe("keyid");
    expect(readGatewayWalls({ ROLLCALL_AUTHORIZATION: "AWS_IAM" }).readCaller(both)).toMatch(/people\/ann$/);
  });

  it("is nobody where another means was used, as until API Gateway's next deployment", () => {
    const signs = readGatewayWalls({ ROLLCALL_AUTHORIZATION: "AWS_IAM" });
    expect(signs.readCaller(ask({ apiKeyId: "keyid" }))).toBeUndefined();
    expect(readGatewayWalls({}).readCaller(ask({ userArn: "arn:aws:iam::1:user/u" }))).toBeUndefined();
  });

  it("is shown in no other way than those there are", () => {
    expect(() => readGatewayWalls({ ROLLCALL_AUTHORIZATION: "NONE" })).toThrow(/API_KEY, AWS_IAM/);
  });
});
