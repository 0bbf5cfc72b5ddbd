// The function of AWS Lambda: which paths ask the bucket for something, and whom it answers. The
// bucket is an HTTP server that counts what it is asked; the S3 driver is the real one.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { GatewayAnswer, GatewayEvent } from "./gateway-event.ts";

let asked = 0;
const bucket = createServer((_, response) => {
  asked++;
  response
    .writeHead(200, { "content-type": "application/xml" })
    .end('<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>');
});

let readBuffered: (event: GatewayEvent) => Promise<GatewayAnswer>;

beforeAll(async () => {
  bucket.listen(0, "127.0.0.1");
  await once(bucket, "listening");
  const endpoint = `http://127.0.0.1:${(bucket.address() as AddressInfo).port}`;
  vi.stubGlobal("awslambda", { streamifyResponse: (handler: unknown) => handler });
  vi.stubEnv("ROLLCALL_STORE", `s3://bucket?region=us-east-1&endpoint=${endpoint}`);
  vi.stubEnv("ROLLCALL_MAX_AGE", "1ms");
  vi.stubEnv("ROLLCALL_LOG_LEVEL", "silent");
  vi.stubEnv("ROLLCALL_AUTHORIZATION", "AWS_IAM");
  vi.stubEnv("ROLLCALL_ALLOWED_CIDRS", "10.0.0.0/8");
  vi.stubEnv("ROLLCALL_CORS_ORIGIN", "https://wiki.example.com");
  vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "secret");
  ({ readBuffered } = await import("./lambda.ts"));
});

afterAll(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  bucket.closeAllConnections();
  bucket.close();
});

type Identity = GatewayEvent["requestContext"]["identity"];

const SIGNED: Identity = { userArn: "arn:aws:iam::111111111111:user/ann", sourceIp: "10.1.2.3" };

async function ask(
  path: string,
  identity: Identity,
  { method = "GET", headers = {} }: { method?: string; headers?: Record<string, string[]> } = {},
) {
  const event: GatewayEvent = {
    resource: "/{proxy+}",
    httpMethod: method,
    pathParameters: { proxy: path },
    multiValueQueryStringParameters: null,
    multiValueHeaders: headers,
    body: null,
    isBase64Encoded: false,
    requestContext: { requestId: "1", domainName: "x.execute-api.us-east-1.amazonaws.com", identity },
  };
  const before = asked;
  const answer = await readBuffered(event);
  return { ...answer, text: Buffer.from(answer.body, "base64").toString(), storeCalls: asked - before };
}

describe("the store", () => {
  it.each(["healthz", "docs", "openapi.json", "no-such-path", "readyz", "reports", "versions"])(
    "is asked for nothing by %s from strangers",
    async (path) => {
      const { storeCalls, statusCode } = await ask(path, { sourceIp: "10.1.2.3" });
      expect(storeCalls).toBe(0);
      if (["healthz", "docs", "openapi.json"].includes(path)) expect(statusCode).toBe(200);
      if (["readyz", "reports", "versions"].includes(path)) expect(statusCode).toBe(401);
    },
  );

  it.each(["reports", "readyz"])("is asked by %s from callers", async (path) => {
    const { storeCalls, statusCode } = await ask(path, SIGNED);
    expect(storeCalls).toBeGreaterThan(0);
    expect(statusCode).toBe(200);
  });

  it("is asked nothing from outside the networks, nor by a key where signatures are wanted", async () => {
    const outside = await ask("reports", { ...SIGNED, sourceIp: "192.0.2.1" });
    expect([outside.statusCode, outside.storeCalls]).toEqual([403, 0]);
    expect(JSON.parse(outside.text)).toMatchObject({ type: "urn:rollcall:error:forbidden" });
    const keyed = await ask("reports", { apiKeyId: "keyid", sourceIp: "10.1.2.3" });
    expect([keyed.statusCode, keyed.storeCalls]).toEqual([401, 0]);
  });
});

describe("web pages", () => {
  const from = (origin: string) => ({ headers: { Origin: [origin] } });

  it("of the origin that is named read answers and errors, and no other's do", async () => {
    for (const identity of [SIGNED, { sourceIp: "10.1.2.3" }]) {
      const { headers } = await ask("reports", identity, from("https://wiki.example.com"));
      expect(headers["access-control-allow-origin"]).toBe("https://wiki.example.com");
      expect(headers["access-control-expose-headers"]).toMatch(/Rollcall-As-Of/i);
    }
    const { headers } = await ask("reports", SIGNED, from("https://evil.example.com"));
    expect(headers).not.toHaveProperty("access-control-allow-origin");
  });

  it("ask beforehand, which asks the store for nothing", async () => {
    const { statusCode, headers, storeCalls } = await ask(
      "reports",
      { sourceIp: "10.1.2.3" },
      {
        method: "OPTIONS",
        headers: { Origin: ["https://wiki.example.com"], "Access-Control-Request-Method": ["GET"] },
      },
    );
    expect([statusCode, storeCalls]).toEqual([204, 0]);
    expect(headers["access-control-allow-headers"]).toContain("x-api-key");
  });
});
