// Reading a stream to its end, and no further than fits: whoever sends it may never end.

/**
 * Reads a stream: a request's or a response's body, stdin.
 *
 * @param onLength told how many bytes there are so far, with each piece
 * @returns undefined as soon as there are more bytes than that; the rest is called off
 * @throws what the stream throws where it breaks off
 */
export async function readBounded(
  stream: AsyncIterable<Uint8Array> | null | undefined,
  maxBytes: number,
  onLength?: (bytes: number) => void,
): Promise<Buffer | undefined> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of stream ?? []) {
    length += piece.length;
    onLength?.(length);
    // Leaving the loop early cancels the rest.
    if (length > maxBytes) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces, length);
}
