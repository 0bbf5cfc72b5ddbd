// Builds the program as one executable that needs no Node on the host: node scripts/executable.mjs
// [x64] [arm64] What Bun compiles starts in a tenth of the time of Node's own single executables,
// and takes two thirds of the memory (docs/benchmarks.md).
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { findBun, installBun } from "./install-bun.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const { version } = JSON.parse(readFileSync(`${root}package.json`, "utf8"));
const architectures = process.argv.length > 2 ? process.argv.slice(2) : ["x64", "arm64"];

// Bun leaves out what is missing, and the executable would have no page.
if (!existsSync(`${root}dist/page.js`)) throw new Error("dist/page.js is missing: npm run build, then this");
installBun();
mkdirSync(`${root}dist-bin`, { recursive: true });
for (const architecture of architectures) {
  const file = `${root}dist-bin/rollcall-linux-${architecture}`;
  const args = [
    "build",
    "src/cli/program/main.ts",
    "src/cli/program/jq-worker.js",
    "--compile",
    "--minify",
    "--bytecode",
    "--format=esm",
    `--target=bun-linux-${architecture}`,
    // By itself Bun would load the runtime of another architecture from the registry, and check
    // nothing.
    `--compile-executable-path=${findBun(architecture)}`,
    // A folder that the program is started in may be anybody's: what lies there sets no variable
    // and runs no code.
    "--no-compile-autoload-dotenv",
    "--no-compile-autoload-bunfig",
    "--no-compile-autoload-tsconfig",
    "--no-compile-autoload-package-json",
    "--define",
    `ROLLCALL_VERSION=${JSON.stringify(version)}`,
    "--outfile",
    file,
  ];
  execFileSync(findBun(process.arch), args, { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
  console.log(`${file}: ${(statSync(file).size / 1e6).toFixed(0)} MB`);
}
