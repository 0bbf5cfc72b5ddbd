// Before the tests: fetches what makes a client of /openapi.json, openapi-typescript, with the
// TypeScript 5 that it is written for; this project compiles with a later one.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const GENERATOR = "openapi-typescript@7.13.0";
const TYPESCRIPT = "typescript@5.9.3";

const folder = fileURLToPath(new URL("../node_modules/.cache/openapi-client", import.meta.url));
const done = join(folder, `${GENERATOR}_${TYPESCRIPT}`);
if (!existsSync(done)) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  console.error(`Fetching what makes a client of the API's description: ${GENERATOR}`);
  execFileSync(
    "npm",
    ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", GENERATOR, TYPESCRIPT],
    { cwd: folder, stdio: ["ignore", "ignore", "inherit"] },
  );
  writeFileSync(done, "");
}
