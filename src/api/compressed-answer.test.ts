// Tests of answers that are compressed once for many readers.
import { randomBytes } from "node:crypto";
import { Transform } from "node:stream";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { compressAnswer } from "./compressed-answer.ts";
import { ENCODINGS } from "./encoding.ts";

const CHUNK = 300_000;

/** Bytes that no compressor makes smaller, in chunks; counts how often they are written. */
function makeAnswer(count: number) {
  const chunks = Array.from({ length: count }, () => randomBytes(CHUNK));
  const written = { times: 0 };
  const write = () => {
    written.times++;
    return chunks;
  };
  return { whole: Buffer.concat(chunks), write, written };
}

const gzip = ENCODINGS.find(({ name }) => name === "gzip") as (typeof ENCODINGS)[number];
const open = () => gzip.open(0);

async function readAll(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

/** Says where two runs of bytes part; comparing them byte by byte takes expect a minute. */
function compare(a: Buffer | undefined, b: Buffer | undefined): string {
  return a && b && a.equals(b) ? "the same" : `${a?.length} and ${b?.length} other bytes`;
}

describe("compressAnswer", () => {
  it("gives every reader the same bytes of one writing, whenever it comes and at whatever pace", async () => {
    const { whole, write, written } = makeAnswer(5);
    const answer = compressAnswer(write, open, 10_000_000);
    const early = answer.read();
    const first = (await early.next()).value as Buffer;
    const along = readAll(answer.read());
    const inOne = await answer.readWhole();
    const late = await readAll(answer.read());
    expect(compare(gunzipSync(inOne ?? ""), whole)).toBe("the same");
    expect(await answer.readWhole()).toBe(inOne);
    for (const bytes of [Buffer.concat([first, await readAll(early)]), await along, late]) {
      expect(compare(bytes, inOne)).toBe("the same");
    }
    expect(await answer.made).toBe(inOne?.length);
    expect(written.times).toBe(1);
  });

  it("keeps nothing of what is too much, and yet gives all of it to everyone", async () => {
    const { whole, write } = makeAnswer(6);
    const answer = compressAnswer(write, open, 3 * CHUNK);
    const early = answer.read();
    const first = (await early.next()).value as Buffer;
    const along = readAll(answer.read());
    expect(await answer.made).toBeUndefined();
    expect(await answer.readWhole()).toBeUndefined();
    for (const bytes of [
      Buffer.concat([first, await readAll(early)]),
      await along,
      await readAll(answer.read()),
    ]) {
      expect(compare(gunzipSync(bytes), whole)).toBe("the same");
    }
  });

  it("writes on when a reader goes away", async () => {
    const { whole, write } = makeAnswer(4);
    const answer = compressAnswer(write, open, 10_000_000);
    for await (const _ of answer.read()) break;
    expect(compare(gunzipSync((await answer.readWhole()) ?? ""), whole)).toBe("the same");
  });

  it("tells every reader of a failure", async () => {
    const { write } = makeAnswer(4);
    let chunks = 0;
    const openBroken = () =>
      new Transform({
        transform: (chunk, _encoding, next) =>
          ++chunks > 2 ? next(new Error("it broke")) : next(null, chunk),
      });
    const answer = compressAnswer(write, openBroken, 10_000_000);
    const readers = [readAll(answer.read()), readAll(answer.read()), answer.readWhole(), answer.made];
    for (const reader of readers) await expect(reader).rejects.toThrow("it broke");
    await expect(readAll(answer.read())).rejects.toThrow("it broke");
  });

  it("tells of a failure of what is written", async () => {
    const write = function* () {
      yield Buffer.from("some");
      throw new Error("gone");
    };
    await expect(readAll(compressAnswer(write, open, 1000).read())).rejects.toThrow("gone");
  });
});

describe.each(ENCODINGS.map((encoding) => [encoding.name, encoding] as const))("%s", (_name, encoding) => {
  it("gives the same output for the same input, so that a reader may go on alone", async () => {
    const { write } = makeAnswer(3);
    const text = () => [...write(), Buffer.from("[]".repeat(500_000))];
    const make = () => compressAnswer(text, () => encoding.open(1_900_000), 10_000_000).readWhole();
    expect(compare(await make(), await make())).toBe("the same");
  });
});
