// GET /v1/versions: which version of each module runs on how many hosts.
import { createHash } from "node:crypto";
import type { HttpBindings } from "@hono/node-server";
import type { Format } from "../../questions/array.ts";
import { toAscii } from "../../questions/facts.ts";
import { createFieldReader } from "../../questions/field-values.ts";
import { PARTIAL, STATE, WITHIN } from "../../questions/parameters.ts";
import { QueryError } from "../../questions/query.ts";
import type { Selection } from "../../questions/selection.ts";
import { answerVersions, type VersionAnswer, writeVersions } from "../../questions/version-answer.ts";
import { parseVersionQuery, type VersionQuery } from "../../questions/version-query.ts";
import type { RollView } from "../../roll/view.ts";
import type { Yielder } from "../../roll/yielder.ts";
import type { AnswerCache } from "../answer-cache.ts";
import { yieldWhileConnected } from "../client-gone.ts";
import { awaitView } from "../deadline.ts";
import { describePartial } from "../header.ts";
import { ApiError } from "../problem-details.ts";
import { negotiateFormat, type Representer, toResponse } from "../representation.ts";
import type { Route, Services } from "../route.ts";
import { NOT_MODIFIED } from "../schemas.ts";

const VERSION_SCHEMA = {
  type: "object",
  required: ["field", "value", "variant", "version", "count", "share", "behind"],
  properties: {
    field: { type: "string", description: "As it was asked for." },
    value: { type: ["string", "null"], description: "null: the hosts that have no value there." },
    variant: { type: "string", description: "The value without its version: `A_red` of `A_red_1.9`." },
    version: { type: "string", description: "`1.9` of `A_red_1.9`; empty where the value holds no version." },
    count: { type: "integer", description: "Hosts that have the value, each once." },
    share: {
      type: "number",
      description: "Of all hosts in question, those without a value included; 0 to 1.",
    },
    behind: {
      type: "boolean",
      description:
        "Another value of the same variant is newer; for a version that stands " +
        "alone, in every service that has it.",
    },
    newest: {
      type: "string",
      description:
        "Where it is behind: the newest version of its variant, or of its service; " +
        "if several services have it and differ, the oldest of theirs.",
    },
    by: {
      type: "object",
      additionalProperties: { type: "integer" },
      description: "With `by`: hosts for each of its values.",
    },
    hosts: { type: "array", items: { type: "string" }, description: "With `hosts=true`: host ids." },
  },
};

/** What a byte costs that is written, as against one that is looked at. */
const WRITTEN_BYTES = 4;

/** What an answer says of its reports. */
type Told = Pick<Selection, "silent" | "problems" | "validUntil">;

/** An answer, without the objects that its bytes were made of, which take several times as much. */
interface Kept {
  readonly version: number;
  readonly answer: Pick<VersionAnswer, "hosts" | "warnings"> & { readonly selection: Told };
  readonly bytes: Buffer;
  readonly digest: string;
}

/**
 * Makes the route. @param answers where answers are kept: a question asked again while nothing
 * changed costs a look-up
 */
