// Bounded queues: work that waits for its turn, first come first served, in a line of bounded
// length and for a bounded time.

export interface QueueBounds {
  /** At a time. */
  readonly underWay: number;
  /** That wait for their turn. */
  readonly waiting: number;
  /** How long one waits for its turn. */
  readonly waitMs: number;
}

/** There was no turn for the work in its queue: nothing of it was done. */
export class QueueFull extends Error {
  override name = "QueueFull";
}

/** @returns what the work returns @throws QueueFull, or whatever the work throws */
export type Queue = <T>(work: () => Promise<T>) => Promise<T>;

/** Makes a queue of its own: however full or slow another is, this one goes on. */
export function createQueue({ underWay: maxUnderWay, waiting: maxWaiting, waitMs }: QueueBounds): Queue {
  let underWay = 0;
  const line = new Set<() => void>();

  /** Whoever ends hands its place to the first in line, so that nobody slips in between. */
  function leave(): void {
    const [next] = line;
    if (next) next();
    else underWay--;
  }

  function awaitTurn(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        line.delete(go);
        reject(new QueueFull(`there was no turn within ${waitMs} ms`));
      }, waitMs);
      function go(): void {
        clearTimeout(timer);
        line.delete(go);
        resolve();
      }
      line.add(go);
    });
  }

  return async (work) => {
    if (underWay < maxUnderWay) underWay++;
    else if (line.size < maxWaiting) await awaitTurn();
    else throw new QueueFull(`${line.size} wait already`);
    try {
      return await work();
    } finally {
      leave();
    }
  };
}
