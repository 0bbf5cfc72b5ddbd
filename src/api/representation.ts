// Representations: the bytes of an answer as JSON or lines, plain or gzipped, streamed; with ETag, 304 and a cache of gzipped ones.

import { Readable } from "node:stream";
import { promisify } from "node:util";
import { createGzip, gzip } from "node:zlib";
import type { Context } from "hono";
import { accepts } from "hono/accepts";
import { LRUCache } from "lru-cache";
import type { Format } from "../answers/array.ts";

const gzipBytes = promisify(gzip);

/** Answers up to this many bytes are gzipped once and kept; larger ones are gzipped as they stream. */
const MAX_CACHED_BYTES = 32 * 1024 * 1024;
const CACHE_BYTES = 64 * 1024 * 1024;

const MEDIA_TYPES: Record<Format, string> = { json: "application/json", ndjson: "application/x-ndjson" };

/** An answer before it is written. */
export interface Answered {
  /** Identifies the bytes before encoding; letters that may stand in an ETag. */
  readonly digest: string;
  /** About how many bytes it will have. */
  readonly estimate: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Begins to write; called at most once, and not at all for 304 and HEAD. */
  write(): Iterable<Buffer>;
}

export interface Representer {
  respond(context: Context, answered: Answered, format: Format): Promise<Response>;
}

/** Tells the format that the request's Accept asks for; JSON where it asks for neither. */
export function negotiateFormat(context: Context): Format {
  const supports = ["application/json", "application/x-ndjson", "application/ndjson", "application/jsonl"];
  const type = accepts(context, { header: "Accept", supports, default: "application/json" });
  return type === "application/json" ? "json" : "ndjson";
}

/** Makes the one that turns answers into responses; it holds the cache. */
export function createRepresenter(): Representer {
  const cache = new LRUCache<string, Promise<Buffer>>({ maxSize: CACHE_BYTES, maxEntrySize: MAX_CACHED_BYTES });

  function gzipOnce(etag: string, answered: Answered): Promise<Buffer> {
    const cached = cache.get(etag);
    if (cached) return cached;
    const making = gzipBytes(Buffer.concat([...answered.write()]));
    // Gzip makes JSON some ten times smaller; the size is set right when it is known.
    cache.set(etag, making, { size: Math.max(1, Math.ceil(answered.estimate / 8)) });
    making.then(
      (bytes) => cache.set(etag, making, { size: bytes.length + 1 }),
      () => cache.delete(etag),
    );
    return making;
  }

  return {
    async respond(context, answered, format) {
      const gzipped = acceptsGzip(context);
      // Two encodings are two representations and so have two strong ETags (RFC 9110, section 8.8.3.3).
      const etag = `"${answered.digest}${format === "ndjson" ? "-l" : ""}${gzipped ? "-g" : ""}"`;
      const headers = new Headers({
        ...answered.headers,
        etag,
        "cache-control": "private, no-cache",
        vary: "Accept, Accept-Encoding, X-Api-Key, Authorization",
      });
      if (matchesEtag(context.req.header("if-none-match"), etag)) return new Response(null, { status: 304, headers });
      headers.set("content-type", MEDIA_TYPES[format]);
      if (gzipped) headers.set("content-encoding", "gzip");
      if (context.req.method === "HEAD") return new Response(null, { headers });
      if (!gzipped) return new Response(streamChunks(answered.write()), { headers });
      if (answered.estimate <= MAX_CACHED_BYTES) return new Response(new Uint8Array(await gzipOnce(etag, answered)), { headers });
      return new Response(streamGzip(answered.write()), { headers });
    },
  };
}

/** A chunk is made when the socket has room for it, so a slow reader costs one chunk of memory and not the whole answer. */
function streamChunks(chunks: Iterable<Buffer>): ReadableStream<Uint8Array> {
  const iterator = chunks[Symbol.iterator]();
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const { done, value } = iterator.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel() {
        iterator.return?.();
      },
    },
    { highWaterMark: 1 },
  );
}

function streamGzip(chunks: Iterable<Buffer>): ReadableStream<Uint8Array> {
  return Readable.toWeb(Readable.from(chunks).pipe(createGzip())) as ReadableStream<Uint8Array>;
}

function acceptsGzip(context: Context): boolean {
  const encoding = accepts(context, { header: "Accept-Encoding", supports: ["gzip", "identity"], default: "identity" });
  return encoding === "gzip";
}

/** If-None-Match (RFC 9110, section 13.1.2): weak comparison, a list, or `*`. */
function matchesEtag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(",").some((item) => {
    const candidate = item.trim().replace(/^W\//, "");
    return candidate === "*" || candidate === etag;
  });
}
