// Builds the page: types of the API's description, made anew where that has changed, and dist/web.
// `node scripts/web.mjs --types` makes the types alone, which `tsc -p web` reads.
import { spawnSync } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { build } from "esbuild";
import { installLeaf } from "./leaf.mjs";

const root = new URL("..", import.meta.url).pathname;
const web = `${root}web/`;
/** What the types are made of, and the types. */
const DOCUMENT = `${web}node_modules/.cache/openapi.json`;
const TYPES = `${web}src/api/openapi.d.ts`;

/** Makes the page. @param isTypesOnly whether the types are enough */
export async function buildWeb({ isTypesOnly = false } = {}) {
  installLeaf("web");
  await makeTypes();
  if (!isTypesOnly) runTool("vite/bin/vite.js", ["build"]);
}

async function makeTypes() {
  const document = await describeApi();
  const read = (path) => readFile(path, "utf8").catch(() => undefined);
  if ((await read(DOCUMENT)) === document && (await read(TYPES)) !== undefined) return;
  await mkdir(`${web}node_modules/.cache`, { recursive: true });
  await writeFile(`${DOCUMENT}.new`, document);
  runTool("openapi-typescript/bin/cli.js", [`${DOCUMENT}.new`, "--output", TYPES]);
  await writeFile(DOCUMENT, document);
}

/** The OpenAPI document, as the routes themselves describe it. */
async function describeApi() {
  const { outputFiles } = await build({
    absWorkingDir: root,
    stdin: {
      contents:
        'import { describeApi } from "./src/api/openapi.ts";\n' +
        'import { createRoutes } from "./src/api/routes.ts";\n' +
        'process.stdout.write(JSON.stringify(describeApi(createRoutes(), "", ["env", "service"])));',
      resolveDir: root,
      loader: "ts",
    },
    bundle: true,
    packages: "external",
    format: "esm",
    platform: "node",
    target: "node20",
    write: false,
    logLevel: "warning",
  });
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-"], {
    cwd: root,
    input: outputFiles[0].text,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) throw new Error(`the API could not be described:\n${stderr}`);
  return stdout;
}

function runTool(path, args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [`${web}node_modules/${path}`, ...args], {
    cwd: web,
    encoding: "utf8",
    env: { ...process.env, NODE_ENV: "production" },
  });
  if (status !== 0) throw new Error(`${path} ended with ${status}:\n${stdout}${stderr}`);
}

if (process.argv[1] === new URL(import.meta.url).pathname)
  await buildWeb({ isTypesOnly: process.argv.includes("--types") });