export function listVersions(answers: AnswerCache, representer: Representer): Route {
  const reader = createFieldReader();
  const kept = answers.openShelf<Kept>(false);

  async function answer(
    view: RollView,
    query: VersionQuery,
    format: Format,
    { labels, yielder }: Pick<Services, "labels"> & { readonly yielder: Yielder },
  ): Promise<Kept> {
    const key = `${format} ${query.text}`;
    const known = kept.get(key);
    if (known?.version === view.version && view.asOf <= known.answer.selection.validUntil) return known;
    const made = await answerVersions(view, query, { labels, reader, yielder });
    const hash = createHash("sha256");
    const pieces: Buffer[] = [];
    for (const piece of writeVersions(made.values, format)) {
      const wait = yielder.spend(piece.length * WRITTEN_BYTES);
      if (wait !== undefined) await wait;
      hash.update(piece);
      pieces.push(piece);
    }
    const digest = hash.digest("base64url").slice(0, 22);
    const { hosts, warnings, selection } = made;
    const { silent, problems, validUntil } = selection;
    const told = { hosts, warnings, selection: { silent, problems, validUntil } };
    const fresh = { version: view.version, answer: told, bytes: Buffer.concat(pieces), digest };
    kept.set(key, fresh, fresh.bytes.length);
    return fresh;
  }

  return {
    method: "get",
    path: "/v1/versions",
    scope: "read",
    summary: "Which version runs on how many hosts",
    description:
      "For each value of a field, how many hosts have it, the newest version of each " +
      "variant first. Versions are compared as versions (`A_red_1.10` is newer than " +
      "`A_red_1.9`), and what is behind the newest of its variant is marked. " +
      "Filters are those of /v1/reports, and labels (`env=prod`) beside them.",
    parameters: [
      {
        name: "field",
        in: "query",
        description:
          "The field; several split by commas, at most 16. A path goes through " +
          "objects and arrays. Without it, the fields whose values hold versions.",
        schema: { type: "string" },
        example: "processes.module_A_filename",
      },
      {
        name: "by",
        in: "query",
        description:
          "Divide the counts by a label or a field; up to three, split by commas. " +
          "Labels come from the server's configuration; `env` and `service` of " +
          "instance_name are built in.",
        schema: { type: "string" },
        example: "env",
      },
      {
        name: "hosts",
        in: "query",
        description: "`true` adds the ids of the hosts to each value.",
        schema: { enum: ["true", "false"], default: "false" },
      },
      WITHIN,
      STATE,
      {
        name: "filter",
        in: "query",
        anyName: true,
        description: "Any other name is a label or a field to filter by, as at /v1/reports.",
        schema: { type: "object", additionalProperties: { type: "string" } },
        example: "env=prod",
      },
      PARTIAL,
    ],
    answers: {
      200: {
        description: "The values.",
        content: {
          "application/json": { type: "array", items: VERSION_SCHEMA },
          "application/x-ndjson": { type: "string", description: "One value a line." },
        },
        headers: [
          "Rollcall-As-Of",
          "Rollcall-Count",
          "Rollcall-Silent",
          "Rollcall-Problems",
          "Rollcall-Warning",
          "Rollcall-Partial",
          "Rollcall-Missing",
          "ETag",
        ],
      },
      304: NOT_MODIFIED,
    },
    errors: [400, 401, 403, 429, 503],
    sample:
      `curl -H "x-api-key: $ROLLCALL_KEY" ` +
      "'http://127.0.0.1:8787/v1/versions?field=processes.module_A_filename&by=env' | " +
      "jq",

    async handle(context, services) {
      const query = readVersionQuery(new URL(context.req.url).searchParams, services);
      const view = await awaitView(services, query.reports.partial);
      answers.follow(view);
      const format = negotiateFormat(context);
      const {
        answer: made,
        bytes,
        digest,
      } = await answer(view, query, format, {
        labels: services.labels,
        yielder: yieldWhileConnected(context),
      });
      const warnings = made.warnings.join("; ");
      const representation = await representer.represent(
        context,
        {
          digest,
          estimate: bytes.length,
          whole: bytes,
          headers: {
            "rollcall-as-of": new Date(view.asOf).toISOString(),
            "rollcall-count": String(made.hosts),
            "rollcall-silent": String(made.selection.silent),
            "rollcall-problems": String(made.selection.problems),
            ...(warnings ? { "rollcall-warning": toAscii(warnings) } : {}),
            ...describePartial(view),
          },
          write: () => [bytes],
        },
        format,
      );
      const incoming = (context.env as HttpBindings | undefined)?.incoming;
      if (incoming) services.hotAnswers?.keep(incoming, view, representation);
      return toResponse(representation);
    },
  };
}

/** Reads the question; a mistake in it is the caller's. @throws ApiError bad_request */
function readVersionQuery(
  parameters: Iterable<readonly [string, string]>,
  { labels, windowMs }: Services,
): VersionQuery {
  try {
    return parseVersionQuery(parameters, labels, windowMs);
  } catch (error) {
    if (error instanceof QueryError)
      throw new ApiError("bad_request", error.message, { extensions: { parameter: error.parameter } });
    throw error;
  }
}
