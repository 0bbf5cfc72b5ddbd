// Representations: the bytes of an answer, plain or compressed, with ETag and 304;
// what is compressed is kept for others.
import { PassThrough, Readable } from "node:stream";
import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import { accepts } from "hono/accepts";
import { LRUCache } from "lru-cache";
import { type AnswerFormat, MEDIA_TYPES, type WrittenAnswer } from "../questions/written-answer.ts";
import { SHARED_YIELDER, SLICE_BYTES } from "../roll/yielder.ts";
import type { AnswerCache } from "./answer-cache.ts";
import { type CompressedAnswer, compressAnswer } from "./compressed-answer.ts";
import { type Encoding, negotiateEncoding } from "./encoding.ts";
import { matchesEtag } from "./etag.ts";

/**
 * Answers up to this many bytes are sent in one piece once they are compressed; larger ones as the
 * compressor makes them.
 */
const MAX_WHOLE_ANSWER_BYTES = 32 * 1024 * 1024;

/** The largest compressed answer that is kept; bytes. */
const MAX_KEPT_ANSWER_BYTES = 96 * 1024 * 1024;

/**
 * Plain answers up to this many bytes are made at once; up to the second, once for all who ask, as
 * compressed ones are; larger ones a piece at a time, as each reader takes them.
 */
const MAX_SMALL_BYTES = 64 * 1024;
const MAX_SHARED_BYTES = 8 * 1024 * 1024;

/**
 * Pieces of this size at most are given to a socket at once, so that it is seen whether their
 * reader takes them; bytes.
 */
const PIECE_BYTES = 256 * 1024;
const MAX_UNDIVIDED_BYTES = 1024 * 1024;

/** An answer before it goes out. */
export interface Answered
  extends Pick<WrittenAnswer, "digest" | "isTimed" | "facts" | "estimate" | "whole" | "length" | "write"> {
  readonly headers: Readonly<Record<string, string>>;
}

/** An answer as it goes out. */
export interface Representation {
  readonly status: 200 | 304;
  readonly headers: Readonly<Record<string, string>>;
  /** A Buffer is shared, and must not be written to. */
  readonly body: Buffer | ReadableStream<Uint8Array> | null;
}

/** A body, and how many bytes it has where that is known. */
interface Body {
  readonly body: Representation["body"];
  readonly length: number | undefined;
}

/** Reports become some ten times smaller. */
const COMPRESSED = 8;

/** No encoding. */
const PLAIN = { open: () => new PassThrough(), shrinks: 1 };

const NO_BODY: Body = { body: null, length: undefined };

export interface Representer {
  represent(context: Context, answered: Answered, format: AnswerFormat): Promise<Representation>;
}

/** What Accept may name, the usual form first. */
const ACCEPTED: Readonly<Record<string, AnswerFormat>> = {
  "application/json": "json",
  "application/x-ndjson": "ndjson",
  "application/ndjson": "ndjson",
  "application/jsonl": "ndjson",
  "text/csv": "csv",
};

const ALL_TYPES = Object.keys(ACCEPTED);
const TYPES_OF_OLD = ALL_TYPES.filter((type) => ACCEPTED[type] !== "csv");

/**
 * Tells the format that the request's Accept asks for; JSON where it asks for none. @param mayBeCsv
 * whether that is among them
 */
export function negotiateFormat(context: Context, mayBeCsv: boolean): AnswerFormat {
  const supports = mayBeCsv ? ALL_TYPES : TYPES_OF_OLD;
  const type = accepts(context, { header: "Accept", supports, default: "application/json" });
  return ACCEPTED[type] ?? "json";
}

/** Ends the ETags of a form that has the same digest as another. */
const FORMAT_MARKS: Readonly<Record<AnswerFormat, string>> = { json: "", ndjson: "-l", csv: "-c" };

