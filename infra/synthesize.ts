// Makes the templates that are deployed without CDK, and the Terraform modules that wrap them:
// npm run templates
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { App } from "aws-cdk-lib";
import { addStacks } from "./stacks.ts";
import { makeTerraformModules } from "./terraform.ts";

const TEMPLATES_FOLDER = new URL("templates/", import.meta.url);
const TERRAFORM_FOLDER = new URL("terraform/", import.meta.url);

/** Synthesises all stacks. @returns the text of each template by its file's name */
export async function synthesizeTemplates(): Promise<Map<string, string>> {
  const outdir = await mkdtemp(join(tmpdir(), "rollcall-infra-"));
  try {
    const app = new App({ outdir, analyticsReporting: false });
    addStacks(app, { form: "plain" });
    const { stacks } = app.synth();
    const texts = stacks.map(async ({ templateFile, templateFullPath }) => {
      return [templateFile, `${(await readFile(templateFullPath, "utf8")).trimEnd()}\n`] as const;
    });
    return new Map(await Promise.all(texts));
  } finally {
    await rm(outdir, { recursive: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const templates = await synthesizeTemplates();
  await writeFiles(TEMPLATES_FOLDER, templates);
  await writeFiles(TERRAFORM_FOLDER, makeTerraformModules(templates));
}

async function writeFiles(folder: URL, files: ReadonlyMap<string, string>): Promise<void> {
  for (const [file, text] of files) {
    const path = fileURLToPath(new URL(file, folder));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
}
