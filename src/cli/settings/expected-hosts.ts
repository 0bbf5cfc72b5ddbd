// The hosts that should report, as a flag or a setting names them.
import { resolve } from "node:path";
import { ExpectationError, parseExpected } from "../../questions/coverage.ts";
import { openExpected } from "../../service/expected.ts";
import { CommandError } from "../program/failure.ts";
import type { Io } from "../program/io.ts";
import { readGivenText } from "./given-file.ts";

/** Prepares to read a file again whenever it has changed. */
export function openExpectedFile(file: string, { cwd }: Pick<Io, "cwd">): () => Promise<ReadonlySet<string>> {
  return openExpected(resolve(cwd, file), readGivenText);
}

/** Reads a list that a flag names; `-` is stdin. @throws CommandError that names it */
export async function readExpected(
  name: string,
  io: Pick<Io, "cwd" | "readStdin">,
): Promise<ReadonlySet<string>> {
  try {
    if (name !== "-") return await openExpectedFile(name, io)();
    return parseExpected((await io.readStdin()).toString("utf8"));
  } catch (error) {
    if (error instanceof ExpectationError)
      throw new CommandError(`the expected hosts (${name}): ${error.message}`);
    throw error;
  }
}
