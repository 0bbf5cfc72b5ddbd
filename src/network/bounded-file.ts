// Reading a file that somebody names, no further than fits: a device may have no end.
import { createReadStream } from "node:fs";
import { readBounded } from "./bounded-read.ts";

/** Certificates, keys and bundles of CAs: a system's whole bundle has some 250 KB. */
export const MAX_PEM_BYTES = 8 * 1024 * 1024;

/** @throws Error that it has more bytes; what the file system says */
export async function readBoundedFile(path: string, maxBytes: number): Promise<Buffer> {
  const bytes = await readBounded(createReadStream(path), maxBytes);
  if (!bytes) throw new Error(`it has more than ${maxBytes} bytes`);
  return bytes;
}
