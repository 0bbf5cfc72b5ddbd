// The built-in jq: --jq works where no jq is installed.
import { createRequire } from "node:module";
import { CommandError } from "./failure.ts";

/** Largest input, in bytes: WebAssembly's jq holds it several times over in 32-bit memory. */
const MAX_INPUT_BYTES = 256 * 1024 * 1024;

const REMEDY = "ask for less with filters and --fields, or pipe --ndjson into jq";

/**
 * Runs a jq program over JSON. Strings come out raw and other values as compact lines, as `gh --jq` prints them.
 *
 * @throws CommandError with jq's own message, or what to do where the answer is too large
 */
export async function runJq(json: Buffer, program: string): Promise<string> {
  if (json.length > MAX_INPUT_BYTES) {
    throw new CommandError(`--jq: the answer has ${json.length} bytes, too many for the built-in jq; ${REMEDY}`);
  }
  // The module is itself a promise, which import() under a test runner's loader does not hand over whole.
  const jq = await (createRequire(import.meta.url)("jq-web") as typeof import("jq-web")["default"]);
  try {
    const output = jq.raw(json.toString("utf8"), program, ["-r", "-c"]) ?? "";
    return output === "" || output.endsWith("\n") ? output : `${output}\n`;
  } catch (error) {
    throw new CommandError(`--jq: ${isOutOfMemory(error) ? `the built-in jq ran out of memory; ${REMEDY}` : readMessage(error)}`);
  }
}

/** Emscripten aborts where jq cannot allocate. How much input that takes depends on its shape: many small values cost most. */
function isOutOfMemory(error: unknown): boolean {
  // What WebAssembly throws, for which Node 20's types have no class.
  return error instanceof Error && error.name === "RuntimeError";
}

/** jq-web writes "Non-zero exit code: 3" and then what jq wrote to stderr. */
function readMessage(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const lines = text.split("\n").filter((line) => !/^Non-zero exit code|compile error/.test(line));
  return lines.join(" ").replace(/^jq: /, "").trim() || text;
}
