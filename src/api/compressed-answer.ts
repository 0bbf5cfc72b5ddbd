// A compressed answer: made once, while any number of readers read what is there of it already.
import { pipeline, Readable, type Transform } from "node:stream";

export interface CompressedAnswer {
  /**
   * Resolves with the number of bytes when all are made, or undefined if they were too many to
   * keep. @throws whatever the compressor throws
   */
  readonly made: Promise<number | undefined>;
  /**
   * The bytes from the first, as they are made; each reader has its own pace. Chunks must not be
   * written to.
   */
  read(): AsyncGenerator<Buffer>;
  /** All of it in one; undefined if it was too much to keep. */
  readWhole(): Promise<Buffer | undefined>;
}

/**
 * Begins to compress.
 *
 * @param write gives the bytes anew at each call, the same ones in the same chunks
 * @param open opens a compressor; the same input gives the same output
 * @param maxBytes more are not kept: readers then go on by themselves from where they are, each
 *   with its own compressor
 */
export function compressAnswer(
  write: () => Iterable<Buffer>,
  open: () => Transform,
  maxBytes: number,
): CompressedAnswer {
  let source = write;
  let chunks: Buffer[] = [];
  let whole: Buffer | undefined;
  let bytes = 0;
  let state: "making" | "made" | "dropped" | "failed" = "making";
  const news = createSignal();

  function compress(): AsyncIterable<Buffer> {
    // An error of either side destroys the other, and ends the iteration with it.
    return pipeline(Readable.from(source()), open(), () => undefined);
  }

  async function make(): Promise<number | undefined> {
    try {
      for await (const chunk of compress()) {
        bytes += chunk.length;
        if (bytes > maxBytes) {
          state = "dropped";
          chunks = [];
          return undefined;
        }
        chunks.push(chunk);
        news.send();
      }
      state = "made";
      // What is kept must not keep the reports alive that it was made of.
      source = () => [];
      return bytes;
    } catch (error) {
      state = "failed";
      throw error;
    } finally {
      news.send();
    }
  }

  const made = make();
  // Readers meet it; without any it must not end the process.
  made.catch(() => undefined);

  async function* readAlone(from: number): AsyncGenerator<Buffer> {
    let skip = from;
    for await (const chunk of compress()) {
      if (chunk.length > skip) yield chunk.subarray(skip);
      skip = Math.max(0, skip - chunk.length);
    }
  }

  async function* read(): AsyncGenerator<Buffer> {
    let sent = 0;
    for (let at = 0; ; ) {
      const chunk = chunks[at];
      if (chunk) {
        at++;
        sent += chunk.length;
        yield chunk;
      } else if (state === "dropped") {
        return yield* readAlone(sent);
      } else if (state === "made") {
        return;
      } else {
        await (state === "making" ? news.next : made);
      }
    }
  }

  return {
    made,
    read,
    async readWhole() {
      if ((await made) === undefined) return undefined;
      if (!whole) {
        whole = Buffer.concat(chunks);
        // Readers that are under way go on at their place.
        let at = 0;
        for (const [index, { length }] of chunks.entries()) {
          chunks[index] = whole.subarray(at, at + length);
          at += length;
        }
      }
      return whole;
    },
  };
}

/** Wakes all who wait for the next time it is sent. */
function createSignal() {
  let wake: () => void = () => undefined;
  const wait = () =>
    new Promise<void>((resolve) => {
      wake = resolve;
    });
  let next = wait();
  return {
    get next() {
      return next;
    },
    send() {
      wake();
      next = wait();
    },
  };
}
