// Reads a spec: the YAML file that says what to collect on a host.
import { createHash } from "node:crypto";
import * as z from "zod";
import { advise } from "./advice.ts";
import { SpecSchema } from "./checks.ts";
import { readDocument } from "./document.ts";
import type { Mistake } from "./mistake.ts";
import { MAX_SPEC_BYTES, SpecShape, type Step } from "./schema.ts";

/** A spec that was checked. */
export interface Spec {
  readonly version: 1;
  readonly steps: readonly Step[];
  /** Fields of the report whose values are not masked. */
  readonly allowCredentials: readonly string[];
}

/**
 * Reads a spec.
 *
 * @param text YAML, at most MAX_SPEC_BYTES
 * @returns the spec and the digest of its text, `sha256:` and 64 hex digits; or at least one
 *   mistake, for renderMistakes
 */
export function parseSpec(
  text: string,
): { readonly spec: Spec; readonly digest: string } | { readonly mistakes: readonly Mistake[] } {
  const outcome = readDocument(text, SpecSchema, { maxBytes: MAX_SPEC_BYTES });
  if ("mistakes" in outcome) return outcome;
  const { version, collect, allow_credentials: allowCredentials } = outcome.value;
  return {
    spec: { version, steps: collect, allowCredentials },
    digest: `sha256:${createHash("sha256").update(text).digest("hex")}`,
  };
}

/**
 * What stands in a spec, is no mistake, and most likely does not do what was meant: for those who
 * write one.
 *
 * @returns nothing for a spec with mistakes
 */
export function reviewSpec(text: string): readonly Mistake[] {
  const outcome = readDocument(text, SpecSchema, { maxBytes: MAX_SPEC_BYTES, advise });
  return "advice" in outcome ? outcome.advice : [];
}

/**
 * The JSON Schema (2020-12) of a spec as it is written, for editors: see schema/spec.v1.json. It
 * says less than parseSpec checks; what it refuses, parseSpec refuses too.
 */
export function makeJsonSchema(): Record<string, unknown> {
  const { $schema, ...rest } = z.toJSONSchema(SpecShape, { io: "input" });
  return { $schema, title: "Rollcall collection spec, version 1", ...rest };
}
