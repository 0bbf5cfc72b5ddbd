// Builds the program: src/cli/main.ts and what it imports become dist/, one file a command, so that each starts fast.
import { chmod, readFile, rm } from "node:fs/promises";
import { build } from "esbuild";

const { version } = JSON.parse(await readFile(new URL("../package.json", import.meta.url), "utf8"));
const root = new URL("..", import.meta.url).pathname;

await rm(`${root}dist`, { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: ["src/cli/main.ts"],
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
await chmod(`${root}dist/main.js`, 0o755);
