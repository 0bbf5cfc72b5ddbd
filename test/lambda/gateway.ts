// API Gateway's REST API in front of a function, as AWS documents it: HTTP to proxy events and
// answers to HTTP, whole or streamed, keys checked.

import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { formatProblem, GATEWAY_PROBLEMS } from "../../infra/gateway-problems.ts";
import type { AuthorizerAnswer } from "../../src/api/gateway-authorizer.ts";
import type { GatewayHead } from "../../src/api/gateway-event.ts";
import type { Invocation, LambdaFunction } from "./function.ts";

/** AWS, "Amazon API Gateway quotas" and "Lambda quotas": what a whole answer may have. */
const MAX_PAYLOAD = 6 * 1024 * 1024;

/** Eight NULs stand between the head of a streamed answer and its body. */
const DELIMITER = Buffer.alloc(8);

/**
 * What the API has (infra/api-paths.ts), the first that fits; `{proxy+}` takes one segment or more.
 */
const RESOURCES: readonly { readonly path: RegExp; readonly resource: string; readonly isOpen: boolean }[] = [
  { path: /^\/$/, resource: "/", isOpen: true },
  { path: /^\/(?:healthz|openapi\.json|docs|page)$/, resource: "", isOpen: true },
  { path: /^\/page\/v1$/, resource: "", isOpen: false },
  { path: /^\/page\/v1\/(?<proxy>.+)$/, resource: "/page/v1/{proxy+}", isOpen: false },
  { path: /^\/page\/(?<proxy>.+)$/, resource: "/page/{proxy+}", isOpen: true },
  { path: /^\/(?<proxy>.+)$/, resource: "/{proxy+}", isOpen: false },
];

