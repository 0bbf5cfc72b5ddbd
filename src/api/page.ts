// Serves the page: its document at every address of a view, and its files. Nothing here asks for a
// key or for the store: what the page shows it asks the API for, with its reader's key.
import type { Context, Hono } from "hono";
import { accepts } from "hono/accepts";
import { negotiateCoding } from "./encoding.ts";
import { matchesEtag } from "./etag.ts";
import { PAGE_ENCODINGS, type Page, type PageBody, type PageEncoding } from "./page-files.ts";

/** What a door tells of a request for the page. */
export interface PageBindings {
  /** Where the page lies, from the top: `/v1/page/`; where it is not told, paths are relative. */
  readonly pageRoot?: string | undefined;
}

/** Addresses of views are no deeper; slashes after the first. */
const MAX_VIEW_DEPTH = 8;

/** The year that is the usual longest time (RFC 9111 names none). */
const FOREVER = "public, max-age=31536000, immutable";

/** The one policy that makes addresses of scripts, for workers (web/src/trusted-script.ts). */
const TRUSTED_TYPES_POLICY = "rollcall";

/**
 * The page loads files of its own origin and asks nobody else; nothing inline runs, no text becomes
 * HTML, nobody frames it (CSP Level 3, Trusted Types).
 */
const PAGE_CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  ...["script", "worker", "style", "font", "img", "connect"].map((kind) => `${kind}-src 'self'`),
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  `trusted-types ${TRUSTED_TYPES_POLICY}`,
].join("; ");

/** Of every file: a worker goes by the policy that comes with its own script. */
const HEADERS = {
  "content-security-policy": PAGE_CONTENT_SECURITY_POLICY,
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-frame-options": "DENY",
};

const TYPES: Readonly<Record<string, string>> = {
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
  png: "image/png",
  woff2: "font/woff2",
  webmanifest: "application/manifest+json",
};

/** What a request for `/` may name; whoever names no HTML is no browser that goes there. */
const FORMS = ["text/html", "application/json", "application/x-ndjson", "text/csv"];

/** Whether a browser goes to this address, to show what is there. */
export function wantsDocument(context: Context): boolean {
  return accepts(context, { header: "Accept", supports: FORMS, default: "none" }) === "text/html";
}

/**
 * Adds the page, after all other routes: what none of them answers may be the address of a view.
 * What lies below /v1/ never is.
 */
export function addPage(app: Hono, page: Page): void {
  app.get("/assets/:name", (context, next) => {
    const name = context.req.param("name");
    const encoding = chooseEncoding(context);
    const body = page.readAsset(name, encoding);
    const type = TYPES[name.slice(name.lastIndexOf(".") + 1)] ?? "application/octet-stream";
    if (!body) return next();
    return respond(context, body, { encoding, type, caching: FOREVER, vary: "Accept-Encoding" });
  });
  app.get("*", (context, next) => {
    const { path } = context.req;
    const depth = path.split("/").length - 2;
    const isOther = /^\/(?:v1|assets)(?:\/|$)/.test(path) || depth > MAX_VIEW_DEPTH;
    if (isOther || !wantsDocument(context)) return next();
    const { pageRoot = depth === 0 ? "./" : "../".repeat(depth) } = (context.env ?? {}) as PageBindings;
    const encoding = chooseEncoding(context);
    return respond(context, page.readDocument(pageRoot, encoding), {
      encoding,
      type: "text/html; charset=utf-8",
      caching: "no-cache",
      vary: "Accept, Accept-Encoding",
    });
  });
}

function chooseEncoding(context: Context): PageEncoding | undefined {
  const name = negotiateCoding(context, PAGE_ENCODINGS);
  return PAGE_ENCODINGS.find((encoding) => encoding === name);
}

interface Form {
  readonly encoding: PageEncoding | undefined;
  readonly type: string;
  readonly caching: string;
  readonly vary: string;
}

function respond(context: Context, { bytes, etag }: PageBody, form: Form): Response {
  const headers = { ...HEADERS, etag, "cache-control": form.caching, vary: form.vary };
  if (matchesEtag(context.req.header("if-none-match"), etag))
    return new Response(null, { status: 304, headers });
  // Without a copy; TypeScript thinks of buffers that several threads share.
  return new Response(bytes as Uint8Array<ArrayBuffer>, {
    headers: {
      ...headers,
      "content-type": form.type,
      "content-length": String(bytes.length),
      ...(form.encoding && { "content-encoding": form.encoding }),
    },
  });
}
