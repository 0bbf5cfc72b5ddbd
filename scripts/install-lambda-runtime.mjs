// Before the tests: fetches what Lambda runs a function with, AWS's runtime interface client on
// Node 24, from the npm registry.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const CLIENT = "aws-lambda-ric@4.0.2";
const NODE = `node-linux-${process.arch}@24.21.0`;

const folder = fileURLToPath(new URL("../node_modules/.cache/lambda-runtime", import.meta.url));
const done = join(folder, `${CLIENT}_${NODE}`);
if (!existsSync(done)) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  console.error(`Fetching what Lambda runs functions with: ${CLIENT}, ${NODE}`);
  // Its install script compiles an HTTP client in C++, which takes a compiler;
  // test/lambda/rapid-client.cjs stands in for that.
  execFileSync(
    "npm",
    ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", CLIENT, NODE],
    {
      cwd: folder,
      stdio: ["ignore", "ignore", "inherit"],
    },
  );
  writeFileSync(done, "");
}
