// Tests of queues: turns, bounds, deadlines.
import { describe, expect, it } from "vitest";
import { createQueue, QueueFull } from "./bounded-queue.ts";

/** Work that ends when it is told to, and notes its beginning. */
function makeWork(begun: string[]) {
  const ends = new Map<string, () => void>();
  const work = (name: string) => () => {
    begun.push(name);
    return new Promise<string>((resolve) => ends.set(name, () => resolve(name)));
  };
  return { work, end: (name: string) => ends.get(name)?.() };
}

describe("a queue", () => {
  it(
    "gives turns in the order of coming, a few at a time, and refuses at once who " + "finds the line full",
    async () => {
      const begun: string[] = [];
      const { work, end } = makeWork(begun);
      const queue = createQueue({ underWay: 2, waiting: 2, waitMs: 60_000 });
      const [a, b, c, d] = ["a", "b", "c", "d"].map((name) => queue(work(name)));
      expect(begun).toEqual(["a", "b"]);
      await expect(queue(work("e"))).rejects.toBeInstanceOf(QueueFull);
      end("b");
      expect(await b).toBe("b");
      const f = queue(work("f"));
      expect(begun).toEqual(["a", "b", "c"]);
      end("a");
      expect(await a).toBe("a");
      end("c");
      expect(await c).toBe("c");
      end("d");
      expect(await d).toBe("d");
      expect(begun).toEqual(["a", "b", "c", "d", "f"]);
      end("f");
      expect(await f).toBe("f");
    },
  );

  it("refuses who has no turn in time, does nothing of it, and has room again after failures", async () => {
    const begun: string[] = [];
    const { work, end } = makeWork(begun);
    const queue = createQueue({ underWay: 1, waiting: 1, waitMs: 1 });
    const first = queue(work("a"));
    await expect(queue(work("b"))).rejects.toBeInstanceOf(QueueFull);
    end("a");
    await first;
    for (let turn = 0; turn < 3; turn++)
      await expect(queue(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(await queue(async () => 1)).toBe(1);
    expect(begun).toEqual(["a"]);
  });
});
