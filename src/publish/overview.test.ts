// Tests of the overview: what is behind, and where.
import { expect, it } from "vitest";
import { createFieldReader } from "../questions/field-values.ts";
import { BUILT_IN_RULES } from "../questions/label-rule.ts";
import { compileLabels } from "../questions/labels.ts";
import { makeHosts, makeOverview } from "../testing/overview-double.ts";
import { makeView } from "../testing/view-double.ts";
import { gatherOverview } from "./overview.ts";
import { layOutPages } from "./pages.ts";

it("compares modules across the fleet, and versions that stand alone within their service", async () => {
  const { fields, parts, behindCount } = await makeOverview([
    { id: "i-1", service: "web", module: "2.10.0" },
    { id: "i-2", service: "web", module: "2.9.4" },
    { id: "i-3", service: "batch", module: "1.2.3" },
    { id: "i-4", service: "batch", module: "A_red_1.9" },
    { id: "i-5", service: "web", module: "A_red_1.10" },
  ]);
  const behind = (values: readonly { value: string | null; behind: boolean }[] = []) =>
    values.filter((one) => one.behind).map(({ value }) => value);
  expect(behind(fields[0]?.values)).toEqual(["2.9.4", "A_red_1.9"]);
  expect(behindCount).toBe(2);
  expect(parts.map((part) => [part.name, part.behind])).toEqual([
    [
      "web",
      [{ id: "i-2", values: [{ field: "processes.module_A_filename", value: "2.9.4", newest: "2.10.0" }] }],
    ],
    [
      "batch",
      [{ id: "i-4", values: [{ field: "processes.module_A_filename", value: "A_red_1.9", newest: "1.10" }] }],
    ],
  ]);
});

it("says of each version what the answer about versions says", async () => {
  // Both applications have been at 1.2.3, and one has gone on; batch has an application of its own.
  const hosts = [
    { id: "i-1", service: "web", module: "2.10.0" },
    { id: "i-2", service: "web", module: "1.2.3" },
    { id: "i-3", service: "batch", module: "1.2.3" },
    { id: "i-4", service: "batch", module: "1.2.2", env: "stg" },
    { id: "i-5", service: "web", module: "A_red_1.9" },
    { id: "i-6", service: "batch", module: "A_red_1.10" },
  ];
  for (const parts of ["service", "env", ""]) {
    const { fields } = await makeOverview(hosts, { parts });
    expect(
      fields[0]?.values.filter(({ behind }) => behind).map(({ value, newest }) => [value, newest]),
    ).toEqual([
      ["1.2.2", "1.2.3"],
      ["A_red_1.9", "1.10"],
    ]);
  }
  const { parts } = await makeOverview(hosts, { parts: "env" });
  expect(parts.map(({ name, behind }) => [name, behind.map(({ id }) => id)])).toEqual([
    ["prod", ["i-5"]],
    ["stg", ["i-4"]],
  ]);
  const services = await makeOverview(hosts);
  expect(services.parts.map(({ name, behind }) => [name, behind.map(({ id }) => id)])).toEqual([
    ["batch", ["i-4"]],
    ["web", ["i-2", "i-5"]],
  ]);
});

it("has no parts where none are wanted, and finds fields by itself", async () => {
  const { parts, fields, behindCount } = await makeOverview(
    [
      { id: "i-1", service: "web", module: "A_1.0" },
      { id: "i-2", service: "batch", module: "A_1.1" },
    ],
    { parts: "", fields: [] },
  );
  expect(parts).toEqual([]);
  expect(fields.map(({ field }) => field)).toEqual(["processes.module_A_filename"]);
  expect(behindCount).toBe(1);
});

it("names what is mistyped in the settings", async () => {
  const settings = { fields: ["processes.module_A_filename", "app_versoin"], by: "envv", parts: "servce" };
  const overview = await makeOverview([{ id: "i-1", service: "web", module: "A_1.0" }], settings);
  expect(overview.absent).toEqual(["app_versoin", "envv", "servce"]);
  expect(layOutPages(overview, 100_000)[0]?.body).toContain(
    "No host has `app_versoin`, `envv` and `servce`:",
  );
  expect((await makeOverview([{ id: "i-1", service: "web", module: "A_1.0" }])).absent).toEqual([]);
});

it(
  "comes whatever one host reports, has a part for each service of the others, and " +
    "says of whom not all was counted",
  async () => {
    const services = Array.from({ length: 100 }, (_, at) => `s${at}`);
    const evil = {
      update_date: "2024-03-01T00:00:00Z",
      instance_id: "evil",
      instance_name: services.map((service) => `prod_${service}_`),
      processes: Array.from({ length: 20_000 }, (_, at) => ({ module_A_filename: `A_red_0.${at}` })),
    };
    const honest = ["web", "batch"].map((service, at) => ({
      update_date: "2024-03-01T00:00:00Z",
      instance_id: `i-${at}`,
      instance_name: `prod_${service}_x`,
      processes: [{ module_A_filename: "A_red_1.9" }],
    }));
    const view = makeView(
      [evil, ...honest].map((body) => ({ id: body.instance_id, ageMs: 1000, body: JSON.stringify(body) })),
    );
    const overview = await gatherOverview(
      view,
      { title: "T", fields: ["processes.module_A_filename"], by: "env", parts: "service" },
      { labels: compileLabels(BUILT_IN_RULES), reader: createFieldReader(), windowMs: 7_200_000 },
    );
    expect(overview.parts.map(({ name, hosts }) => [name, hosts])).toEqual([
      ["batch", 1],
      ["web", 1],
    ]);
    const [summary] = layOutPages(overview, 100_000);
    expect(summary?.body).toContain("Not all was counted: ");
    expect(summary?.body).toContain("first 1000 values of");
  },
);

it("has parts of the right size where hosts are more than the values of an answer", async () => {
  const { parts } = await makeOverview(makeHosts(3, 4000));
  expect(parts.map(({ hosts }) => hosts)).toEqual([4000, 4000, 4000]);
});
