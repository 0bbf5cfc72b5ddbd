// /v1/keys: API keys over HTTP, for those who hold an admin key.
import * as z from "zod";
import { readBody } from "../body.ts";
import { awaitStore } from "../deadline.ts";
import { toAscii } from "../header.ts";
import { listKeys } from "../key-list.ts";
import { apiKeySchema, createKey, keyRequestSchema, revokeKey } from "../keys.ts";
import { ApiError } from "../problem-details.ts";
import type { Route } from "../route.ts";

const MAX_BODY_BYTES = 4096;
const KEY_SCHEMA = z.toJSONSchema(apiKeySchema, { io: "input", unrepresentable: "any" });
const REQUEST_SCHEMA = z.toJSONSchema(keyRequestSchema, { io: "input", unrepresentable: "any" });

/** Makes GET /v1/keys. */
export function getKeys(): Route {
  return {
    method: "get",
    path: "/v1/keys",
    scope: "admin",
    summary: "All API keys, without their secrets",
    description: "Oldest first.",
    answers: {
      200: {
        description: "The keys.",
        headers: ["Rollcall-Warning"],
        content: {
          "application/json": { type: "object", required: ["keys"], properties: { keys: { type: "array", items: KEY_SCHEMA } } },
        },
      },
    },
    errors: [401, 403, 503],
    sample: `curl -H "x-api-key: $ROLLCALL_KEY" http://127.0.0.1:8787/v1/keys | jq`,
    async handle(context, services) {
      const unreadable: string[] = [];
      const keys = await awaitStore(
        listKeys(services.store, (id) => unreadable.push(id)),
        services,
      );
      return context.json({ keys }, 200, {
        "cache-control": "no-store",
        ...(unreadable.length > 0 && { "rollcall-warning": toAscii(`keys that cannot be read: ${unreadable.join(", ")}`) }),
      });
    },
  };
}

/** Makes POST /v1/keys. */
export function postKey(): Route {
  return {
    method: "post",
    path: "/v1/keys",
    scope: "admin",
    summary: "Make an API key",
    description: "The answer holds the secret, which is shown this once.",
    body: { description: "What the key is for and what it may do.", schema: REQUEST_SCHEMA },
    answers: {
      201: {
        description: "The key and its secret.",
        content: {
          "application/json": {
            allOf: [KEY_SCHEMA, { type: "object", required: ["secret"], properties: { secret: { type: "string" } } }],
          },
        },
      },
    },
    errors: [400, 401, 403, 413, 503],
    sample: `curl -H "x-api-key: $ROLLCALL_KEY" -d '{"name":"web","scopes":["read"]}' http://127.0.0.1:8787/v1/keys`,
    async handle(context, services) {
      const request = keyRequestSchema.safeParse(parseJson(await readBody(context, MAX_BODY_BYTES)));
      if (!request.success) throw new ApiError("bad_request", z.prettifyError(request.error).replaceAll("\n", " "));
      const { key, secret } = await awaitStore(createKey(services.store, request.data, services), services);
      services.keyring.invalidate();
      services.log.info({ key: key.id, scopes: key.scopes }, "API key made");
      return context.json({ ...key, secret }, 201, { "cache-control": "no-store" });
    },
  };
}

/** Makes DELETE /v1/keys/{id}. */
export function deleteKey(): Route {
  return {
    method: "delete",
    path: "/v1/keys/{id}",
    scope: "admin",
    summary: "Revoke an API key",
    description: "This server refuses it at once, others within five seconds.",
    parameters: [
      {
        name: "id",
        in: "path",
        description: "The key's id, as lists show it; or a host's id, for the key that it enrolled for.",
        schema: { type: "string" },
      },
    ],
    answers: { 204: { description: "The key is revoked." } },
    errors: [401, 403, 404, 503],
    sample: `curl -X DELETE -H "x-api-key: $ROLLCALL_KEY" http://127.0.0.1:8787/v1/keys/abcdefghijkl`,
    async handle(context, services) {
      const id = context.req.param("id") ?? "";
      if (!(await awaitStore(revokeKey(services.store, id), services))) throw new ApiError("not_found", "there is no such key");
      services.keyring.invalidate(id);
      services.log.info({ key: id }, "API key revoked");
      return context.body(null, 204);
    },
  };
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    throw new ApiError("bad_request", "the body is not JSON");
  }
}
