// What is secret among the settings: API keys and tokens, in the environment, the configuration or
// a file.
import { isAbsolute, resolve } from "node:path";
import { MAX_TOKEN_LENGTH } from "../../access/token-bounds.ts";
import { isKeyLike } from "../../report/api-key.ts";
import { CommandError } from "../program/failure.ts";
import type { Io } from "../program/io.ts";
import { readGivenText } from "./given-file.ts";
import { isNearer, type SourcedValue } from "./sourced-value.ts";

const MAX_KEY_FILE_BYTES = 4096;

/** What is secret and goes into a header: so a quote or a newline must be told before that. */
interface SecretForm {
  readonly name: string;
  readonly form: string;
  readonly isLike: (text: string) => boolean;
  readonly maxLength: number;
}

export const API_KEY: SecretForm = {
  name: "API key",
  form: "it should be one word that begins with rc_",
  isLike: isKeyLike,
  maxLength: MAX_KEY_FILE_BYTES,
};

/** What a token should be, for people. */
export const TOKEN_FORM = "it should be one word of three parts, with dots between";

/** Whether what somebody gives for a token can be one (RFC 7515, section 7.1). */
export function isTokenLike(text: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(text);
}

export const TOKEN: SecretForm = {
  name: "token",
  form: TOKEN_FORM,
  isLike: isTokenLike,
  maxLength: MAX_TOKEN_LENGTH,
};

/**
 * A secret that is set, or in a file that is: whichever was named at the higher level. @throws
 * CommandError
 */
export async function readSecret(
  secret: SourcedValue | undefined,
  file: SourcedValue | undefined,
  form: SecretForm,
  io: Io,
): Promise<string | undefined> {
  if (secret && !(file && isNearer(file, secret))) return checkSecret(secret.value, secret.name, form);
  return file && checkSecret(await readSecretFile(file, form, io), file.value, form);
}

async function readSecretFile({ value, name }: SourcedValue, form: SecretForm, io: Io): Promise<string> {
  try {
    const content = await readGivenText(isAbsolute(value) ? value : resolve(io.cwd, value));
    if (content.length > form.maxLength) throw new Error(`it is longer than any ${form.name}`);
    return content.trim();
  } catch (error) {
    throw new CommandError(`cannot read the ${form.name} (${name}): ${(error as Error).message}`);
  }
}

/** Without showing the secret. */
function checkSecret(secret: string, from: string, { name, form, isLike }: SecretForm): string {
  if (!isLike(secret)) throw new CommandError(`${from} holds no ${name}: ${form}`);
  return secret;
}
