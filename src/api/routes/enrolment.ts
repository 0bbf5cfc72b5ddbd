// POST /v1/enrolments: a host gets a key of its own.
import * as z from "zod";
import { callerSchema } from "../../access/caller-identity.ts";
import { enrolHost, isInstanceId } from "../../access/enrolment.ts";
import { type ProvenIdentity, proveIdentity } from "../../access/identity.ts";
import { identitySchema } from "../../access/identity-document.ts";
import { machineSchema } from "../../access/machine.ts";
import { isHostId } from "../../report/key.ts";
import { authorize } from "../authorization.ts";
import { readJsonBody } from "../body.ts";
import { awaitStore } from "../deadline.ts";
import { refuseDenied } from "../denied-host.ts";
import { readView } from "../host-authorization.ts";
import { ApiError } from "../problem-details.ts";
import type { Route } from "../route.ts";
import { SAMPLE_ADDRESS } from "../sample-address.ts";

const MAX_ENROLMENT_REQUEST_BYTES = 32 * 1024;

const requestSchema = z.strictObject({
  id: z
    .string()
    .refine(isHostId, "must be a host id")
    .describe("The host id, which will be the only one that the key may write."),
  ...machineSchema.shape,
  identity: identitySchema.optional().describe("On EC2: the instance's identity document."),
  caller: callerSchema
    .optional()
    .describe("On EC2: what makes a GetCallerIdentity whole that the instance's role has signed."),
});
const REQUEST_SCHEMA = z.toJSONSchema(requestSchema, { io: "input", unrepresentable: "any" });

/** Makes POST /v1/enrolments. */
export function postEnrolment(): Route {
  return {
    method: "post",
    path: "/v1/enrolments",
    summary: "Get a host a key of its own",
    description:
      "Needs a key with the scope `enrol`. Where the server takes EC2's word, ids of " +
      "EC2 (`i-…`) need it in the body, and a key does not do: a GetCallerIdentity " +
      "that the instance's role has signed over a nonce of this server, or the " +
      "instance's signed identity document. " +
      "The key that comes back writes this host's reports alone, and only from this " +
      "machine. A second machine with the same id is refused with 409 and listed " +
      "under /v1/problems.",
    body: { description: "Who the host is.", schema: REQUEST_SCHEMA },
    answers: {
      201: {
        description: "The host's key.",
        content: {
          "application/json": {
            type: "object",
            required: ["id", "secret"],
            properties: {
              id: { type: "string" },
              secret: { type: "string", description: "Shown this once." },
            },
          },
        },
      },
    },
    errors: [400, 401, 403, 409, 413, 429, 503, 507],
    sample: `curl -H "x-api-key: $ROLLCALL_ENROL_KEY" -d @host.json ${SAMPLE_ADDRESS}/v1/enrolments`,

    async handle(context, services) {
      const request = requestSchema.safeParse(await readJsonBody(context, MAX_ENROLMENT_REQUEST_BYTES));
      if (!request.success)
        throw new ApiError("bad_request", z.prettifyError(request.error).replaceAll("\n", " "));
      const { identity, caller, ...subject } = request.data;
      const { id } = subject;
      const trust = services.identityTrust;
      let proven: ProvenIdentity | undefined;
      // Whoever holds an enrolment key could sit on an instance's id otherwise, before the instance
      // comes or after it has gone.
      if (trust === undefined || !isInstanceId(id)) {
        const key = await authorize(context, services, "enrol");
        if (key.host !== undefined && key.host !== id)
          throw new ApiError("forbidden", `the key ${key.id} may enrol the host ${key.host} only`);
        services.bounds?.take(key, id);
        services.bounds?.claim(key, id);
      } else {
        const found = await awaitStore(
          proveIdentity({ identity, caller }, subject, trust, services.clock()),
          services,
        );
        if ("fault" in found) throw new ApiError("enrolment_refused", found.fault);
        proven = found;
      }
      await refuseDenied(services, id, "enrolment_refused");
      const outcome = await awaitStore(
        enrolHost(services.store, { ...subject, proven, ...readView(context.req) }, services),
        services,
      );
      if ("refusal" in outcome) {
        services.log.warn({ id, reason: outcome.refusal }, "an enrolment was refused");
        if (outcome.isNoClone) throw new ApiError("enrolment_refused", outcome.refusal);
        services.clones.note(id, outcome.advice ?? outcome.refusal);
        throw new ApiError("clone", `${outcome.refusal}; see docs/enrol.md`);
      }
      if (outcome.ousted !== undefined) {
        services.clones.note(id, outcome.ousted);
        services.log.warn(
          { id, reason: outcome.ousted },
          "a machine lost its keys to one with a better proof",
        );
      }
      services.log.info({ id, proof: proven?.proof ?? "key" }, "host enrolled");
      return context.json({ id, secret: outcome.secret }, 201, { "cache-control": "no-store" });
    },
  };
}

/** Makes POST /v1/enrolments/nonces. */
export function postNonce(): Route {
  return {
    method: "post",
    path: "/v1/enrolments/nonces",
    summary: "Get a nonce for a GetCallerIdentity that enrols",
    description:
      "Where the server takes such requests, an EC2 instance signs the nonce along " +
      "with its host id, its machine and the server's address. It counts once, and " +
      "for a minute.",
    answers: {
      201: {
        description: "A nonce.",
        content: {
          "application/json": {
            type: "object",
            required: ["nonce", "issued_at", "expires_at"],
            properties: {
              nonce: { type: "string" },
              issued_at: { type: "string", format: "date-time", description: "The server's time." },
              expires_at: { type: "string", format: "date-time" },
            },
          },
        },
      },
    },
    errors: [404, 503],
    sample: `curl -X POST ${SAMPLE_ADDRESS}/v1/enrolments/nonces`,

    async handle(context, services) {
      const { callers } = services.identityTrust ?? {};
      if (!callers)
        throw new ApiError(
          "not_found",
          "this server takes no GetCallerIdentity; see --identity-caller of rollcall serve",
        );
      const { value, endsAt } = await awaitStore(callers.nonces.issue(), services);
      const times = {
        issued_at: new Date(services.clock()).toISOString(),
        expires_at: new Date(endsAt).toISOString(),
      };
      return context.json({ nonce: value, ...times }, 201, { "cache-control": "no-store" });
    },
  };
}
