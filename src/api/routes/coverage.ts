// GET /v1/coverage: who reported, who did not.
import { type Coverage, judgeCoverage, readExpectation } from "../../questions/coverage.ts";
import { describeDoubts } from "../../questions/doubts.ts";
import { toAscii } from "../../questions/facts.ts";
import { PARTIAL, WITHIN } from "../../questions/parameters.ts";
import { parseSpan, QueryError } from "../../questions/query.ts";
import { yieldWhileConnected } from "../client-gone.ts";
import { awaitView, readPartialFlag } from "../deadline.ts";
import { describePartial } from "../header.ts";
import { ApiError } from "../problem-details.ts";
import type { Route, Services } from "../route.ts";

/** Most hosts named in one list of an answer; the counts are of all. */
const MAX_SHOWN = 10_000;

/** How a warning begins that the list of expected hosts cannot be used. */
export const NOBODY_MISSING = "nobody is said to be missing";

const HOST_AT = (name: string, description: string) => ({
  type: "array",
  items: {
    type: "object",
    required: ["id", "account", name],
    properties: {
      id: { type: "string" },
      account: { type: ["string", "null"] },
      [name]: { type: "string", format: "date-time", description },
    },
  },
});

/** Makes the route. */
export function getCoverage(): Route {
  let told: string | undefined;

  /** Who is expected. A list that is wrong is logged once, not at each question. */
  async function readList({ readExpected, log }: Services) {
    const list = await readExpectation(readExpected);
    if (list.mistake !== undefined && list.mistake !== told)
      log.warn(`coverage is not compared: ${list.mistake}`);
    told = list.mistake;
    return list;
  }

  return {
    method: "get",
    path: "/v1/coverage",
    scope: "read",
    summary: "Who reported, who fell silent, who is missing",
    description:
      "Counts and names: fresh hosts, silent ones and since when, those that left " +
      "within the last day, and what was set aside. Where the server was given a " +
      "list of expected hosts, " +
      "also which of them did not report; if that list cannot be read, " +
      `\`Rollcall-Warning\` says why. Lists hold at most ${MAX_SHOWN} hosts.`,
    parameters: [WITHIN, PARTIAL],
    answers: {
      200: {
        description: "The coverage.",
        content: {
          "application/json": {
            type: "object",
            required: ["as_of", "fresh", "silent", "departed", "set_aside", "counts"],
            properties: {
              as_of: { type: "string", format: "date-time" },
              fresh: { type: "integer", description: "Hosts with a fresh report." },
              expected: { type: "integer", description: "Hosts that were expected." },
              reported: { type: "integer", description: "Of them, those with a fresh report." },
              missing: {
                type: "array",
                description:
                  "Of them, those that neither reported nor left. `since`: when they " +
                  "last reported; null for never within a day.",
                items: {
                  type: "object",
                  required: ["id", "since"],
                  properties: {
                    id: { type: "string" },
                    since: { type: ["string", "null"], format: "date-time" },
                  },
                },
              },
              unexpected: {
                type: "array",
                items: { type: "string" },
                description: "Fresh hosts that nobody expected.",
              },
              silent: HOST_AT("since", "When the store received the last report."),
              departed: HOST_AT("at", "When the store received the departure."),
              set_aside: {
                type: "array",
                items: {
                  type: "object",
                  required: ["key", "reason", "detail"],
                  properties: {
                    key: { type: "string" },
                    reason: { type: "string" },
                    detail: { type: "string" },
                  },
                },
              },
              counts: {
                type: "object",
                description: "How long the lists are when nothing is cut.",
                properties: {
                  silent: { type: "integer" },
                  departed: { type: "integer" },
                  set_aside: { type: "integer" },
                  missing: { type: "integer" },
                },
              },
            },
          },
        },
        headers: ["Rollcall-As-Of", "Rollcall-Warning", "Rollcall-Partial", "Rollcall-Missing"],
      },
    },
    errors: [400, 401, 403, 429, 503],
    sample: `curl -H "x-api-key: $ROLLCALL_KEY" http://127.0.0.1:8787/v1/coverage | jq`,

    async handle(context, services) {
      const windowMs = readWindow(context.req.query("within"), services.windowMs);
      const view = await awaitView(services, readPartialFlag(context));
      const { expected, mistake } = await readList(services);
      const coverage = await judgeCoverage(view, windowMs, expected, yieldWhileConnected(context));
      const clones = services.clones.list();
      const setAside = [
        ...clones.map(({ key, reason, detail }) => ({ key, reason, detail })),
        ...coverage.setAside,
      ];
      const shown = describeCoverage(
        { ...coverage, setAside, setAsideCount: coverage.setAsideCount + clones.length },
        MAX_SHOWN,
      );
      // The list's mistake last: who has a list of their own leaves it out.
      const warnings = [
        ...describeDoubts(view, windowMs),
        ...(mistake === undefined ? [] : [`${NOBODY_MISSING}: ${mistake}`]),
      ];
      return context.json(shown, 200, {
        "rollcall-as-of": shown.as_of,
        "cache-control": "private, no-store",
        ...describePartial(view),
        ...(warnings.length > 0 && { "rollcall-warning": toAscii(warnings.join("; ")) }),
      });
    },
  };
}

function readWindow(text: string | undefined, usual: number): number {
  try {
    return text === undefined ? usual : parseSpan(text, "within");
  } catch (error) {
    if (error instanceof QueryError)
      throw new ApiError("bad_request", error.message, { extensions: { parameter: "within" } });
    throw error;
  }
}

/**
 * A coverage as it is answered: names with underscores, times as ISO 8601. @param maxShown most
 * entries of each list
 */
export function describeCoverage(coverage: Coverage, maxShown: number) {
  const { asOf, fresh, silent, departed, setAside, setAsideCount, expectation } = coverage;
  const toText = (at: number) => new Date(at).toISOString();
  return {
    as_of: toText(asOf),
    fresh,
    ...(expectation && {
      expected: expectation.expected,
      reported: expectation.reported,
      missing: expectation.missing
        .slice(0, maxShown)
        .map(({ id, since }) => ({ id, since: since === undefined ? null : toText(since) })),
      unexpected: expectation.unexpected,
    }),
    silent: silent
      .slice(0, maxShown)
      .map(({ id, account, at }) => ({ id, account: account || null, since: toText(at) })),
    departed: departed
      .slice(0, maxShown)
      .map(({ id, account, at }) => ({ id, account: account || null, at: toText(at) })),
    set_aside: setAside.slice(0, maxShown),
    counts: {
      silent: silent.length,
      departed: departed.length,
      set_aside: setAsideCount,
      ...(expectation && { missing: expectation.missing.length }),
    },
  };
}

/** A coverage as it was answered. */
export type ShownCoverage = ReturnType<typeof describeCoverage>;
