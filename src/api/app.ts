// The application: a Request in, a Response out. The doors (server.ts, lambda.ts) only carry them.
import { type Context, Hono } from "hono";
import { cors } from "hono/cors";
import { AccessError } from "../access/access-error.ts";
import { API_HEADER, API_HEADER_VALUE } from "../network/api-header.ts";
import { QueryError } from "../questions/query.ts";
import { toApiError } from "./access-problem.ts";
import { authorize } from "./authorization.ts";
import { ClientGone } from "./client-gone.ts";
import { DOCS_CONTENT_SECURITY_POLICY, renderDocsPage } from "./docs-page.ts";
import { describeApi } from "./openapi.ts";
import { addPage, wantsDocument } from "./page.ts";
import { ApiError, toProblemResponse } from "./problem-details.ts";
import type { Route, Services } from "./route.ts";
import { findOwnAddress, replaceSampleAddress } from "./sample-address.ts";
import { RESPONSE_HEADERS } from "./schemas.ts";

/** Longest URL, in characters. Node bounds all headers together at 16 KiB. */
const MAX_URL_LENGTH = 8192;

/** How long a browser may remember what it may ask; s. */
const PREFLIGHT_AGE_S = 600;

/** What a browser's script may send: keys, tokens, and what a signature of AWS's goes in. */
const CORS_REQUEST_HEADERS = [
  "accept",
  "authorization",
  "if-none-match",
  "x-amz-content-sha256",
  "x-amz-date",
  "x-amz-security-token",
  "x-api-key",
];

/** Makes the application. Nothing is opened or started. @param routes which it has (routes.ts) */
export function createApp(services: Services, routes: readonly Route[]): Hono {
  const app = new Hono();
  const methods = new Map<string, string[]>();

  app.use(async (context, next) => {
    const startedAt = services.clock();
    if (context.req.url.length > MAX_URL_LENGTH)
      throw new ApiError("bad_request", `the URL is longer than ${MAX_URL_LENGTH} characters`);
    await next();
    // Not context.header, which makes a new response of a finished one and a stream of its body.
    context.res.headers.set("x-content-type-options", "nosniff");
    context.res.headers.set(API_HEADER, API_HEADER_VALUE);
    const { method, path } = context.req;
    services.log.debug(
      { method, path, status: context.res.status, ms: services.clock() - startedAt },
      "answered",
    );
  });

  const { corsOrigins = [] } = services;
  if (corsOrigins.length > 0)
    app.use(
      cors({
        // Never with credentials: the key stands in a header, which a page must have itself.
        origin: corsOrigins.includes("*") ? "*" : [...corsOrigins],
        allowMethods: ["GET", "HEAD"],
        allowHeaders: CORS_REQUEST_HEADERS,
        exposeHeaders: [...Object.keys(RESPONSE_HEADERS), "Location", "Retry-After", API_HEADER],
        maxAge: PREFLIGHT_AGE_S,
      }),
    );

  for (const route of routes) {
    for (const path of [route.path, ...(route.aliases ?? [])]) {
      const pattern = path.replace(/\{(\w+)\}/g, ":$1");
      methods.set(pattern, [
        ...(methods.get(pattern) ?? []),
        ...(route.method === "get" ? ["GET", "HEAD"] : [route.method.toUpperCase()]),
      ]);
      app.on(route.method.toUpperCase(), pattern, async (context) => {
        const caller = route.scope ? await authorize(context, services, route.scope) : undefined;
        return route.handle(context, services, caller);
      });
    }
  }
  addDocs(app, routes, services);
  if (services.page) addPage(app, services.page);
  for (const path of ["/", "/docs", "/openapi.json"]) methods.set(path, ["GET", "HEAD"]);

  for (const [pattern, allowed] of methods) {
    // What some load balancers ask (haproxy's httpchk, of / where no other path is named). It tells
    // what the documentation does.
    app.options(pattern, () => new Response(null, { status: 204, headers: { allow: allowed.join(", ") } }));
    app.all(pattern, () => {
      throw new ApiError("method_not_allowed", `use ${allowed.join(", ")}`, {
        headers: { allow: allowed.join(", ") },
      });
    });
  }
  app.notFound(() => toProblemResponse(new ApiError("not_found", "no such path; /docs lists them all")));
  app.onError((error, context) => toErrorResponse(error, context, services));
  return app;
}

function addDocs(
  app: Hono,
  routes: readonly Route[],
  { version, labels, page, behindProxy = false }: Services,
): void {
  const document = `${JSON.stringify(describeApi(routes, version, labels.keys()), null, 2)}\n`;
  const docs = renderDocsPage(routes, version);
  const address = ({ req }: Context) =>
    findOwnAddress(req.url, behindProxy ? req.header("x-forwarded-proto") : undefined);
  app.get("/openapi.json", (context) =>
    context.body(replaceSampleAddress(document, address(context)), 200, {
      "content-type": "application/json",
    }),
  );
  app.get("/docs", async (context) =>
    context.html(replaceSampleAddress(await docs, address(context)), 200, {
      "content-security-policy": DOCS_CONTENT_SECURITY_POLICY,
    }),
  );
  // A browser gets the page there, where there is one.
  app.get("/", (context, next) => {
    if (page && wantsDocument(context)) return next();
    if (page) context.header("vary", "Accept");
    return Promise.resolve(context.redirect("docs"));
  });
}

function toErrorResponse(error: Error, context: Context, { log }: Services): Response {
  if (error instanceof ApiError) return toProblemResponse(error);
  if (error instanceof AccessError) return toProblemResponse(toApiError(error));
  // What only the reports can tell is wrong in a question: a name that nobody knows.
  if (error instanceof QueryError)
    return toProblemResponse(
      new ApiError("bad_request", error.message, { extensions: { parameter: error.parameter } }),
    );
  // Nobody hears it; nginx logs the same number.
  if (error instanceof ClientGone) return new Response(null, { status: 499 });
  log.error({ err: error, method: context.req.method, path: context.req.path }, "a handler failed");
  return toProblemResponse(new ApiError("internal", "the server's log says what happened"));
}
