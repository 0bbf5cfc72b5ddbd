// Tests of the committed templates as a whole: today's, small enough, without secrets, and good by
// AWS's own rules.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks } from "cdk-nag";
import { describe, expect, it, onTestFinished } from "vitest";
import { addStacks, PROGRAM_PLACEHOLDER, type StacksOptions } from "./stacks.ts";
import { synthesizeTemplates } from "./synthesize.ts";
import { makeTerraformModules } from "./terraform.ts";

/**
 * CloudFormation quotas: what a template may have when it comes with the request, and when it lies
 * in a bucket.
 */
const MAX_DIRECT_BYTES = 51_200;
const MAX_BYTES = 1_000_000;

const LARGEST: Readonly<Record<string, number>> = {
  "rollcall-store.template.json": MAX_DIRECT_BYTES,
  "rollcall-hosts.template.json": MAX_DIRECT_BYTES,
  // The program goes in twice, once for each function.
  "rollcall-reader.template.json": MAX_BYTES / 5,
  "rollcall-publisher.template.json": MAX_DIRECT_BYTES,
};

const templates = await synthesizeTemplates();

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "rollcall-infra-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

describe.each(Object.keys(LARGEST))("%s", (file) => {
  const text = templates.get(file) ?? "";

  it("is what npm run templates makes today", async () => {
    const committed = await readFile(new URL(`templates/${file}`, import.meta.url), "utf8");
    // Not toBe: the difference would be printed in full.
    expect(committed === text, "run npm run templates --prefix infra, and read what changed").toBe(true);
  });

  it("is small enough", () => {
    expect(Buffer.byteLength(text)).toBeLessThan(LARGEST[file] ?? 0);
  });

  it("needs nothing of CDK's to be deployed", () => {
    expect(text).not.toMatch(/BootstrapVersion|CDKMetadata|cdk-hnb659fds|aws:cdk|assets/i);
  });

  it("has no secret, and no way for one to show", () => {
    const { Outputs, Parameters } = JSON.parse(text) as { Outputs: object; Parameters: object };
    expect(text).not.toMatch(
      /AKIA|ASIA[A-Z0-9]{12}|BEGIN [A-Z ]*PRIVATE KEY|identity\.apiKey"|\$context\.identity\.apiKey\b(?!Id)/,
    );
    expect(JSON.stringify(Parameters)).not.toMatch(/NoEcho|Password|Secret/i);
    // An API key's reference is its id; its value has no attribute.
    expect(JSON.stringify(Outputs)).not.toMatch(/Fn::GetAtt": ?\["\w*Key/);
    expect(text).not.toMatch(/"GenerateDistinctId"|"Value": "[A-Za-z0-9]{20,}"/);
  });

  it("groups and labels every parameter", () => {
    const { Metadata, Parameters } = JSON.parse(text);
    const { ParameterGroups, ParameterLabels } = Metadata["AWS::CloudFormation::Interface"];
    const grouped = (ParameterGroups as { Parameters: string[] }[]).flatMap(({ Parameters: names }) => names);
    expect(grouped).toEqual(Object.keys(Parameters));
    expect(Object.keys(ParameterLabels)).toEqual(grouped);
  });
});

it("docs/aws.md has every parameter, with its usual value", async () => {
  const page = await readFile(new URL("../docs/aws.md", import.meta.url), "utf8");
  for (const text of templates.values()) {
    const { Parameters } = JSON.parse(text) as { Parameters: Record<string, { Default?: string | number }> };
    for (const [name, { Default }] of Object.entries(Parameters)) {
      const usual = Default === undefined ? "must be given" : Default === "" ? "nothing" : `\`${Default}\``;
      expect(page).toContain(`| \`${name}\` | ${usual} |`);
    }
  }
});

describe("the Terraform modules", () => {
  const folder = new URL("terraform/", import.meta.url);
  const files = makeTerraformModules(templates);

  it.each([...files])("have in %s what npm run templates makes today", async (file, text) => {
    const committed = await readFile(new URL(file, folder), "utf8");
    expect(committed === text, "run npm run templates --prefix infra, and read what changed").toBe(true);
  });

  it("have no other files", async () => {
    const names = (await readdir(folder, { recursive: true })).filter((name) => /\.\w+$/.test(name));
    expect(names.sort()).toEqual([...files.keys()].sort());
  });
});

it("there are no other templates", () => {
  expect([...templates.keys()].sort()).toEqual(Object.keys(LARGEST).sort());
});

it("the program's place is marked once in each function", () => {
  const marks =
    templates.get("rollcall-reader.template.json")?.split(JSON.stringify(PROGRAM_PLACEHOLDER)).length ?? 0;
  expect(marks - 1).toBe(3);
});

it.each([...templates])(
  "%s is small enough once npm run build has put the program in",
  async (file, text) => {
    const whole = await readFile(new URL(`../dist/aws/${file}`, import.meta.url), "utf8");
    const hasProgram = text.includes(PROGRAM_PLACEHOLDER);
    expect(whole).not.toContain(PROGRAM_PLACEHOLDER);
    expect(Buffer.byteLength(whole)).toBeLessThan(hasProgram ? MAX_BYTES : MAX_DIRECT_BYTES);
  },
);

describe.each<[string, Partial<StacksOptions>]>([
  ["plain", { form: "plain" }],
  ["as assets", { form: "assets" }],
  ["taking the data with them", { form: "assets", data: "delete" }],
])("the stacks, %s,", (_, options) => {
  async function makeApp() {
    const programFolder = await makeFolder();
    await writeFile(join(programFolder, "index.js"), "");
    const outdir = join(await makeFolder(), "cdk.out");
    await mkdir(outdir);
    // With the flag, what CDK's validator finds (schemas of resources, references, cycles) fails
    // the synthesis, as cdk-nag's findings do.
    const context = { "@aws-cdk/core:validateAgainstDefaultRules": true };
    const app = new App({ outdir, analyticsReporting: false, context });
    return { app, stacks: addStacks(app, { form: "plain", programFolder, ...options }) };
  }

  it("keep AWS's rules, and CloudFormation's", async () => {
    const { app } = await makeApp();
    expect(() => app.synth()).not.toThrow();
    const { violations } = new AwsSolutionsChecks(app).validateScope(app);
    expect(violations).toEqual([]);
  });

  it("say why where they do not", async () => {
    const { app } = await makeApp();
    const reasons = app.node
      .findAll()
      .flatMap(({ node }) =>
        node.metadata
          .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
          .map(({ data }) => data as Record<string, string>),
      );
    expect(reasons.length).toBeGreaterThan(0);
    for (const reason of reasons.flatMap(Object.values)) expect(String(reason)).toMatch(/^[A-Z].{30,}[.:)]/);
  });
});