/** Makes the one that turns answers into representations. @param answers where it keeps them */
export function createRepresenter(answers: AnswerCache): Representer {
  const cache = answers.openPartition<CompressedAnswer>(true);
  const tooLarge = new LRUCache<string, true>({ max: 64 });

  /** Requests for the same bytes in the same encoding share one compressor, also while it runs. */
  function makeOnce(
    name: string,
    answered: Answered,
    encoding: Pick<Encoding, "open"> & { readonly shrinks: number },
  ): CompressedAnswer {
    const kept = cache.get(name);
    if (kept) return kept;
    const open = () => encoding.open(answered.estimate);
    if (tooLarge.has(name)) return compressAnswer(answered.write, open, 0);
    const maxBytes = Math.min(MAX_KEPT_ANSWER_BYTES, answers.maxBytes);
    const making = compressAnswer(answered.write, open, maxBytes);
    // The size is set right when it is known.
    cache.set(name, making, Math.min(maxBytes, Math.ceil(answered.estimate / encoding.shrinks)));
    making.made.then(
      (bytes) => {
        if (bytes !== undefined) return cache.set(name, making, bytes);
        tooLarge.set(name, true);
        return cache.delete(name);
      },
      () => cache.delete(name),
    );
    return making;
  }

  /** Bytes that several ask for at a time are shared; undefined where there are too many. */
  async function gatherPlain(name: string, answered: Answered): Promise<Buffer | undefined> {
    if (answered.whole) return answered.whole;
    const size = Math.max(answered.estimate, answered.length ?? 0);
    if (size <= MAX_SMALL_BYTES) return Buffer.concat([...answered.write()]);
    return size <= MAX_SHARED_BYTES ? await makeOnce(name, answered, PLAIN).readWhole() : undefined;
  }

  /**
   * Who is to be told the length of what comes in pieces has it counted first; what is known costs
   * nothing.
   */
  async function writePlain(name: string, answered: Answered, needsLength: boolean): Promise<Body> {
    const whole = await gatherPlain(name, answered);
    if (whole) return { body: whole, length: whole.length };
    const length = answered.length ?? (needsLength ? await countBytes(answered.write()) : undefined);
    return { body: streamChunks(answered.write()), length };
  }

  async function writeCompressed(
    name: string,
    answered: Answered,
    encoding: Encoding,
    needsLength: boolean,
  ): Promise<Body> {
    const compressed = makeOnce(name, answered, { open: encoding.open, shrinks: COMPRESSED });
    const whole = answered.estimate <= MAX_WHOLE_ANSWER_BYTES ? await compressed.readWhole() : undefined;
    if (whole) return { body: whole, length: whole.length };
    const length = needsLength
      ? ((await compressed.made) ?? (await countBytes(compressed.read())))
      : undefined;
    return { body: Readable.toWeb(Readable.from(compressed.read())) as ReadableStream<Uint8Array>, length };
  }

  async function writeBody(
    name: string,
    answered: Answered,
    encoding: Encoding | undefined,
    needsLength: boolean,
  ): Promise<Body> {
    if (encoding) return await writeCompressed(name, answered, encoding, needsLength);
    return await writePlain(name, answered, needsLength);
  }

  return {
    async represent(context, answered, format) {
      const encoding = negotiateEncoding(context);
      // Two encodings are two representations and so have two strong ETags (RFC 9110, section
      // 8.8.3.3).
      const etag = `"${answered.digest}${FORMAT_MARKS[format]}${encoding ? `-${encoding.mark}` : ""}"`;
      const headers = {
        ...answered.headers,
        // Two bodies that differ in their instant alone are equivalent, and not the same (RFC 9110,
        // section 8.8.1).
        etag: answered.isTimed ? `W/${etag}` : etag,
        "cache-control": "private, no-cache",
        vary: "Accept, Accept-Encoding, X-Api-Key, Authorization",
      };
      if (matchesEtag(context.req.header("if-none-match"), etag)) return { status: 304, headers, body: null };
      const { incoming } = (context.env ?? {}) as Partial<HttpBindings>;
      // HTTP/1.0 has no chunks, so without a length an answer that is cut off looks whole; nginx
      // asks its upstreams so where it is not told otherwise.
      const needsLength = incoming?.httpVersion === "1.0";
      const name = answered.isTimed ? `${etag} ${answered.facts.asOf}` : etag;
      const { body, length } =
        context.req.method === "HEAD" ? NO_BODY : await writeBody(name, answered, encoding, needsLength);
      // Other doors have lengths of their own.
      const isLengthTold = length !== undefined && (incoming !== undefined || body instanceof Buffer);
      const described = {
        ...headers,
        "content-type": MEDIA_TYPES[format],
        ...(encoding && { "content-encoding": encoding.name }),
        ...(isLengthTold && { "content-length": String(length) }),
      };
      return { status: 200, headers: described, body };
    },
  };
}

/** Makes the response. */
export function toResponse({ status, headers, body }: Representation): Response {
  const pieces = body instanceof Buffer ? divideBody(body) : undefined;
  if (pieces) return new Response(streamChunks(pieces), { status, headers });
  // Uint8Array without a copy; TypeScript thinks of buffers that several threads share.
  return new Response(body as Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | null, {
    status,
    headers,
  });
}

/**
 * The pieces of an answer that is too large to be handed on at once. @returns undefined if it is
 * not
 */
export function divideBody(body: Buffer): IterableIterator<Buffer> | undefined {
  return body.length > MAX_UNDIVIDED_BYTES ? divide(body) : undefined;
}

function* divide(body: Buffer): Generator<Buffer> {
  for (let at = 0; at < body.length; at += PIECE_BYTES) yield body.subarray(at, at + PIECE_BYTES);
}

/** Counts what will be written; others get their turn between two chunks. */
async function countBytes(chunks: Iterable<Buffer> | AsyncIterable<Buffer>): Promise<number> {
  let length = 0;
  for await (const chunk of chunks) {
    length += chunk.length;
    await SHARED_YIELDER.spend(SLICE_BYTES);
  }
  return length;
}

/**
 * A chunk is made when the socket has room for it, so a slow reader costs one chunk of memory and
 * not the whole answer.
 */
function streamChunks(chunks: Iterable<Buffer>): ReadableStream<Uint8Array> {
  const iterator = chunks[Symbol.iterator]();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        // A reader as quick as memory would have all chunks made in one go.
        await SHARED_YIELDER.spend(SLICE_BYTES);
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
