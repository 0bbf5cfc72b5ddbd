// Events of API Gateway as requests: paths, parameters in any script, and whose word counts for a
// key.
import fc from "fast-check";
import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { describeAnswer, findPageRoot, type GatewayEvent, readRequest } from "./gateway-event.ts";
import { answerBuffered } from "./gateway-handler.ts";

const EVENT: GatewayEvent = {
  resource: "/{proxy+}",
  httpMethod: "GET",
  pathParameters: { proxy: "reports" },
  multiValueQueryStringParameters: null,
  multiValueHeaders: { Accept: ["application/json"], "X-Api-Key": ["what the client sent"] },
  body: null,
  isBase64Encoded: false,
  requestContext: {
    requestId: "1",
    domainName: "x.execute-api.us-east-1.amazonaws.com",
    identity: { apiKeyId: "keyid" },
  },
};

describe("readRequest", () => {
  it.each([
    ["/{proxy+}", { proxy: "reports" }, "/v1/reports"],
    ["/{proxy+}", { proxy: "app-report" }, "/v1/app-report"],
    ["/{proxy+}", { proxy: "reports/i-0123" }, "/v1/reports/i-0123"],
    ["/reports/{id}", { id: "i-0123" }, "/v1/reports/i-0123"],
    ["/{proxy+}", { proxy: "docs" }, "/docs"],
    ["/healthz", null, "/healthz"],
    ["/", null, "/"],
    ["/{proxy+}", { proxy: "reports/a b?c#d" }, "/v1/reports/a%20b%3Fc%23d"],
    ["/{proxy+}", null, "/"],
    ["/page", null, "/"],
    ["/page/{proxy+}", { proxy: "hosts/i 1" }, "/hosts/i%201"],
    ["/page/{proxy+}", { proxy: "assets/main-1.js" }, "/assets/main-1.js"],
    ["/page/v1/{proxy+}", { proxy: "reports/i-0123" }, "/v1/reports/i-0123"],
    ["/{proxy+}", { proxy: "pages" }, "/v1/pages"],
  ])("finds the path of %s with %j: %s", (resource, pathParameters, path) => {
    const { pathname, search } = new URL(readRequest({ ...EVENT, resource, pathParameters }).url);
    expect(pathname + search).toBe(path);
  });

  it.each(["reports/../keys", "reports/./a", "../healthz", "reports/a\\b", "reports/a\0", "reports/\ud800"])(
    "a path that could be read in two ways is refused, and reaches no route: %j",
    async (proxy) => {
      const app = new Hono().all("*", (context) => context.text("reached"));
      const overflow = { limitBytes: 1000, redirect: async (response: Response) => response };
      const { statusCode, headers, body } = await answerBuffered(
        { ...EVENT, pathParameters: { proxy } },
        { app },
        overflow,
      );
      expect([statusCode, headers["rollcall-api"]]).toEqual([400, "v1"]);
      expect(Buffer.from(body, "base64").toString()).toContain("the path holds");
    },
  );

  it("takes the gateway's word for the key, and nobody else's", () => {
    const headers = { "x-API-key": ["forged"], Authorization: ["Bearer forged"] };
    const read = (apiKeyId?: string | null) => {
      const requestContext = { ...EVENT.requestContext, identity: { apiKeyId: apiKeyId ?? null } };
      return readRequest({ ...EVENT, multiValueHeaders: headers, requestContext }).headers;
    };
    expect(read("keyid").get("x-api-key")).toBe("keyid");
    expect(read().get("x-api-key")).toBeNull();
    expect(read().get("authorization")).toBeNull();
  });

  it("keeps parameters and headers as they were, whatever they hold", () => {
    const text = fc.string({ unit: "grapheme", maxLength: 20 });
    const parameters = fc.dictionary(text, fc.array(text, { minLength: 1, maxLength: 3 }), {
      noNullPrototype: true,
      maxKeys: 5,
    });
    fc.assert(
      fc.property(parameters, (drawn) => {
        const { searchParams } = new URL(
          readRequest({ ...EVENT, multiValueQueryStringParameters: drawn }).url,
        );
        for (const [name, values] of Object.entries(drawn))
          expect(searchParams.getAll(name)).toEqual(values.map(toWellFormed));
      }),
    );
    const { headers } = readRequest({ ...EVENT, multiValueHeaders: { "If-None-Match": ['"a"', '"b"'] } });
    expect(headers.get("if-none-match")).toBe('"a", "b"');
  });

  it("refuses what is no such event", () => {
    for (const event of [{}, null, { version: "2.0", routeKey: "$default" }, { Records: [] }]) {
      expect(() => readRequest(event as unknown as GatewayEvent)).toThrow(/payload 1\.0/);
    }
  });
});

/** A lone surrogate cannot be in a URL. */
const toWellFormed = (text: string) => Buffer.from(text).toString();

it("sends a body as base64, and lets the gateway count it", () => {
  const response = new Response(null, {
    status: 200,
    headers: { "content-length": "3", etag: '"x"', "content-encoding": "gzip" },
  });
  expect(describeAnswer(response, Buffer.from([0, 255, 1]))).toEqual({
    statusCode: 200,
    headers: { etag: '"x"', "content-encoding": "gzip" },
    body: "AP8B",
    isBase64Encoded: true,
  });
});

describe("findPageRoot", () => {
  it.each([
    ["/", null, "/v1", "/v1/page/"],
    ["/", null, "/v1/", "/v1/page/"],
    ["/", null, "/", "/page/"],
    ["/page", null, "/v1/page", "/v1/page/"],
    ["/page", null, "/v1/page/", "/v1/page/"],
    ["/page/{proxy+}", { proxy: "hosts/i-1" }, "/v1/page/hosts/i-1", "/v1/page/"],
    ["/page/{proxy+}", { proxy: "hosts" }, "/rollcall/page/hosts", "/rollcall/page/"],
    ["/page/{proxy+}", { proxy: "page/page" }, "/a/b/page/page/page", "/a/b/page/"],
    ["/page/v1/{proxy+}", { proxy: "reports" }, "/page/v1/reports", "/page/"],
    ["/page", null, undefined, undefined],
    // What could not stand in a document as it is.
    ["/page", null, '/v1"onload=x/page', undefined],
    ["/page", null, "//elsewhere.example/page", undefined],
  ])("of %s with %j, asked for as %s: %s", (resource, pathParameters, path, root) => {
    const requestContext = { ...EVENT.requestContext, ...(path !== undefined && { path }) };
    expect(findPageRoot({ ...EVENT, resource, pathParameters, requestContext })).toBe(root);
  });
});
