// Where publishers' secrets come from: a file or a variable that the configuration names, never the
// configuration itself.
import { resolve } from "node:path";
import { readParameter } from "../../publish/parameter-store.ts";
import { PublishError } from "../../publish/publisher.ts";
import type { ReadSecret } from "../../publish/registry.ts";
import type { Io } from "../program/io.ts";
import { readGivenText } from "./given-file.ts";

const MAX_SECRET_LENGTH = 4096;

/** @throws PublishError that names the place, and shows nothing of what is in it */
export async function readPublisherSecret(
  { token_file: file, token_env: variable, token_parameter: parameter }: Parameters<ReadSecret>[0],
  io: Pick<Io, "env" | "cwd" | "clock">,
): Promise<string | undefined> {
  if (parameter !== undefined) return await readParameter(parameter, io);
  if (file === undefined && variable === undefined) return undefined;
  const text = file === undefined ? (io.env[variable ?? ""] ?? "") : await read(resolve(io.cwd, file));
  const secret = text.trim();
  const place = file === undefined ? `the variable ${variable}` : file;
  // It goes into a header or is a URL, so a stray newline must be told here.
  if (!/^[\x21-\x7e]+$/.test(secret) || secret.length > MAX_SECRET_LENGTH)
    throw new PublishError(`${place} holds no secret: it should be one word`);
  return secret;
}

async function read(path: string): Promise<string> {
  try {
    return await readGivenText(path);
  } catch (error) {
    throw new PublishError(`cannot read the secret: ${(error as Error).message}`);
  }
}
