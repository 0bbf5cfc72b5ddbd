// Tests of reading streams within a bound.
import fc from "fast-check";
import { expect, it } from "vitest";
import { readBounded } from "./bounded-read.ts";

it("gives all that fits, and calls off what does not", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 8 })), fc.nat(40), async (pieces, most) => {
      let isCancelled = false;
      const left = [...pieces];
      const body = new ReadableStream<Uint8Array>(
        {
          pull(controller) {
            const piece = left.shift();
            if (piece === undefined) controller.close();
            else controller.enqueue(piece);
          },
          cancel() {
            isCancelled = true;
          },
        },
        { highWaterMark: 0 },
      );
      const whole = Buffer.concat(pieces);
      expect(await readBounded(body, most)).toEqual(whole.length > most ? undefined : whole);
      expect(isCancelled).toBe(whole.length > most);
    }),
  );
});

it("takes no body for an empty one", async () => {
  expect(await readBounded(null, 0)).toEqual(Buffer.alloc(0));
});
