// GET /v1/reports: the roll as one JSON array.

import { createHash } from "node:crypto";
import type { HttpBindings } from "@hono/node-server";
import { measureReports, writeReports } from "../../questions/array.ts";
import { toAscii } from "../../questions/facts.ts";
import { FIELDS, META, PARTIAL, STATE, WITHIN } from "../../questions/parameters.ts";
import { parseQuery, type Query, QueryError } from "../../questions/query.ts";
import { type Selection, selectReports } from "../../questions/selection.ts";
import type { RollView } from "../../roll/view.ts";
import type { Yielder } from "../../roll/yielder.ts";
import type { AnswerCache } from "../answer-cache.ts";
import { yieldWhileConnected } from "../client-gone.ts";
import { awaitView } from "../deadline.ts";
import { describePartial } from "../header.ts";
import { ApiError } from "../problem-details.ts";
import { negotiateFormat, type Representer, toResponse } from "../representation.ts";
import type { Route } from "../route.ts";
import { NOT_MODIFIED, REPORT_SCHEMA_REF } from "../schemas.ts";

/**
 * Makes the route. @param answers where selections are kept: a question asked again while nothing
 * changed costs a look-up
 */
export function listReports(answers: AnswerCache, representer: Representer): Route {
  const select = cacheSelections(answers);
  return {
    method: "get",
    path: "/v1/reports",
    aliases: ["/v1/app-report"],
    scope: "read",
    summary: "Every fresh report, as one JSON array",
    description:
      "The reports of all hosts heard of within the window, ordered by where they " +
      "lie in the store, each as its host sent it, fields in the host's order. " +
      "With `Accept: application/x-ndjson`, one report a line. The array is complete " +
      "or the answer is an error.",
    parameters: [
      WITHIN,
      STATE,
      {
        name: "filter",
        in: "query",
        anyName: true,
        description:
          "Any other name is a field to filter by: `FIELD=VALUE`. `*` stands for any " +
          "run of characters (`\\*` for a star). One field several times: any value " +
          "will do; " +
          "different fields: all must match. Paths go through objects and arrays: " +
          "`processes.module_A_filename=A_red_*`. A field named like a parameter is " +
          "written with a dot in front: `.state=running`.",
        schema: { type: "object", additionalProperties: { type: "string" } },
        example: "instance_life_cycle=spot",
      },
      FIELDS,
      META,
      PARTIAL,
    ],
    answers: {
      200: {
        description: "The reports.",
        content: {
          "application/json": { type: "array", items: REPORT_SCHEMA_REF },
          "application/x-ndjson": { type: "string", description: "One report a line." },
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
      "'http://127.0.0.1:8787/v1/reports?instance_life_cycle=spot' | jq",

    async handle(context, services) {
      const url = new URL(context.req.url);
      const query = readQuery(url.searchParams, services.windowMs);
      const view = await awaitView(services, query.partial);
      answers.follow(view);
      const question = describeQuestion(query);
      const selection = await select(view, query, question, yieldWhileConnected(context));
      const warnings = selection.warnings.join("; ");
      const format = negotiateFormat(context);
      const representation = await representer.represent(
        context,
        {
          digest: `${selection.digest}${hashText(question)}`,
          estimate: selection.bytes,
          length: measureReports(selection, query, format),
          headers: {
            "rollcall-as-of": new Date(view.asOf).toISOString(),
            "rollcall-count": String(selection.positions.length),
            "rollcall-silent": String(selection.silent),
            "rollcall-problems": String(selection.problems),
            ...(warnings ? { "rollcall-warning": toAscii(warnings) } : {}),
            ...describePartial(view),
          },
          write: () => writeReports(selection, query, format, view.asOf),
        },
        format,
      );
      const incoming = (context.env as HttpBindings | undefined)?.incoming;
      if (incoming) services.hotAnswers?.keep(incoming, view, representation);
      const { body } = representation;
      const { overflow } = services;
      // Compressed, an answer is a tenth of its size, and no roll that fits into memory is too
      // large then.
      const isTooLarge = body !== null && !representation.headers["content-encoding"];
      const response = toResponse(representation);
      return overflow && isTooLarge && selection.bytes > overflow.limitBytes
        ? await overflow.redirect(response)
        : response;
    },
  };
}

/** Reads the question; a mistake in it is the caller's. @throws ApiError bad_request */
export function readQuery(parameters: Iterable<readonly [string, string]>, windowMs: number): Query {
  try {
    return parseQuery(parameters, windowMs);
  } catch (error) {
    if (error instanceof QueryError)
      throw new ApiError("bad_request", error.message, { extensions: { parameter: error.parameter } });
    throw error;
  }
}

/** A selection stands until the roll changes or a report crosses a boundary of age. */
function cacheSelections(answers: AnswerCache) {
  const cache = answers.openShelf<{ version: number; selection: Selection }>(false);
  return async (view: RollView, query: Query, question: string, yielder: Yielder): Promise<Selection> => {
    const cached = cache.get(question);
    if (cached?.version === view.version && view.asOf <= cached.selection.validUntil) return cached.selection;
    const selection = await selectReports(view, query, yielder);
    cache.set(question, { version: view.version, selection }, selection.positions.byteLength);
    return selection;
  };
}

/** Two questions with the same text have the same answer. */
function describeQuestion({ windowMs, state, filters, fields, meta }: Query): string {
  return JSON.stringify([windowMs, state, filters.map(({ field, values }) => [field, values]), fields, meta]);
}

function hashText(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, 8);
}
