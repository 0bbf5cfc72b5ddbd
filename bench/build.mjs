// Bundles bench/parts.ts, since Node 20 runs no TypeScript. Gives what it exports.
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Where the bundle lies: in the project, so that it finds its packages. */
export const PARTS = `${root}bench/.build/parts.mjs`;

/** Bundles, once a run of a benchmark. */
export async function buildParts() {
  await build({
    absWorkingDir: root,
    entryPoints: ["bench/parts.ts"],
    outfile: PARTS,
    bundle: true,
    packages: "external",
    format: "esm",
    platform: "node",
    target: "node20",
    define: { ROLLCALL_VERSION: '"bench"' },
    logLevel: "warning",
  });
}
