// The OpenAPI document, made from the routes themselves, so that it cannot say anything else than
// they do.
import type { Schema } from "../questions/question.ts";
import { REPORT } from "../questions/report-schema.ts";
import { ERROR_CODES } from "./problem-details.ts";
import type { Answer, Parameter, Route } from "./route.ts";
import { RESPONSE_HEADERS } from "./schemas.ts";

/** An OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.1). */
export interface OpenApiDocument {
  readonly openapi: string;
  readonly info: Readonly<Record<string, unknown>>;
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly components: Readonly<Record<string, unknown>>;
}

const PROBLEM_DETAILS_REF = { $ref: "#/components/schemas/ProblemDetails" };

/**
 * Describes the routes. @param labels that those who ask may filter by: each is a parameter with a
 * name, so that generated clients know it
 */
export function describeApi(
  routes: readonly Route[],
  version: string,
  labels: Iterable<string> = [],
): OpenApiDocument {
  const byLabel = [...labels].map(describeLabel);
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    for (const [index, path] of [route.path, ...(route.aliases ?? [])].entries()) {
      paths[path] = {
        ...paths[path],
        [route.method]: describeOperation(route, path, { isAlias: index > 0, byLabel }),
      };
    }
  }
  return {
    openapi: "3.1.1",
    info: {
      title: "Rollcall",
      version,
      summary: "What is running on every host, right now",
      description:
        "Every host pushes one small JSON report; one URL returns every fresh one. " +
        "Errors are RFC 9457 problem+json.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    paths,
    components: {
      securitySchemes: {
        apiKey: {
          type: "apiKey",
          in: "header",
          name: "x-api-key",
          description: "A key that `rollcall keys create` printed.",
        },
        bearer: { type: "http", scheme: "bearer", description: "The same key as a bearer token." },
      },
      headers: RESPONSE_HEADERS,
      schemas: Object.assign({}, SCHEMAS, ...routes.map(({ types }) => types)),
    },
  };
}

function describeLabel(name: string): Parameter {
  const wildcard = "`*` stands for any run of characters.";
  return {
    name,
    in: "query",
    description: `Only hosts with this value of the label \`${name}\`; ${wildcard}`,
    schema: { type: "array", items: { type: "string" } },
  };
}

/** What a caller needs, in words; code between backticks. */
export function describeScope(scope: NonNullable<Route["scope"]>): string {
  return scope === "any" ? "Needs a key, of any scope." : `Needs a key with the scope \`${scope}\`.`;
}

function describeOperation(
  route: Route,
  path: string,
  { isAlias, byLabel }: { readonly isAlias: boolean; readonly byLabel: readonly Parameter[] },
): Record<string, unknown> {
  const { summary, description, scope, body, parameters = [] } = route;
  const known = new Set(parameters.map(({ name }) => name));
  const takesLabels = parameters.some(({ anyName }) => anyName);
  const all = [...parameters, ...(takesLabels ? byLabel.filter(({ name }) => !known.has(name)) : [])];
  return {
    operationId: `${route.method}${path.replace(/[^A-Za-z0-9]+(.)?/g, (_run, next: string | undefined) => (next ?? "").toUpperCase())}`,
    summary: isAlias ? `${summary} (the path that existing scripts call)` : summary,
    description: scope ? `${description}\n\n${describeScope(scope)}` : description,
    security: scope ? [{ apiKey: [] }, { bearer: [] }] : [],
    ...(all.length > 0 ? { parameters: all.map(describeParameter) } : {}),
    ...(body
      ? {
          requestBody: {
            required: true,
            description: body.description,
            content: { "application/json": { schema: body.schema } },
          },
        }
      : {}),
    responses: { ...mapValues(route.answers, describeAnswer), ...describeErrors(route.errors) },
    "x-codeSamples": [{ lang: "Shell", source: route.sample }],
  };
}

function describeParameter({
  name,
  in: place,
  description,
  schema,
  example,
  anyName,
  isRequired,
}: Parameter): Record<string, unknown> {
  return {
    name,
    in: place,
    description,
    required: place === "path" || isRequired === true,
    schema,
    ...(example && !anyName ? { example } : {}),
    ...(anyName ? { style: "form", explode: true } : {}),
  };
}

function describeAnswer({ description, content, headers }: Answer): Record<string, unknown> {
  return {
    description,
    ...(content ? { content: mapValues(content, (schema) => ({ schema })) } : {}),
    ...(headers
      ? {
          headers: Object.fromEntries(
            headers.map((name) => [name, { $ref: `#/components/headers/${name}` }]),
          ),
        }
      : {}),
  };
}

function describeErrors(statuses: readonly number[]): Record<string, unknown> {
  return Object.fromEntries(
    statuses.map((status) => {
      const titles = Object.values(ERROR_CODES).filter((code) => code.status === status);
      return [
        status,
        {
          description: titles.map(({ title }) => title).join("; "),
          content: { "application/problem+json": { schema: PROBLEM_DETAILS_REF } },
        },
      ];
    }),
  );
}

function mapValues<T, U>(record: Readonly<Record<string, T>>, change: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}

const SCHEMAS: Readonly<Record<string, Schema>> = {
  // What a host sends.
  [REPORT.name]: REPORT.schema,
  ProblemDetails: {
    type: "object",
    description: "RFC 9457.",
    required: ["type", "title", "status", "detail"],
    properties: {
      type: {
        type: "string",
        examples: Object.keys(ERROR_CODES).map((code) => `urn:rollcall:error:${code}`),
      },
      title: { type: "string" },
      status: { type: "integer" },
      detail: { type: "string", description: "What is wrong, and what to do." },
      reason: { type: "string", description: "With invalid_report: the reason, as /v1/problems names it." },
      parameter: {
        type: "string",
        description: "With bad_request: the parameter that cannot be understood.",
      },
    },
  },
};
