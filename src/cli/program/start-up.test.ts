// Fails where help and completion would wait for a library that only a command needs.
import { build } from "esbuild";
import { expect, it } from "vitest";

/** Small ones, and what Node brings. */
const LOADED_AT_ONCE = ["@bomb.sh/tab/commander", "commander", "fastest-levenshtein"];

it("loads no command's libraries before the command runs", async () => {
  const { metafile } = await build({
    entryPoints: [new URL("main.ts", import.meta.url).pathname],
    bundle: true,
    splitting: true,
    packages: "external",
    format: "esm",
    platform: "node",
    outdir: "out",
    write: false,
    metafile: true,
  });
  const outputs = new Map(Object.entries(metafile.outputs));
  const loaded = new Set<string>();
  const visit = (path: string): void => {
    if (loaded.has(path)) return;
    loaded.add(path);
    for (const { path: next, kind } of outputs.get(path)?.imports ?? [])
      if (kind === "import-statement") visit(next);
  };
  const main =
    [...outputs].find(([, { entryPoint }]) => entryPoint?.endsWith("src/cli/program/main.ts"))?.[0] ?? "";
  visit(main);
  expect(loaded).toContain("commander");
  const packages = [...loaded].filter((path) => !outputs.has(path) && !path.startsWith("node:"));
  expect(packages.sort()).toEqual(LOADED_AT_ONCE);
});
