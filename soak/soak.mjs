// Runs every attack on Rollcall at size: npm run soak -- [--minutes N] [--only NAME] [--seed N].
// Bundles main.ts first, since Node 20 runs no TypeScript.
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
/** One folder below the project, so that what it takes from test/ finds the built program. */
const outfile = `${root}soak/.main.mjs`;

await build({
  absWorkingDir: root,
  entryPoints: ["soak/main.ts"],
  outfile,
  bundle: true,
  packages: "external",
  format: "esm",
  platform: "node",
  target: "node20",
  define: { ROLLCALL_VERSION: '"soak"' },
  logLevel: "warning",
});
await import(outfile);
