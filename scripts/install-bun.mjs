// Installs the Bun that compiles the executables (packaging/bun/package-lock.json: its version, and
// what npm checks its bytes by), unless it is there.
import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = new URL("../packaging/bun/", import.meta.url);

/** ms since the epoch; 0 for a file that is not there. */
const findChange = (path) => statSync(new URL(path, folder), { throwIfNoEntry: false })?.mtimeMs ?? 0;

/**
 * Where the Bun of an architecture lies; it runs on that one, and is the runtime of executables for
 * it anywhere.
 */
export function findBun(architecture) {
  const name = { x64: "x64", arm64: "aarch64" }[architecture];
  if (name === undefined) throw new Error(`${architecture}: x64 or arm64`);
  return fileURLToPath(new URL(`node_modules/@oven/bun-linux-${name}/bin/bun`, folder));
}

/** Installs both. @throws Error if npm could not */
export function installBun() {
  // npm writes the second one last.
  if (findChange("package-lock.json") <= findChange("node_modules/.package-lock.json")) return;
  console.error("Installing the Bun that compiles executables: npm ci --prefix packaging/bun");
  // By itself npm leaves out what is of another architecture than this machine's.
  const args = ["ci", "--force", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const { status } = spawnSync("npm", args, { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
  if (status !== 0) throw new Error("npm could not install what packaging/bun/package-lock.json says");
}
