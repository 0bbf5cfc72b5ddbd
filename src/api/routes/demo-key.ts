// GET /v1/demo-key: the demo's key for its own page, so that it opens by itself. Only where a demo
// runs on loopback, and only for that page.
import type { HttpBindings } from "@hono/node-server";
import { isLoopback } from "../../network/loopback.ts";
import { ApiError } from "../problem-details.ts";
import type { Route } from "../route.ts";
import { SAMPLE_ADDRESS } from "../sample-address.ts";

/** What proxies add: a request that came through one may be from anywhere. */
const PROXY_HEADERS = ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip"] as const;

/** Makes the route. @param key may read the demo's store, which holds nothing but the demo */
export function getDemoKey(key: string): Route {
  return {
    method: "get",
    path: "/v1/demo-key",
    summary: "The demo's key, for the page of this server",
    description:
      "Only with `rollcall start --demo`, on loopback, for the page that this server serves; everybody " +
      "else is refused.",
    answers: {
      200: {
        description: "The key, which may read the demo.",
        content: {
          "application/json": {
            type: "object",
            required: ["key"],
            properties: { key: { type: "string" } },
          },
        },
      },
    },
    errors: [403],
    sample: `curl -H 'sec-fetch-site: same-origin' ${SAMPLE_ADDRESS}/v1/demo-key`,
    async handle(context) {
      const { incoming } = (context.env ?? {}) as Partial<HttpBindings>;
      if (!incoming || !isOwnPage(incoming))
        throw new ApiError("forbidden", "the demo gives its key to its own page alone, over loopback");
      return Response.json({ key }, { headers: { "cache-control": "no-store" } });
    },
  };
}

/**
 * Whether the page of this server asks. A page of another site can send a request here, also under
 * a name of its own that leads to 127.0.0.1 (DNS rebinding): then Host is that name. What browsers
 * say of a request in Sec-Fetch-Site no script can write (Fetch Metadata, W3C).
 */
function isOwnPage({ headers, socket }: HttpBindings["incoming"]): boolean {
  const { host = "", origin } = headers;
  const address = socket.remoteAddress?.replace(/^::ffff:/, "") ?? "";
  const name = host.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
  return (
    isLoopback(address) &&
    isLoopback(name) &&
    headers["sec-fetch-site"] === "same-origin" &&
    headers["sec-fetch-mode"] !== "navigate" &&
    (origin === undefined || origin === `http://${host}`) &&
    PROXY_HEADERS.every((header) => headers[header] === undefined)
  );
}