export interface Gateway {
  /** `http://127.0.0.1:PORT/v1`: with the stage, as people get it. */
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Starts a gateway.
 *
 * @param keys API keys by their values, whose ids the function is told
 * @param authorizer the function of a TOKEN authorizer, in the place of keys
 */
export async function startGateway(
  target: LambdaFunction,
  keys: Readonly<Record<string, string>>,
  authorizer?: LambdaFunction,
): Promise<Gateway> {
  // A function's process has one event at a time.
  let last: Promise<unknown> = Promise.resolve();
  const server = createServer((request, response) => {
    last = last
      .then(() => carry(request, response, { target, keys, authorizer }))
      .catch(() => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

interface Behind {
  readonly target: LambdaFunction;
  readonly keys: Readonly<Record<string, string>>;
  readonly authorizer: LambdaFunction | undefined;
}

async function carry(
  request: IncomingMessage,
  response: ServerResponse,
  { target, keys, authorizer }: Behind,
): Promise<void> {
  const url = new URL(request.url ?? "/", "http://gateway");
  // A slash at the end makes no other resource.
  const path = /^\/v1(?:\/|$)/.test(url.pathname)
    ? url.pathname.slice("/v1".length).replace(/\/*$/, "") || "/"
    : undefined;
  const found = RESOURCES.find((one) => one.path.test(path ?? ""));
  const key = request.headers["x-api-key"];
  const apiKeyId = typeof key === "string" ? keys[key] : undefined;
  if (path === undefined || !found || (apiKeyId === undefined && !found.isOpen && !authorizer)) {
    response.writeHead(403, { "content-type": "application/json" }).end('{"message":"Forbidden"}');
    return;
  }
  const said = authorizer && !found.isOpen ? await authorize(request, path, authorizer) : undefined;
  if (typeof said === "string") {
    answerItself(said, response);
    return;
  }
  const invocation = await target.invoke(makeEvent(request, url, path, { found, apiKeyId, said }));
  await (invocation.isStreamed ? answerStreamed(invocation, response) : answerBuffered(invocation, response));
}

/** The values as texts, beside principalId (AWS, the same page's output). */
type AuthorizerContext = Readonly<Record<string, string>>;

/**
 * Asks a TOKEN authorizer (AWS, "Use API Gateway Lambda authorizers"): without the header, or with
 * one that does not fit the expression (infra/token-authorizer.ts), it is not called.
 *
 * @returns the type of the gateway's own response where it does not let the request through
 */
async function authorize(
  request: IncomingMessage,
  path: string,
  authorizer: LambdaFunction,
): Promise<AuthorizerContext | string> {
  const token = request.headers.authorization ?? "";
  if (!/^Bearer +[\w-]+\.[\w-]+\.[\w-]+$/i.test(token)) return "UNAUTHORIZED";
  const methodArn = `arn:aws:execute-api:us-east-1:123456789012:abcdefghij/v1/${request.method}${path}`;
  const invocation = await authorizer.invoke({ type: "TOKEN", authorizationToken: token, methodArn });
  const chunks: Buffer[] = [];
  for await (const chunk of invocation.body) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  if (invocation.readError() !== undefined)
    return JSON.parse(text).errorMessage === "Unauthorized" ? "UNAUTHORIZED" : "AUTHORIZER_FAILURE";
  const { principalId, policyDocument, context } = JSON.parse(text) as AuthorizerAnswer;
  const [{ Effect, Resource }] = policyDocument.Statement;
  const covers = new RegExp(`^${Resource.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")}$`).test(
    methodArn,
  );
  return Effect === "Allow" && covers ? { principalId, ...context } : "ACCESS_DENIED";
}

/** What API Gateway answers without the function, as the stack has it say that. */
function answerItself(type: string, response: ServerResponse): void {
  const problem = GATEWAY_PROBLEMS.find((one) => one.type === type);
  if (!problem) throw new Error(`no problem ${type}`);
  const body = formatProblem(problem.whereTokens ?? problem)
    .replace("$context.error.messageString", '"said by API Gateway"')
    .replace("$context.requestId", randomUUID());
  response.writeHead(problem.status, { "content-type": "application/problem+json" }).end(body);
}

function makeEvent(
  request: IncomingMessage,
  url: URL,
  path: string,
  {
    found,
    apiKeyId,
    said,
  }: {
    readonly found: (typeof RESOURCES)[number];
    readonly apiKeyId: string | undefined;
    readonly said: AuthorizerContext | undefined;
  },
): object {
  const proxy = found.path.exec(path)?.groups?.proxy;
  const multiValueHeaders: Record<string, string[]> = {};
  for (let at = 0; at < request.rawHeaders.length; at += 2) {
    const name = request.rawHeaders[at] ?? "";
    multiValueHeaders[name] = [...(multiValueHeaders[name] ?? []), request.rawHeaders[at + 1] ?? ""];
  }
  const query: Record<string, string[]> = {};
  for (const [name, value] of url.searchParams) query[name] = [...(query[name] ?? []), value];
  const lastOf = (all: Record<string, string[]>) =>
    Object.fromEntries(Object.entries(all).map(([name, values]) => [name, values.at(-1)]));
  return {
    resource: found.resource || path,
    path,
    httpMethod: request.method ?? "GET",
    headers: lastOf(multiValueHeaders),
    multiValueHeaders,
    queryStringParameters: url.search === "" ? null : lastOf(query),
    multiValueQueryStringParameters: url.search === "" ? null : query,
    pathParameters: proxy === undefined ? null : { proxy: decodeURIComponent(proxy) },
    stageVariables: null,
    requestContext: {
      accountId: "123456789012",
      apiId: "abcdefghij",
      stage: "v1",
      protocol: "HTTP/1.1",
      path: url.pathname,
      httpMethod: request.method,
      requestId: randomUUID(),
      requestTimeEpoch: Date.now(),
      domainName: "abcdefghij.execute-api.us-east-1.amazonaws.com",
      ...(said && { authorizer: { ...said, integrationLatency: 5 } }),
      identity: {
        sourceIp: "192.0.2.1",
        userAgent: "curl",
        apiKeyId: apiKeyId ?? null,
        apiKey: apiKeyId ? "is-not-read" : null,
      },
    },
    body: null,
    isBase64Encoded: false,
  };
}

async function answerBuffered(invocation: Invocation, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of invocation.body) chunks.push(chunk);
  const payload = Buffer.concat(chunks);
  if (invocation.readError() !== undefined || payload.length > MAX_PAYLOAD) {
    response
      .writeHead(502, { "content-type": "application/json" })
      .end('{"message": "Internal server error"}');
    return;
  }
  const { statusCode, headers, body, isBase64Encoded } = JSON.parse(payload.toString());
  response.writeHead(statusCode, headers).end(Buffer.from(body, isBase64Encoded ? "base64" : "utf8"));
}

/** AWS, "Set up a Lambda proxy integration with payload response streaming in API Gateway". */
async function answerStreamed(invocation: Invocation, response: ServerResponse): Promise<void> {
  if (invocation.contentType !== "application/vnd.awslambda.http-integration-response")
    throw new Error(invocation.contentType);
  let before: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of invocation.body) {
    if (before === undefined) {
      if (!response.write(chunk)) await once(response, "drain");
      continue;
    }
    before = Buffer.concat([before, chunk]);
    const end = before.indexOf(DELIMITER);
    if (end < 0) continue;
    const { statusCode, headers } = JSON.parse(before.subarray(0, end).toString()) as GatewayHead;
    response.writeHead(statusCode, { ...headers }).write(before.subarray(end + DELIMITER.length));
    before = undefined;
  }
  // A client must be able to tell a truncated stream even where the gateway ends it as if it were
  // whole.
  response.end();
}
