// The configuration file: which keys it may hold, and what is said of mistakes in it.
import { stat } from "node:fs/promises";
import * as z from "zod";
import { publishersSchema } from "../../publish/config.ts";
import { labelRulesSchema } from "../../questions/labels.ts";
import { readDocument } from "../../specs/document.ts";
import { type Mistake, renderMistakes } from "../../specs/mistake.ts";
import { CommandError } from "../program/failure.ts";
import type { Io } from "../program/io.ts";
import { readGivenText } from "./given-file.ts";
import { LOG_LEVELS } from "./log-level.ts";

const MAX_CONFIG_BYTES = 64 * 1024;

const text = z.string().min(1);

/**
 * The configuration file. What only some commands use (`listen`, `within`) is looked at where it is
 * used, and by `rollcall config check`.
 */
export const configSchema = z.strictObject({
  store: text.optional(),
  server: text.optional(),
  key: text.optional(),
  key_file: text.optional(),
  enrol_key: text.optional(),
  enrol_key_file: text.optional(),
  spec: text.optional(),
  listen: text.optional(),
  keep_alive: text.optional(),
  max_key_hosts: z.union([text, z.int().transform(String)]).optional(),
  max_key_bytes: z.union([text, z.int().transform(String)]).optional(),
  max_key_writes: z.union([text, z.int().transform(String)]).optional(),
  within: text.optional(),
  max_age: text.optional(),
  state: text.optional(),
  spec_keys: text.optional(),
  allow_commands: text.optional(),
  allow_files: text.optional(),
  allow_environment: text.optional(),
  allow_credentials: text.optional(),
  log_level: z.enum(LOG_LEVELS).optional(),
  expect: text.optional(),
  labels: labelRulesSchema.optional(),
  publishers: publishersSchema.optional(),
});

export type Config = z.infer<typeof configSchema>;

/**
 * Reads the configuration file. A key that other users may read is warned of on stderr.
 *
 * @param isNamed whether its user named it; else it need not be there
 * @throws CommandError if it cannot be read, or has mistakes, each shown with line and column
 */
export async function readConfig(path: string, isNamed: boolean, io: Io): Promise<Config> {
  const content = await readConfigText(path, isNamed);
  const outcome = parseConfig(content);
  if ("mistakes" in outcome)
    throw new CommandError(
      `the configuration file has mistakes:\n${renderConfigMistakes(path, content, outcome.mistakes)}`,
    );
  if (outcome.value.key !== undefined && ((await stat(path)).mode & 0o077) !== 0) {
    await io.stderr.write(`warning: other users may read the API key in ${path}; chmod 600 it\n`);
  }
  return outcome.value;
}

/** @returns "" for a file that need not be there, and is not @throws CommandError */
export async function readConfigText(path: string, isNamed: boolean): Promise<string> {
  try {
    return await readGivenText(path);
  } catch (error) {
    if (!isNamed && (error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw new CommandError(`cannot read the configuration file: ${(error as Error).message}`);
  }
}

/** Parses the configuration. */
export function parseConfig(content: string): ReturnType<typeof parseConfigAs<Config>> {
  return parseConfigAs(content, configSchema);
}

/** Parses the configuration by another schema, one that takes an empty object too. */
export function parseConfigAs<T extends object>(content: string, schema: z.ZodType<T>) {
  // A file whose lines are all commented out sets nothing.
  if (content.split("\n").every((line) => /^\s*(#|$)/.test(line))) return { value: {} as T };
  return readDocument(content, schema, { maxBytes: MAX_CONFIG_BYTES });
}

/** Mistakes as their user sees them, without keys and other secrets. */
export function renderConfigMistakes(path: string, content: string, mistakes: readonly Mistake[]): string {
  return hide(renderMistakes(path, hideSecrets(content, mistakes), mistakes), /rc_[\w-]+/g);
}

/**
 * Keys whose values may be secrets, and the rest of their line. Where a secret is, and not it, are
 * token_file, token_env and token_parameter.
 */
const SECRET_VALUES =
  /(?<=(?:^|[\s{,"'])[\w-]*(?:key|token|secret|passw(?:or)?d|password|webhook|url)["']?[ \t]*:[ \t]*)\S.*/gim;

/**
 * A value that stands where no key is known may be anything; and people write secrets where
 * publishers are, under names of their own.
 */
function hideSecrets(content: string, mistakes: readonly Mistake[]): string {
  const lines = content.split("\n");
  for (const { line, column, path, message } of mistakes) {
    if (!path.startsWith("publishers") || !message.startsWith("unknown key")) continue;
    const text = lines[line - 1] ?? "";
    lines[line - 1] = text.slice(0, column - 1) + text.slice(column - 1).replace(/(?<=:[ \t]*)\S.*/, stars);
  }
  return hide(lines.join("\n"), SECRET_VALUES);
}

/**
 * Stars in place of what matches, as many as there were letters, so that carets stay where they
 * point.
 */
function hide(text: string, pattern: RegExp): string {
  return text.replace(pattern, stars);
}

function stars(value: string): string {
  return "*".repeat(value.length);
}
