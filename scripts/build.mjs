// Builds the program: src/cli/program/main.ts and what it imports become dist/, one file a command,
// so that each starts fast; and the page, dist/web.
import { chmod, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";
import { build } from "esbuild";
import { embedPage } from "./page.mjs";
import { buildWeb } from "./web.mjs";
import { zipFiles } from "./zip-files.mjs";

const { version } = JSON.parse(await readFile(new URL("../package.json", import.meta.url), "utf8"));
const root = fileURLToPath(new URL("..", import.meta.url));

await rm(`${root}dist`, { recursive: true, force: true });
await buildWeb();
const pageModule = await embedPage();
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
await mkdir(`${root}dist/lambda`);
const sources = [
  "./src/api/lambda.ts",
  "./src/api/lambda-refresher.ts",
  "./src/api/lambda-authorizer.ts",
  "./src/publish/lambda.ts",
];
await writeFile(`${root}dist/lambda/index.js`, await bundleFunctions(sources));
await writeFile(`${root}dist/lambda/page.js`, pageModule);
await writeFile(`${root}dist/lambda/package.json`, '{ "type": "commonjs" }\n');
await writeTemplates();
// For those who have the functions' code in a bucket, where scanners of code see it.
const lambdaFiles = ["index.js", "page.js"].map(async (name) => [
  name,
  await readFile(`${root}dist/lambda/${name}`),
]);
await writeFile(`${root}dist/aws/rollcall-lambda.zip`, zipFiles(await Promise.all(lambdaFiles)));
await chmod(`${root}dist/main.js`, 0o755);

/**
 * Bundles functions for Lambda: one file, CommonJS, as inline code in a template must be. AWS's
 * library for credentials is only for those who have none in their environment, as functions have.
 */
async function bundleFunctions(files) {
  const { outputFiles } = await build({
    absWorkingDir: root,
    stdin: {
      contents: files.map((file) => `export * from ${JSON.stringify(file)};`).join("\n"),
      resolveDir: root,
      sourcefile: "functions.ts",
      loader: "ts",
    },
    write: false,
    bundle: true,
    minify: true,
    keepNames: true,
    external: ["@aws-sdk/*"],
    plugins: [
      { name: "undici-dispatchers", setup: bundleDispatchersOnly },
      { name: "page", setup: leavePageBeside },
      { name: "log-threads", setup: leaveLogThreadsOut },
    ],
    format: "cjs",
    platform: "node",
    target: "node22",
    // Code that is compiled from a text has no import() of its own.
    supported: { "dynamic-import": false },
    legalComments: "none",
    define: { ROLLCALL_VERSION: JSON.stringify(version) },
    logLevel: "warning",
  });
  return outputFiles[0].contents;
}

/**
 * The CloudFormation templates with the program in them, so that they can be deployed with nothing
 * else. Inline code may be as long as its zip has less than 4 MB (AWS::Lambda::Function Code,
 * "ZipFile") and the template less than 1 MB; here it is compressed, and each function has only
 * what it runs: the page is a part of those alone that answer.
 */
async function writeTemplates() {
  const answering = await writeCode("./src/api/lambda.ts", pageModule);
  const code = {
    "index.read": answering,
    "index.refresh": await writeCode("./src/api/lambda-refresher.ts"),
    "index.authorize": await writeCode("./src/api/lambda-authorizer.ts"),
    "index.publish": await writeCode("./src/publish/lambda.ts"),
  };
  await mkdir(`${root}dist/aws`);
  for (const name of await readdir(`${root}infra/templates`)) {
    const template = JSON.parse(await readFile(`${root}infra/templates/${name}`, "utf8"));
    for (const { Type, Properties } of Object.values(template.Resources)) {
      if (Type !== "AWS::Lambda::Function") continue;
      // In the template, or in a bucket where one is named: the second of a condition's values.
      const inline = [Properties.Code, ...(Properties.Code["Fn::If"] ?? [])].find((one) => one.ZipFile);
      if (!inline?.ZipFile.startsWith("// rollcall:")) continue;
      const handler = JSON.stringify(Properties.Handler);
      const own = Object.keys(code).find((one) => handler.includes(`"${one}`));
      if (own === undefined) throw new Error(`${name} has a function whose code nobody knows: ${handler}`);
      inline.ZipFile = code[own];
    }
    await writeFile(`${root}dist/aws/${name}`, JSON.stringify(template));
  }
}

/** Inline code of a function that unpacks what it runs. */
async function writeCode(file, page) {
  const program = brotliCompressSync(await bundleFunctions([file])).toString("base64");
  return [
    ...(page ? [`const page = {}; ((exports) => { ${page.trim()} })(page);`] : []),
    "const program = " +
      `require("node:zlib").brotliDecompressSync(Buffer.from("${program}", ` +
      `"base64")).toString();`,
    'const run = require("node:vm").compileFunction(program, ["exports", "require", ' +
      '"module"], { filename: "rollcall.js" });',
    page
      ? 'run(exports, (name) => (name === "./page.js" ? page : require(name)), module);'
      : "run(exports, require, module);",
  ].join("\n");
}

/** The page is a file of its own, which functions that answer load. */
function leavePageBeside(bundler) {
  bundler.onResolve({ filter: /^#page$/ }, () => ({ path: "./page.js", external: true }));
}

/** pino's transports run in threads of their own. A function writes its log to stdout, by none. */
function leaveLogThreadsOut(bundler) {
  bundler.onResolve({ filter: /^thread-stream$/ }, () => ({ path: "thread-stream", namespace: "left-out" }));
  bundler.onLoad({ filter: /.*/, namespace: "left-out" }, () => ({ contents: "" }));
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
