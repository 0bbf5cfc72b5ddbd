// Fails where a route, parameter, header, error or reason has no docs; and checks the OpenAPI
// document.
import { readFile } from "node:fs/promises";
import { Validator } from "@seriousme/openapi-schema-validator";
import { describe, expect, it } from "vitest";
import { PROBLEM_REASONS } from "../report/problem.ts";
import { renderDocsPage } from "./docs-page.ts";
import { describeApi } from "./openapi.ts";
import { ERROR_CODES } from "./problem-details.ts";
import { createRoutes } from "./routes.ts";
import { RESPONSE_HEADERS } from "./schemas.ts";

const routes = createRoutes();
const readDocs = (name: string) => readFile(new URL(`../../docs/${name}`, import.meta.url), "utf8");

describe("docs/api.md", () => {
  it.each(routes.map(({ method, path, scope }) => [method.toUpperCase(), path, scope ?? "none"]))(
    "has %s %s with its scope",
    async (method, path, scope) => {
      const row = (await readDocs("api.md"))
        .split("\n")
        .find((line) => line.startsWith(`| \`${method} ${path}\``));
      expect(row).toContain(`| ${scope} |`);
    },
  );

  it("has every alias, parameter, header and error", async () => {
    const text = await readDocs("api.md");
    for (const { aliases = [], parameters = [] } of routes) {
      for (const alias of aliases) expect(text).toContain(`\`GET ${alias}\``);
      for (const { name, in: place, anyName } of parameters)
        if (place === "query" && !anyName) expect(text).toContain(`\`${name}\``);
    }
    for (const name of Object.keys(RESPONSE_HEADERS)) expect(text).toContain(`\`${name}\``);
    for (const [code, { status }] of Object.entries(ERROR_CODES))
      expect(text).toContain(`| ${status} | \`${code}\` |`);
  });
});

describe("docs/problems.md", () => {
  it.each(Object.keys(PROBLEM_REASONS))("has %s", async (reason) => {
    expect(await readDocs("problems.md")).toContain(`| \`${reason}\` |`);
  });
});

describe("/openapi.json", () => {
  it("is a valid OpenAPI document with every route", async () => {
    const document = describeApi(routes, "1.0.0");
    const outcome = await new Validator().validate(JSON.parse(JSON.stringify(document)));
    expect(outcome.errors ?? []).toEqual([]);
    expect(outcome.valid).toBe(true);
    const ids = Object.values(document.paths).flatMap((item) =>
      Object.values(item).map((operation) => (operation as { operationId: string }).operationId),
    );
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toHaveLength(routes.reduce((sum, { aliases = [] }) => sum + 1 + aliases.length, 0));
  });
});

describe("/docs", () => {
  it("has every route, and loads nothing from anywhere", async () => {
    const page = await renderDocsPage(routes, "1.0.0");
    for (const { path, sample } of routes) {
      expect(page).toContain(path);
      expect(page).toContain(sample.split(" ")[0]);
    }
    expect(page).not.toMatch(/<script|<link|<img|@import|url\(/);
  });
});
