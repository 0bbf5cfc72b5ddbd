// Makes the templates that are deployed without CDK: npm run templates
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { App } from "aws-cdk-lib";
import { addStacks } from "./stacks.ts";

const TEMPLATES_FOLDER = new URL("templates/", import.meta.url);

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
  for (const [file, text] of await synthesizeTemplates())
    await writeFile(fileURLToPath(new URL(file, TEMPLATES_FOLDER)), text);
}
