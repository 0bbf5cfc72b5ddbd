// Lanes: work that waits for its turn, first come first served, in a bounded line and for a bounded time.

export interface LaneBounds {
  /** At a time. */
  readonly underWay: number;
  /** That wait for their turn. */
  readonly waiting: number;
  /** How long one waits for its turn. */
  readonly waitMs: number;
}

/** There was no turn for the work in its lane: nothing of it was done. */
export class LaneFull extends Error {
  override name = "LaneFull";
}

/** @returns what the work returns @throws LaneFull, or whatever the work throws */
export type Lane = <T>(work: () => Promise<T>) => Promise<T>;

/** Makes a lane of its own: however full or slow another is, this one goes on. */
export function createLane({ underWay: maxUnderWay, waiting: maxWaiting, waitMs }: LaneBounds): Lane {
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
        reject(new LaneFull(`there was no turn within ${waitMs} ms`));
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
    else throw new LaneFull(`${line.size} wait already`);
    try {
      return await work();
    } finally {
      leave();
    }
  };
}
