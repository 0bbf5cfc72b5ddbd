// /v1/keys: API keys over HTTP, for those who hold an admin key.
import * as z from "zod";
import { allowHost, denyHost } from "../../access/denials.ts";
import { listKeysAndHosts } from "../../access/key-list.ts";
import { revokeKey } from "../../access/key-revocation.ts";
import { apiKeySchema, createKey, KEY_REQUEST_JSON_SCHEMA, keyRequestSchema } from "../../access/keys.ts";
import { CUT_MACHINE } from "../../access/machine.ts";
import { toAscii } from "../../questions/facts.ts";
import { HOST_ID } from "../../questions/parameters.ts";
import { readJsonBody } from "../body.ts";
import { awaitStore } from "../deadline.ts";
import { readHostId } from "../host-authorization.ts";
import { ApiError } from "../problem-details.ts";
import type { Route } from "../route.ts";
import { SAMPLE_ADDRESS } from "../sample-address.ts";

const MAX_KEY_REQUEST_BYTES = 4096;
const KEY_SCHEMA = z.toJSONSchema(apiKeySchema, { io: "input", unrepresentable: "any" });
const TIME = { type: "string", format: "date-time" };
const LIST_SCHEMA = {
  type: "object",
  required: ["keys", "hosts"],
  properties: {
    keys: {
      type: "array",
      items: {
        allOf: [KEY_SCHEMA, { type: "object", properties: { last_used_at: TIME } }],
      },
    },
    hosts: {
      type: "array",
      items: {
        type: "object",
        required: ["id", "enrolled"],
        properties: {
          id: { type: "string" },
          enrolled: { type: "boolean" },
          last_used_at: TIME,
          denied_at: TIME,
        },
      },
    },
  },
};

/** Makes GET /v1/keys. */
export function getKeys(): Route {
  return {
    method: "get",
    path: "/v1/keys",
    scope: "admin",
    summary: "All API keys, without their secrets, and the hosts that are enrolled or shut out",
    description:
      "Oldest first. `last_used_at` is noted at most once an hour for an API key and " +
      "once a day for a host's own, so a use since then may not show; it is missing " +
      "where none was noted.",
    answers: {
      200: {
        description: "The keys and hosts.",
        headers: ["Rollcall-Warning"],
        content: { "application/json": LIST_SCHEMA },
      },
    },
    errors: [401, 403, 429, 503],
    sample: `curl -H "x-api-key: $ROLLCALL_KEY" ${SAMPLE_ADDRESS}/v1/keys | jq`,
    async handle(context, services) {
      const unreadable: string[] = [];
      const list = await awaitStore(
        listKeysAndHosts(services.store, (id) => unreadable.push(id)),
        services,
      );
      return context.json(list, 200, {
        "cache-control": "no-store",
        ...(unreadable.length > 0 && {
          "rollcall-warning": toAscii(`keys that cannot be read: ${unreadable.join(", ")}`),
        }),
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
    body: { description: "What the key is for and what it may do.", schema: KEY_REQUEST_JSON_SCHEMA },
    answers: {
      201: {
        description: "The key and its secret.",
        content: {
          "application/json": {
            allOf: [
              KEY_SCHEMA,
              { type: "object", required: ["secret"], properties: { secret: { type: "string" } } },
            ],
          },
        },
      },
    },
    errors: [400, 401, 403, 413, 429, 503],
    sample:
      `curl -H "x-api-key: $ROLLCALL_KEY" -d '{"name":"web","scopes":["read"]}' ` +
      `${SAMPLE_ADDRESS}/v1/keys`,
    async handle(context, services) {
      const request = keyRequestSchema(services.clock()).safeParse(
        await readJsonBody(context, MAX_KEY_REQUEST_BYTES),
      );
      if (!request.success)
        throw new ApiError("bad_request", z.prettifyError(request.error).replaceAll("\n", " "));
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
      {
        name: "machine",
        in: "query",
        description:
          "Of a host: the machine that alone may enrol under its id next, as " +
          "/v1/problems names it. Without it any may.",
        schema: z.toJSONSchema(CUT_MACHINE),
        example: "0123456789abcdef",
      },
    ],
    answers: { 204: { description: "The key is revoked." } },
    errors: [400, 401, 403, 404, 429, 503],
    sample: `curl -X DELETE -H "x-api-key: $ROLLCALL_KEY" ${SAMPLE_ADDRESS}/v1/keys/abcdefghijkl`,
    async handle(context, services) {
      const id = context.req.param("id") ?? "";
      const machine = CUT_MACHINE.optional().safeParse(context.req.query("machine"));
      if (!machine.success)
        throw new ApiError(
          "bad_request",
          "machine: write 16 hexadecimal digits, as /v1/problems names a machine",
        );
      if (!(await awaitStore(revokeKey(services.store, id, machine.data), services)))
        throw new ApiError("not_found", "there is no such key");
      services.keyring.invalidate(id);
      services.log.info({ key: id }, "API key revoked");
      return context.body(null, 204);
    },
  };
}

/** Makes PUT /v1/denials/{id}. */
export function putDenial(): Route {
  return {
    method: "put",
    path: "/v1/denials/{id}",
    scope: "admin",
    summary: "Shut a host out for good",
    description:
      "From then on no server of this store takes a report of this host, with " +
      "whatever key, nor enrols it: 403. Its report stays until it expires; DELETE " +
      "/v1/reports/{id} takes it out at once.",
    parameters: [HOST_ID],
    answers: { 204: { description: "The host is shut out." } },
    errors: [400, 401, 403, 429, 503],
    sample: `curl -X PUT -H "x-api-key: $ROLLCALL_KEY" ${SAMPLE_ADDRESS}/v1/denials/i-0123456789abcdef0`,
    async handle(context, services) {
      const id = readHostId(context);
      await awaitStore(denyHost(services.store, id, services), services);
      services.log.info({ id }, "host denied");
      return context.body(null, 204);
    },
  };
}

/** Makes DELETE /v1/denials/{id}. */
export function deleteDenial(): Route {
  return {
    method: "delete",
    path: "/v1/denials/{id}",
    scope: "admin",
    summary: "Let a host in again",
    description: "Undoes PUT: what keys the host had open again.",
    parameters: [HOST_ID],
    answers: { 204: { description: "The host is let in again." } },
    errors: [401, 403, 404, 429, 503],
    sample: `curl -X DELETE -H "x-api-key: $ROLLCALL_KEY" ${SAMPLE_ADDRESS}/v1/denials/i-0123456789abcdef0`,
    async handle(context, services) {
      const id = context.req.param("id") ?? "";
      if (!(await awaitStore(allowHost(services.store, id), services)))
        throw new ApiError("not_found", "this host is not shut out");
      services.log.info({ id }, "host allowed again");
      return context.body(null, 204);
    },
  };
}
