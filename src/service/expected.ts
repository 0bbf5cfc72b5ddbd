// Lists of expected hosts: from a file, from stdin, from EC2.
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { CommandError } from "../cli/program/failure.ts";
import type { Io } from "../cli/program/io.ts";
import { readGivenText } from "../cli/settings/given-file.ts";
import { ExpectationError, parseExpected } from "../questions/coverage.ts";

/** `aws ec2 describe-instances` says some 10 KB of each host. */
const MAX_BYTES = 512 * 1024 * 1024;

/**
 * Prepares to read a file again whenever it has changed. @returns undefined where no file was named
 */
export function openExpected(
  file: string | undefined,
  io: Pick<Io, "cwd">,
): (() => Promise<ReadonlySet<string>>) | undefined {
  if (file === undefined) return undefined;
  const path = resolve(io.cwd, file);
  let known: { readonly mark: string; readonly ids: ReadonlySet<string> } | undefined;
  return async () => {
    const mark = await look(() => readMark(path));
    if (known?.mark !== mark) known = { mark, ids: parseExpected(await look(() => readGivenText(path))) };
    return known.ids;
  };
}

/** What changes when a file does. */
async function readMark(path: string): Promise<string> {
  const { mtimeMs, size, ino } = await stat(path);
  if (size > MAX_BYTES) throw new ExpectationError(`has ${size} bytes; the limit is ${MAX_BYTES}`);
  return `${mtimeMs} ${size} ${ino}`;
}

/** @throws ExpectationError */
async function look<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ExpectationError) throw error;
    throw new ExpectationError(`cannot be read: ${(error as Error).message}`);
  }
}

/** Reads a list that a flag names; `-` is stdin. @throws CommandError that names it */
export async function readExpected(
  name: string,
  io: Pick<Io, "cwd" | "readStdin">,
): Promise<ReadonlySet<string>> {
  try {
    if (name !== "-") return (await openExpected(name, io)?.()) ?? new Set();
    return parseExpected((await io.readStdin()).toString("utf8"));
  } catch (error) {
    if (error instanceof ExpectationError)
      throw new CommandError(`the expected hosts (${name}): ${error.message}`);
    throw error;
  }
}
