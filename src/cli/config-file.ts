// The configuration file: which keys it may hold, and what is said of mistakes in it.
import { readFile, stat } from "node:fs/promises";
import * as z from "zod";
import { readDocument } from "../spec/document.ts";
import { renderMistakes } from "../spec/mistake.ts";
import { CommandError } from "./failure.ts";
import type { Io } from "./io.ts";
import { LOG_LEVELS } from "./log-level.ts";

const MAX_CONFIG_BYTES = 64 * 1024;

const text = z.string().min(1);

/** The configuration file. */
const configSchema = z.strictObject({
  store: text.optional(),
  server: text.optional(),
  key: text.optional(),
  key_file: text.optional(),
  enrol_key: text.optional(),
  enrol_key_file: text.optional(),
  spec: text.optional(),
  listen: text.optional(),
  within: text.optional(),
  max_age: text.optional(),
  state: text.optional(),
  spec_keys: text.optional(),
  allow_commands: text.optional(),
  log_level: z.enum(LOG_LEVELS).optional(),
});

export type Config = z.infer<typeof configSchema>;

/**
 * Reads the configuration file. A key that other users may read is warned of on stderr.
 *
 * @param isNamed whether its user named it; else it need not be there
 * @throws CommandError if it cannot be read, or has mistakes, each shown with line and column
 */
export async function readConfig(path: string, isNamed: boolean, io: Io): Promise<Config> {
  let content: string;
  try {
    content = await readFile(path, "utf8");
  } catch (error) {
    if (!isNamed && (error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw new CommandError(`cannot read the configuration file: ${(error as Error).message}`);
  }
  // A file whose lines are all commented out sets nothing.
  if (content.split("\n").every((line) => /^\s*(#|$)/.test(line))) return {};
  const outcome = readDocument(content, configSchema, { maxBytes: MAX_CONFIG_BYTES });
  if ("mistakes" in outcome)
    throw new CommandError(`the configuration file has mistakes:\n${hideKeys(renderMistakes(path, content, outcome.mistakes))}`);
  if (outcome.value.key !== undefined && ((await stat(path)).mode & 0o077) !== 0) {
    await io.stderr.write(`warning: other users may read the API key in ${path}; chmod 600 it\n`);
  }
  return outcome.value;
}

/** Stars in place of keys, as many as there were letters, so that carets stay where they point. */
function hideKeys(shown: string): string {
  return shown.replace(/rc_[\w-]+|(?<=\| *["']?key["']? *: *)\S.*/gi, (key) => "*".repeat(key.length));
}
