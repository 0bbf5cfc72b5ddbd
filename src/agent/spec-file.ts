// The spec that is on this host: where it is read, and what of it can be used.
import { DEFAULT_SPEC } from "../specs/default-spec.ts";
import { renderMistakes } from "../specs/mistake.ts";
import { MAX_SPEC_BYTES } from "../specs/schema.ts";
import { parseSpec, type Spec } from "../specs/spec.ts";
import { AgentError } from "./agent-error.ts";

export interface SpecFile {
  /** As whoever named it knows it. */
  readonly name: string;
  /** Where it lies, absolute; undefined for what is read once, such as stdin. */
  readonly path: string | undefined;
  /**
   * Reads no further than a byte beyond `MAX_SPEC_BYTES`, which is enough to tell that it is too
   * long.
   */
  read(): Promise<Buffer>;
}

/**
 * Reads a spec's text; the built-in one where no file is given. @throws AgentError spec_unreadable
 */
export async function readSpecText(file: SpecFile | undefined): Promise<string> {
  if (file === undefined) return DEFAULT_SPEC;
  try {
    return (await file.read()).subarray(0, MAX_SPEC_BYTES + 1).toString("utf8");
  } catch (error) {
    throw new AgentError("spec_unreadable", `cannot read the spec: ${(error as Error).message}`);
  }
}

/** @throws AgentError spec_mistakes */
export function parseSpecText(file: SpecFile | undefined, text: string): { spec: Spec; digest: string } {
  const outcome = parseSpec(text);
  if ("mistakes" in outcome)
    throw new AgentError(
      "spec_mistakes",
      `the spec has mistakes:\n${renderMistakes(file?.name ?? "built-in", text, outcome.mistakes)}`,
    );
  return outcome;
}
