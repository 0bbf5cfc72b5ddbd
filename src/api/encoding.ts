// Content encodings (RFC 9110, section 8.4): which there are, and which of them a request should
// get.
import type { Transform } from "node:stream";
import * as zlib from "node:zlib";
import type { Context } from "hono";
import { accepts } from "hono/accepts";

export interface Encoding {
  /** As Accept-Encoding and Content-Encoding write it. */
  readonly name: string;
  /** Ends the ETags of answers so encoded. */
  readonly mark: string;
  /** Opens a compressor. @param bytes about how many will go in */
  open(bytes: number): Transform;
}

/**
 * Output comes in pieces of this size at most: fewer trips between threads than with zlib's 16 KiB.
 */
const CHUNK_BYTES = 128 * 1024;

/**
 * At this quality brotli takes the time of gzip and gives half of its bytes (docs/benchmarks.md).
 */
const BROTLI_QUALITY = 5;

const brotli: Encoding = {
  name: "br",
  mark: "b",
  open: (bytes) =>
    zlib.createBrotliCompress({
      chunkSize: CHUNK_BYTES,
      params: {
        [zlib.constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY,
        [zlib.constants.BROTLI_PARAM_MODE]: zlib.constants.BROTLI_MODE_TEXT,
        [zlib.constants.BROTLI_PARAM_SIZE_HINT]: Math.min(bytes, 0x3fff_ffff),
      },
    }),
};

const gzip: Encoding = { name: "gzip", mark: "g", open: () => zlib.createGzip({ chunkSize: CHUNK_BYTES }) };

/** Node has zstd since 22.15. */
function findZstd(): Encoding | undefined {
  const { createZstdCompress } = zlib as {
    createZstdCompress?: (options: { chunkSize: number }) => Transform;
  };
  return (
    createZstdCompress && {
      name: "zstd",
      mark: "z",
      open: () => createZstdCompress({ chunkSize: CHUNK_BYTES }),
    }
  );
}

const zstd = findZstd();

/** The ones that this Node has; the first is preferred where a request likes several as much. */
export const ENCODINGS: readonly Encoding[] = [brotli, ...(zstd ? [zstd] : []), gzip];

const IDENTITY = "identity";

/** The encoding that the request likes best of those there are; undefined for none. */
export function negotiateEncoding(context: Context): Encoding | undefined {
  const name = negotiateCoding(
    context,
    ENCODINGS.map((encoding) => encoding.name),
  );
  return ENCODINGS.find((encoding) => encoding.name === name);
}

/**
 * The name of the coding that the request likes best (RFC 9110, section 12.5.3); of several that it
 * likes as much the first. @returns `identity` for none
 */
export function negotiateCoding(context: Context, supported: readonly string[]): string {
  return accepts(context, {
    header: "Accept-Encoding",
    supports: [...supported],
    default: IDENTITY,
    match: (accepted, { supports }) => {
      const weigh = (wanted: string): number | undefined =>
        accepted.find(({ type }) => type.toLowerCase() === wanted)?.q;
      const others = weigh("*") ?? 0;
      const weights = supports.map((name) => weigh(name) ?? others);
      const most = Math.max(...weights);
      return most > 0 && most >= (weigh(IDENTITY) ?? 0)
        ? (supports[weights.indexOf(most)] ?? IDENTITY)
        : IDENTITY;
    },
  });
}
