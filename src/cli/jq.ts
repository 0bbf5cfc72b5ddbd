// The built-in jq: --jq works where no jq is installed.
import { createRequire } from "node:module";
import { UsageError } from "./failure.ts";

/** Largest input, in bytes: WebAssembly's jq holds it several times over in 32-bit memory. */
const MAX_INPUT_BYTES = 256 * 1024 * 1024;

/**
 * Runs a jq program over JSON. Strings come out raw and other values as compact lines, as `gh --jq` prints them.
 *
 * @throws UsageError with jq's own message
 */
export async function runJq(json: Buffer, program: string): Promise<string> {
  if (json.length > MAX_INPUT_BYTES) {
    throw new UsageError(
      `--jq: the answer has ${json.length} bytes, too many for the built-in jq; use --ndjson and pipe it into jq`,
    );
  }
  // The module is itself a promise, which import() under a test runner's loader does not hand over whole.
  const jq = await (createRequire(import.meta.url)("jq-web") as typeof import("jq-web")["default"]);
  try {
    const output = jq.raw(json.toString("utf8"), program, ["-r", "-c"]) ?? "";
    return output === "" || output.endsWith("\n") ? output : `${output}\n`;
  } catch (error) {
    throw new UsageError(`--jq: ${readMessage(error)}`);
  }
}

/** jq-web writes "Non-zero exit code: 3" and then what jq wrote to stderr. */
function readMessage(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const lines = text.split("\n").filter((line) => !/^Non-zero exit code|compile error/.test(line));
  return lines.join(" ").replace(/^jq: /, "").trim() || text;
}
