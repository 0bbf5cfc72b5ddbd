// GET /v1/specs/current: the published spec, signed, for agents that report through this server.
import { MAX_EDITION_BYTES } from "../../specs/edition.ts";
import { CURRENT_EDITION_KEY } from "../../store/layout.ts";
import { awaitStore } from "../deadline.ts";
import { matchesEtag } from "../etag.ts";
import type { Route } from "../route.ts";
import { SAMPLE_ADDRESS } from "../sample-address.ts";

/** Makes GET /v1/specs/current. */
export function getCurrentSpec(): Route {
  return {
    method: "get",
    path: "/v1/specs/current",
    scope: "ingest",
    summary: "The published spec, signed",
    description:
      "What `rollcall spec push` has published, as a DSSE envelope. Agents check its signature themselves.",
    answers: {
      200: {
        description: "The signed edition.",
        content: { "application/json": { type: "object" } },
        headers: ["ETag"],
      },
      204: { description: "None is published." },
      304: { description: "It is the one that If-None-Match names." },
    },
    errors: [401, 403, 429, 503],
    sample: `curl -H "x-api-key: $ROLLCALL_KEY" ${SAMPLE_ADDRESS}/v1/specs/current`,

    async handle(context, services) {
      const found = await awaitStore(
        services.store.get(CURRENT_EDITION_KEY, { maxBytes: MAX_EDITION_BYTES }),
        services,
      );
      if (!found) return context.body(null, 204);
      const headers = { etag: `"${found.etag}"`, "cache-control": "no-cache" };
      if (matchesEtag(context.req.header("if-none-match"), headers.etag))
        return context.body(null, 304, headers);
      return context.body(new Uint8Array(found.body), 200, {
        ...headers,
        "content-type": "application/json",
      });
    },
  };
}
