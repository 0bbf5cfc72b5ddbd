// POST /v1/enrolments: a host gets a key of its own.
import * as z from "zod";
import { isHostId } from "../../report/key.ts";
import { authorize } from "../authorization.ts";
import { readBody } from "../body.ts";
import { awaitStore } from "../deadline.ts";
import { enrolHost, isInstanceId, machineSchema } from "../enrolment.ts";
import { readView } from "../host-authorization.ts";
import { findIdentityFault, identitySchema } from "../identity-document.ts";
import { ApiError } from "../problem-details.ts";
import type { Route } from "../route.ts";

const MAX_BODY_BYTES = 32 * 1024;

const NO_WORD =
  "this server takes EC2's word alone for ids of EC2 (i-…), and the request has none; enrol on the instance itself, with an agent of this " +
  "version that reaches the metadata service; see docs/enrol.md";

const requestSchema = z.strictObject({
  id: z
    .string()
    .refine(isHostId, "must be a host id")
    .describe("The host id, which will be the only one that the key may write."),
  ...machineSchema.shape,
  identity: identitySchema.optional().describe("On EC2: the instance's identity document."),
});
const REQUEST_SCHEMA = z.toJSONSchema(requestSchema, { io: "input", unrepresentable: "any" });

/** Makes POST /v1/enrolments. */
export function postEnrolment(): Route {
  return {
    method: "post",
    path: "/v1/enrolments",
    summary: "Get a host a key of its own",
    description:
      "Needs a key with the scope `enrol`. Where the server takes EC2's word, ids of EC2 (`i-…`) need the instance's signed identity document in the body, and a key does not do. " +
      "The key that comes back writes this host's reports alone, and only from this machine. A second machine with the same id is refused with 409 and listed under /v1/problems.",
    body: { description: "Who the host is.", schema: REQUEST_SCHEMA },
    answers: {
      201: {
        description: "The host's key.",
        content: {
          "application/json": {
            type: "object",
            required: ["id", "secret"],
            properties: { id: { type: "string" }, secret: { type: "string", description: "Shown this once." } },
          },
        },
      },
    },
    errors: [400, 401, 403, 409, 413, 503],
    sample: `curl -H "x-api-key: $ROLLCALL_ENROL_KEY" -d @host.json http://127.0.0.1:8787/v1/enrolments`,

    async handle(context, services) {
      const body = await readBody(context, MAX_BODY_BYTES);
      const request = requestSchema.safeParse(parseJson(body));
      if (!request.success) throw new ApiError("bad_request", z.prettifyError(request.error).replaceAll("\n", " "));
      const { id, identity, ...machine } = request.data;
      const trust = services.identityTrust;
      // Whoever holds an enrolment key could sit on an instance's id otherwise, before the instance comes or after it has gone.
      const isProven = trust !== undefined && isInstanceId(id);
      if (!isProven) await authorize(context, services, "enrol");
      else {
        const fault = identity === undefined ? NO_WORD : findIdentityFault(identity, id, trust, services.clock());
        if (fault !== undefined) throw new ApiError("forbidden", fault);
      }
      const outcome = await awaitStore(
        enrolHost(services.store, { id, isProven, ...machine, ...readView(context.req) }, services),
        services,
      );
      if ("refusal" in outcome) {
        services.clones.note(id, outcome.refusal);
        services.log.warn({ id, reason: outcome.refusal }, "an enrolment was refused");
        throw new ApiError("clone", `${outcome.refusal}; see docs/enrol.md`);
      }
      services.log.info({ id, proven: isProven }, "host enrolled");
      return context.json({ id, secret: outcome.secret }, 201, { "cache-control": "no-store" });
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
