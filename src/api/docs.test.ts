// Fails where a route, parameter, header, error or reason has no docs; and checks the OpenAPI
// document.
import { readFile } from "node:fs/promises";
import { Validator } from "@seriousme/openapi-schema-validator";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { createClones } from "../access/clones.ts";
import { BUILT_IN_RULES } from "../questions/label-rule.ts";
import { compileLabels } from "../questions/labels.ts";
import { PROBLEM_REASONS } from "../report/problem.ts";
import { PROBLEM_REMEDIES } from "../report/problem-remedies.ts";
import { createRoll } from "../roll/roll.ts";
import { memoryStore } from "../store/memory.ts";
import { createApp } from "./app.ts";
import { renderDocsPage } from "./docs-page.ts";
import { createGatewayKeyring } from "./gateway-handler.ts";
import { describeApi } from "./openapi.ts";
import { ERROR_CODES } from "./problem-details.ts";
import { createRoutes } from "./routes.ts";
import { SAMPLE_ADDRESS } from "./sample-address.ts";
import { RESPONSE_HEADERS } from "./schemas.ts";

const routes = createRoutes();

function createDocsApp(behindProxy: boolean) {
  const clock = () => 0;
  const store = memoryStore({ clock });
  const services = {
    store,
    roll: createRoll({ store, clock }),
    keyring: createGatewayKeyring("key"),
    clones: createClones({ clock }),
    labels: compileLabels(BUILT_IN_RULES),
    clock,
    log: pino({ level: "silent" }),
    version: "0",
    windowMs: 7_200_000,
    deadlineMs: 25_000,
    behindProxy,
  };
  return createApp(services, routes);
}

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

  it("says what to do as /docs does", async () => {
    const rows = (await readDocs("problems.md")).matchAll(/^\| `(\w+)` \| .* \| (.*) \|$/gm);
    const remedies = Array.from(rows, ([, reason, text = ""]) => [
      reason,
      text.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1"),
    ]);
    expect(Object.fromEntries(remedies)).toEqual(PROBLEM_REMEDIES);
    const page = await renderDocsPage(routes, "0");
    for (const reason of Object.keys(PROBLEM_REASONS)) expect(page).toContain(`id="problem-${reason}"`);
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

describe("the samples' address", () => {
  const ask = (url: string, headers: Record<string, string> = {}, behindProxy = false) =>
    createDocsApp(behindProxy).request(url, { headers });

  it.each([
    ["http://127.0.0.1:9410", {}, false, "http://127.0.0.1:9410"],
    ["https://rollcall.example.com", {}, false, "https://rollcall.example.com"],
    // Anybody can send the header; it counts only where a proxy is trusted.
    ["http://rollcall.example.com", { "x-forwarded-proto": "https" }, false, "http://rollcall.example.com"],
    ["http://rollcall.example.com", { "x-forwarded-proto": "https" }, true, "https://rollcall.example.com"],
    [
      "http://rollcall.example.com",
      { "x-forwarded-proto": "https, http" },
      true,
      "https://rollcall.example.com",
    ],
    [
      "http://rollcall.example.com",
      { "x-forwarded-proto": "javascript" },
      true,
      "http://rollcall.example.com",
    ],
    ["http://rollcall.example.com", {}, true, "http://rollcall.example.com"],
    ["http://a';id;'.example.com", {}, false, SAMPLE_ADDRESS],
  ])("is what was asked: %s %o, behind a proxy: %s", async (url, headers, behindProxy, address) => {
    for (const path of ["/docs", "/openapi.json"]) {
      const text = await (await ask(`${url}${path}`, headers, behindProxy)).text();
      const found = new Set(
        [...text.matchAll(/https?:\/\/[^\s/]+(?=\/(?:v1\/|healthz|readyz))/g)].map(String),
      );
      expect([...found]).toEqual([address]);
    }
  });

  it("is quoted where a shell would read it as a pattern", async () => {
    const page = await (await ask("http://[::1]:8787/docs")).text();
    expect(page).toContain("curl 'http://[::1]:8787/healthz'");
    expect(page).not.toMatch(/[^';]http:\/\/\[/);
  });
});
