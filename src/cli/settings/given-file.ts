// Reading files that people name: whatever they turn out to be, no more of them than fits.

import { open } from "node:fs/promises";
import { readBounded } from "../../network/bounded-read.ts";

/**
 * The most that is read of a file that somebody names, in bytes. The longest that make sense list a
 * fleet of a hundred thousand hosts.
 */
const MAX_GIVEN_BYTES = 16 * 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;

/**
 * Reads a file, or a pipe such as a shell's `<(…)`, to its end or a byte beyond the limit: a device
 * may have no end.
 *
 * @param limit in bytes
 * @throws what the file system says
 */
export async function readGivenStart(path: string, limit: number): Promise<Buffer> {
  const file = await open(path);
  try {
    const chunks: Buffer[] = [];
    for (let total = 0; total <= limit; ) {
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, limit + 1 - total));
      const { bytesRead } = await file.read(chunk, 0, chunk.length, null);
      if (bytesRead === 0) break;
      chunks.push(chunk.subarray(0, bytesRead));
      total += bytesRead;
    }
    return Buffer.concat(chunks);
  } finally {
    await file.close();
  }
}

/** Reads what comes in by a pipe, to its end. @throws Error that it is too long */
export async function readGivenStream(
  chunks: AsyncIterable<Uint8Array>,
  name: string,
  limit = MAX_GIVEN_BYTES,
): Promise<Buffer> {
  const bytes = await readBounded(chunks, limit);
  if (!bytes) throw new Error(`${name} has more than ${limit} bytes`);
  return bytes;
}

/** Reads a file's text. @throws Error that it is too long; what the file system says */
export async function readGivenText(path: string, limit = MAX_GIVEN_BYTES): Promise<string> {
  const bytes = await readGivenStart(path, limit);
  if (bytes.length > limit) throw new Error(`${path} has more than ${limit} bytes`);
  return bytes.toString("utf8");
}
