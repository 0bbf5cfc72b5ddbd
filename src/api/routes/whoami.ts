// GET /v1/whoami: who asks, and what they may; so that the page knows whether it is signed in.
import { CALLER_KINDS } from "../../access/caller.ts";
import { HOST_SCOPES, SCOPES } from "../../access/scopes.ts";
import type { Schema } from "../../questions/question.ts";
import { ApiError } from "../problem-details.ts";
import type { Route } from "../route.ts";
import { SAMPLE_ADDRESS } from "../sample-address.ts";

const CALLER_SCHEMA: Schema = {
  type: "object",
  required: ["kind", "id", "name", "scopes"],
  properties: {
    kind: {
      type: "string",
      enum: CALLER_KINDS,
      description:
        "How the caller has shown who it is: an API key; a token that the company's issuer or proxy " +
        "signed; a request signed for AWS.",
    },
    id: { type: "string", description: "The key's id, the token's subject, the caller's ARN." },
    name: { type: "string", description: "For people." },
    scopes: {
      type: "array",
      items: { type: "string", enum: SCOPES },
      description: "What the caller may do.",
    },
    host: { type: "string", description: "The one host that a key is for." },
    expires_at: { type: "string", format: "date-time", description: "When this ends by itself." },
  },
};

/** Makes GET /v1/whoami. */
export function getWhoami(): Route {
  return {
    method: "get",
    path: "/v1/whoami",
    scope: "any",
    summary: "Who asks, and what they may do",
    description: "Of a key that is for one host, `scopes` has what counts of it.",
    types: { Caller: CALLER_SCHEMA },
    answers: {
      200: {
        description: "Whoever asks.",
        content: { "application/json": { $ref: "#/components/schemas/Caller" } },
      },
    },
    errors: [401, 403, 429, 503],
    sample: `curl -H "x-api-key: $ROLLCALL_KEY" ${SAMPLE_ADDRESS}/v1/whoami`,
    async handle(context, _services, caller) {
      if (!caller) throw new ApiError("internal", "nobody was asked for");
      const { kind, id, name, scopes, host, expires_at } = caller;
      const counted = host === undefined ? scopes : scopes.filter((scope) => HOST_SCOPES.includes(scope));
      return context.json({ kind, id, name, scopes: counted, host, expires_at }, 200, {
        "cache-control": "no-store",
      });
    },
  };
}
