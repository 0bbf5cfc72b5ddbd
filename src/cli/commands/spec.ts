// rollcall spec check, rollcall spec schema: help for those who write specs.

import { readSpecText } from "../../agent/spec-file.ts";
import { renderMistakes } from "../../specs/mistake.ts";
import { makeJsonSchema, parseSpec, reviewSpec } from "../../specs/spec.ts";
import { CommandError } from "../program/failure.ts";
import { openSpecFile } from "../program/host-collection.ts";
import type { Io } from "../program/io.ts";

/**
 * Checks a spec, and warns of what was most likely not meant so. @throws CommandError that shows
 * each mistake with line and column
 */
export async function runSpecCheck(file: string, io: Io): Promise<void> {
  const text = await readSpecText(openSpecFile(file, io));
  const outcome = parseSpec(text);
  const name = file === "-" ? "stdin" : file;
  if ("mistakes" in outcome) {
    await io.stderr.write(renderMistakes(name, text, outcome.mistakes));
    const count = outcome.mistakes.length;
    throw new CommandError(`${name} has ${count === 1 ? "a mistake" : `${count} mistakes`}`);
  }
  const advice = reviewSpec(text);
  if (advice.length > 0) await io.stderr.write(renderMistakes(`warning: ${name}`, text, advice));
  const count = outcome.spec.steps.length;
  await io.stdout.write(
    `${name}: ok, ${count} ${count === 1 ? "collector" : "collectors"}, ${outcome.digest}\n`,
  );
}

/** Prints the JSON Schema of specs. */
export async function runSpecSchema(io: Io): Promise<void> {
  await io.stdout.write(`${JSON.stringify(makeJsonSchema(), null, 2)}\n`);
}
