// A client as others make one: openapi-typescript makes types of /openapi.json, and a program that
// uses them compiles, with the mistakes in it that it says it has.
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { describeApi } from "../src/api/openapi.ts";
import { createRoutes } from "../src/api/routes.ts";
import { makeFolder } from "../src/testing/temporary-folder.ts";

const run = promisify(execFile);
const modules = fileURLToPath(new URL("../node_modules/", import.meta.url));
// scripts/install-openapi-client.mjs
const GENERATOR = join(modules, ".cache/openapi-client/node_modules/openapi-typescript/bin/cli.js");

const CLIENT = `
import type { components, paths } from "./api.d.ts";

type Json<P extends keyof paths> = paths[P] extends {
  get: { responses: { 200: { content: { "application/json": infer T } } } };
}
  ? T
  : never;
type Query<P extends keyof paths> = paths[P] extends { get: { parameters: { query?: infer T } } } ? T : never;

export function readReports(reports: Json<"/v1/reports">): string[] {
  return reports.map((report) => {
    const id: string = report.instance_id;
    const agent: string | undefined = report.rollcall?.agent;
    const state: "fresh" | "silent" | undefined = report.rollcall?.reader?.state;
    const own: unknown = report.any_other_field;
    // @ts-expect-error A version is a text.
    const wrong: number | undefined = report.rollcall?.agent;
    return [id, agent, state, own, wrong].join();
  });
}

export const one = (report: Json<"/v1/reports/{id}">): components["schemas"]["Report"] => report;
export const old = (reports: Json<"/v1/app-report">): Json<"/v1/reports"> => reports;

export function readVersions(values: Json<"/v1/versions">): number {
  const [first] = values;
  const value: components["schemas"]["VersionCount"] | undefined = first;
  // @ts-expect-error A count is a number.
  const wrong: string | undefined = value?.count;
  const text: string | null | undefined = value?.value;
  const by: Record<string, number> | undefined = value?.by;
  return (value?.count ?? 0) + Number(wrong) + Number(text) + Number(by?.prod);
}

export function readCoverage(coverage: Json<"/v1/coverage">): string | null | undefined {
  const fresh: number = coverage.fresh;
  const [missing] = coverage.missing ?? [];
  return fresh > 0 ? missing?.since : coverage.silent[0]?.account;
}

export function readProblems(problems: Json<"/v1/problems">): boolean {
  // @ts-expect-error No such reason.
  const wrong = problems.some(({ reason }) => reason === "no_such_reason");
  return wrong || problems.some(({ reason }) => reason === "misfiled");
}

export const query: Query<"/v1/versions"> = { field: "app_version", env: ["prod"], format: "csv" };
export const ofReports: Query<"/v1/reports"> = { service: ["web"], within: "30m", meta: "true" };
// @ts-expect-error No such state.
export const wrongState: Query<"/v1/reports"> = { state: "gone" };
// @ts-expect-error A label has values.
export const wrongLabel: Query<"/v1/coverage"> = { env: 1 };
`;

it("makes types of the description that a client compiles with", async () => {
  const folder = await makeFolder();
  const document = describeApi(createRoutes(), "1.0.0", ["env", "service"]);
  await writeFile(join(folder, "openapi.json"), JSON.stringify(document));
  await run(process.execPath, [GENERATOR, "openapi.json", "--output", "api.d.ts"], { cwd: folder });
  await writeFile(join(folder, "client.ts"), CLIENT);
  const compiled = await run(
    join(modules, ".bin/tsc"),
    ["--noEmit", "--strict", "--target", "es2022", "--module", "nodenext", "--types", "", "client.ts"],
    { cwd: folder },
  ).catch((error: { stdout: string }) => error);
  expect(compiled.stdout).toBe("");
}, 120_000);
