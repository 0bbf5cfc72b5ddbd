// The expected hosts of a file, which is read again whenever it has changed.
import { stat } from "node:fs/promises";
import { ExpectationError, parseExpected } from "../questions/coverage.ts";

/** `aws ec2 describe-instances` says some 10 KB of each host. */
const MAX_EXPECTED_BYTES = 512 * 1024 * 1024;

/** Reads a file's text, no more of it than fits. @throws Error that says why it cannot be read */
export type ReadText = (path: string) => Promise<string>;

/**
 * Prepares to read a file again whenever it has changed.
 *
 * @param path absolute
 * @returns what throws ExpectationError where it cannot be read, or lists no hosts
 */
export function openExpected(path: string, readText: ReadText): () => Promise<ReadonlySet<string>> {
  let known: { readonly mark: string; readonly ids: ReadonlySet<string> } | undefined;
  return async () => {
    const mark = await look(() => readMark(path));
    if (known?.mark !== mark) known = { mark, ids: parseExpected(await look(() => readText(path))) };
    return known.ids;
  };
}

/** What changes when a file does. */
async function readMark(path: string): Promise<string> {
  const { mtimeMs, size, ino } = await stat(path);
  if (size > MAX_EXPECTED_BYTES)
    throw new ExpectationError(`has ${size} bytes; the limit is ${MAX_EXPECTED_BYTES}`);
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
