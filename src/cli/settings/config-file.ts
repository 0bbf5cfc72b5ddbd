// The configuration file: which keys it may hold, and what is said of mistakes in it.
import { stat } from "node:fs/promises";
import * as z from "zod";
import { PUBLISHER_KEYS, publishersSchema } from "../../publish/config.ts";
import { labelRulesSchema } from "../../questions/labels.ts";
import { KEYS_IN_TEXT } from "../../report/api-key.ts";
import { readDocument } from "../../specs/document.ts";
import { type Mistake, renderMistakes } from "../../specs/mistake.ts";
import { CommandError } from "../program/failure.ts";
import type { Io } from "../program/io.ts";
import { LOG_LEVELS } from "./log-level.ts";

const MAX_CONFIG_BYTES = 64 * 1024;

const text = z.string().min(1);

/**
 * The configuration file. What only some commands use (`listen`, `within`) is looked at where it is
 * used, and by `rollcall config check`.
 */
export const configSchema = z.strictObject({
  store: text.optional(),
  also_read: z
    .union([text, z.array(text).min(1)])
    .transform((value) => [value].flat().join(","))
    .optional(),
  legacy_store: text.optional(),
  server: text.optional(),
  key: text.optional(),
  key_file: text.optional(),
  token: text.optional(),
  token_file: text.optional(),
  sigv4: text.optional(),
  enrol_key: text.optional(),
  enrol_key_file: text.optional(),
  spec: text.optional(),
  listen: text.optional(),
  keep_alive: text.optional(),
  jwt_issuer: text.optional(),
  jwt_audience: text.optional(),
  jwt_header: text.optional(),
  jwt_keys: text.optional(),
  jwt_algorithms: text.optional(),
  alb_signer: text.optional(),
  alb_client: text.optional(),
  alb_keys: text.optional(),
  sign_in_scopes: text.optional(),
  max_key_hosts: z.union([text, z.int().transform(String)]).optional(),
  max_key_bytes: z.union([text, z.int().transform(String)]).optional(),
  max_key_writes: z.union([text, z.int().transform(String)]).optional(),
  cors_origins: z
    .union([text, z.array(text).min(1)])
    .transform((value) => [value].flat().join(","))
    .optional(),
  within: text.optional(),
  max_age: text.optional(),
  state: text.optional(),
  role_ids: text.optional(),
  spec_keys: text.optional(),
  allow_commands: text.optional(),
  allow_files: text.optional(),
  allow_environment: text.optional(),
  allow_credentials: text.optional(),
  log_level: z.enum(LOG_LEVELS).optional(),
  expect: text.optional(),
  history_every: text.optional(),
  history_ignore: z
    .union([text, z.array(text).min(1)])
    .transform((value) => [value].flat().join(","))
    .optional(),
  labels: labelRulesSchema.optional(),
  publishers: publishersSchema.optional(),
});

export type Config = z.infer<typeof configSchema>;

/**
 * Reads what the configuration file says. A key that other users may read is warned of on stderr.
 *
 * @throws CommandError if it has mistakes, each shown with line and column
 */
export async function readConfig(path: string, content: string, io: Io): Promise<Config> {
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
  return hide(renderMistakes(path, hideSecrets(content), mistakes.map(hideQuoted)), KEYS_IN_TEXT);
}

/**
 * Keys whose values may be secrets, and the rest of their line. Where a secret is, and not it, are
 * token_file, token_env and token_parameter.
 */
const SECRET_VALUES =
  /(?<=(?:^|[\s{,"'])[\w-]*(?:keys?|token|secret|passw(?:or)?d|password|webhook|url)["']?[ \t]*:[ \t]*)\S.*/gim;

/** A key at the beginning of a line, below which all is until the next one. */
const SECTION = /^["']?([\w-]+)["']?[ \t]*:/;

/**
 * People write secrets where publishers are, under names of their own, in the place of a publisher,
 * or where nothing should stand at all. So of publishers, and of sections that are not known, only
 * the values of known keys are shown.
 */
function hideSecrets(content: string): string {
  let isShown = true;
  const lines = content.split("\n").map((line) => {
    const section = SECTION.exec(line)?.[1];
    if (section !== undefined) isShown = section !== "publishers" && section in configSchema.shape;
    else if (/publishers["']?[ \t]*:/.test(line)) isShown = false;
    return isShown ? line : hideUnknownValues(line, section !== undefined && section !== "publishers");
  });
  return hide(lines.join("\n"), SECRET_VALUES);
}

/**
 * @param isMistyped whether the line begins a section that is not known: most likely a known one,
 *   mistyped
 */
function hideUnknownValues(line: string, isMistyped: boolean): string {
  let isFirst = true;
  for (const { 1: key = "", 2: value = "", index, 0: all } of line.matchAll(
    /(?:^|[\s{,"'-])([\w!.-]+)["']?[ \t]*:(?=[ \t]+(\S)|[ \t]*$)/g,
  )) {
    const isAsked = !PUBLISHER_KEYS.has(key) && !(isFirst && isMistyped) && !/[{]/.test(value);
    isFirst = false;
    if (isAsked)
      return line.slice(0, index + all.length) + line.slice(index + all.length).replace(/\S.*/, stars);
  }
  // A value on a line of its own.
  return isFirst ? line.replace(/[^\s{}[\],-].*/, stars) : line;
}

/** In the place of publishers, or of one, any text may be the secret itself. */
function hideQuoted(mistake: Mistake): Mistake {
  const { redacted } = mistake;
  const isHidden = redacted?.at[0] === "publishers" && redacted.at.length <= 2;
  return isHidden ? { ...mistake, message: redacted.message } : mistake;
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
