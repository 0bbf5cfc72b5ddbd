// Builds the program: src/cli/program/main.ts and what it imports become dist/, one file a command,
// so that each starts fast; and the page, dist/web.
import { chmod, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { brotliCompressSync } from "node:zlib";
import { build } from "esbuild";
import { buildWeb } from "./web.mjs";

const { version } = JSON.parse(await readFile(new URL("../package.json", import.meta.url), "utf8"));
const root = new URL("..", import.meta.url).pathname;

await rm(`${root}dist`, { recursive: true, force: true });
await buildWeb();
await build({
  absWorkingDir: root,
  // The second is a thread of its own.
  entryPoints: { main: "src/cli/program/main.ts", "jq-worker": "src/cli/program/jq-worker.js" },
  outdir: "dist",
  bundle: true,
  splitting: true,
  packages: "external",
  format: "esm",
  platform: "node",
  target: "node20",
  sourcemap: "linked",
  define: { ROLLCALL_VERSION: JSON.stringify(version) },
  logLevel: "warning",
});
// The functions for Lambda: one file, CommonJS, as inline code in a template must be. AWS's library
// for credentials is only for those who have none in their environment, as functions have.
await build({
  absWorkingDir: root,
  stdin: {
    contents: 'export * from "./src/api/lambda.ts"; export * from "./src/publish/lambda.ts";',
    resolveDir: root,
    sourcefile: "functions.ts",
    loader: "ts",
  },
  outfile: "dist/lambda/index.js",
  bundle: true,
  minify: true,
  keepNames: true,
  external: ["@aws-sdk/*"],
  plugins: [{ name: "undici-dispatchers", setup: bundleDispatchersOnly }],
  format: "cjs",
  platform: "node",
  target: "node22",
  legalComments: "none",
  define: { ROLLCALL_VERSION: JSON.stringify(version) },
  logLevel: "warning",
});
await writeTemplates();
await writeFile(`${root}dist/lambda/package.json`, '{ "type": "commonjs" }\n');
await chmod(`${root}dist/main.js`, 0o755);

/**
 * The CloudFormation templates with the program in them, so that they can be deployed with nothing
 * else. Inline code may be as long as its zip has less than 4 MB (AWS::Lambda::Function Code,
 * "ZipFile") and the template less than 1 MB; here it is compressed, since two functions have it.
 */
async function writeTemplates() {
  const program = brotliCompressSync(await readFile(`${root}dist/lambda/index.js`)).toString("base64");
  const code = [
    "const program = " +
      `require("node:zlib").brotliDecompressSync(Buffer.from("${program}", ` +
      `"base64")).toString();`,
    'const run = require("node:vm").compileFunction(program, ["exports", "require", ' +
      '"module"], { filename: "rollcall.js" });',
    "run(exports, require, module);",
  ].join("\n");
  await mkdir(`${root}dist/aws`);
  for (const name of await readdir(`${root}infra/templates`)) {
    const template = JSON.parse(await readFile(`${root}infra/templates/${name}`, "utf8"), (key, value) =>
      key === "ZipFile" && String(value).startsWith("// rollcall:") ? code : value,
    );
    await writeFile(`${root}dist/aws/${name}`, JSON.stringify(template));
  }
}

/**
 * undici's index loads its fetch, WebSocket, cache and more: half of its size, none of which is
 * used.
 */
function bundleDispatchersOnly(bundler) {
  bundler.onResolve({ filter: /^undici$/ }, () => ({ path: "undici", namespace: "dispatchers" }));
  bundler.onLoad({ filter: /.*/, namespace: "dispatchers" }, () => ({
    contents: [
      'exports.Agent = require("undici/lib/dispatcher/agent.js");',
      'exports.Pool = require("undici/lib/dispatcher/pool.js");',
      'exports.ProxyAgent = require("undici/lib/dispatcher/proxy-agent.js");',
    ].join("\n"),
    resolveDir: root,
  }));
}
