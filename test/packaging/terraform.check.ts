// The Terraform modules, by Terraform itself and by HashiCorp's own reader of modules: their form,
// and that their variables are the templates' parameters, one by one.
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { CACHE, ROOT } from "./packages.ts";
import { run } from "./root.ts";

const MODULES = join(ROOT, "infra/terraform");
const INSPECT = "github.com/hashicorp/terraform-config-inspect@v0.0.0-20260904064934-75d64de68c31";

interface Inspected {
  readonly variables: Record<
    string,
    { readonly type: string; readonly required: boolean; readonly description: string }
  >;
  readonly outputs: Record<string, object>;
  readonly managed_resources: Record<string, { readonly type: string }>;
  readonly diagnostics?: readonly object[];
}

interface Template {
  readonly Parameters: Record<string, { readonly Type: string; readonly Default?: string | number }>;
  readonly Outputs: Record<string, object>;
}

/** What a module takes that no template does. */
const OWN = [
  "stack_name",
  "templates",
  "tags",
  "template_bucket",
  "organizational_units",
  "excluded_accounts",
];

const snake = (name: string) => name.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();

it("terraform fmt would change nothing", () => {
  const { code, stdout, stderr } = run("terraform", ["fmt", "-check", "-recursive", "-diff", MODULES]);
  expect(code, stdout + stderr).toBe(0);
});

describe.each(readdirSync(MODULES))("the module %s", (name) => {
  let module: Inspected;
  let template: Template;
  beforeAll(() => {
    const folder = join(CACHE, "bin");
    mkdirSync(folder, { recursive: true });
    execFileSync("go", ["install", INSPECT], { env: { ...process.env, GOBIN: folder }, stdio: "ignore" });
    module = JSON.parse(
      run(join(folder, "terraform-config-inspect"), ["--json", join(MODULES, name)]).stdout,
    );
    const stack = name === "hosts-organization" ? "hosts" : name;
    template = JSON.parse(
      readFileSync(join(ROOT, `infra/templates/rollcall-${stack}.template.json`), "utf8"),
    );
  });

  it("is read without a word", () => {
    expect(module.diagnostics ?? []).toEqual([]);
    expect(Object.values(module.managed_resources).map(({ type }) => type)).toContain(
      name === "hosts-organization" ? "aws_cloudformation_stack_set" : "aws_cloudformation_stack",
    );
  });

  it("takes each parameter of its template, and none besides", () => {
    const variables = Object.entries(module.variables).filter(([variable]) => !OWN.includes(variable));
    expect(
      Object.fromEntries(variables.map(([variable, { type, required }]) => [variable, { type, required }])),
    ).toEqual(
      Object.fromEntries(
        Object.entries(template.Parameters).map(([parameter, { Type, Default }]) => [
          snake(parameter),
          { type: Type === "Number" ? "number" : "string", required: Default === undefined },
        ]),
      ),
    );
    const main = readFileSync(join(MODULES, name, "main.tf"), "utf8");
    for (const parameter of Object.keys(template.Parameters))
      expect(main).toMatch(new RegExp(`^    ${parameter} += var\\.${snake(parameter)}$`, "m"));
    for (const { description } of Object.values(module.variables))
      expect(description.length).toBeGreaterThan(5);
  });

  it.skipIf(name === "hosts-organization")("gives each output of its template", () => {
    expect(Object.keys(module.outputs).sort()).toEqual(Object.keys(template.Outputs).map(snake).sort());
  });
});
