// Where jq-web's two files lie: beside the program on Node, within the executable there.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

/** jq-web's script, and jq itself in WebAssembly. */
export interface JqFiles {
  readonly script: string;
  readonly wasm: Uint8Array;
}

/** Reads them. */
export async function readJqFiles(): Promise<JqFiles> {
  const { script, wasm } = process.versions.bun === undefined ? findInstalled() : await findEmbedded();
  return { script: await readFile(script, "utf8"), wasm: await readFile(wasm) };
}

function findInstalled() {
  const { resolve } = createRequire(import.meta.url);
  return { script: resolve("jq-web/jq.js"), wasm: resolve("jq-web/jq.wasm") };
}

/**
 * Bun puts what is imported as a file into the executable (https://bun.sh/docs/bundler/executables,
 * "Embed assets & files").
 */
async function findEmbedded() {
  const [script, wasm] = await Promise.all([
    import("jq-web/jq.js", { with: { type: "file" } }),
    import("jq-web/jq.wasm", { with: { type: "file" } }),
  ]);
  return { script: script.default, wasm: wasm.default };
}
