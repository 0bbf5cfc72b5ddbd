// The order of one process's puts of one key: which one began last, and one placed at a time.

/** A put's place among those of this process for one key. */
interface Turn {
  readonly key: string;
  readonly number: number;
}

interface Lane {
  /** Puts under way. */
  waiting: number;
  /** The latest beginner that was placed. */
  placed: number;
  /** Ends when the one before has been placed, or not. */
  last: Promise<unknown>;
}

/**
 * The order of the puts of one process: they are placed one at a time for each key, and which one
 * began last is known for certain.
 */
export class PutOrder {
  readonly #lanes = new Map<string, Lane>();
  #next = 0;

  /** Call when a put begins; `end` has to follow. */
  begin(key: string): Turn {
    const lane = this.#lanes.get(key) ?? { waiting: 0, placed: -1, last: Promise.resolve() };
    this.#lanes.set(key, lane);
    lane.waiting++;
    return { key, number: this.#next++ };
  }

  /**
   * Places, when no other put of the key does. @param place is told whether one that began later
   * has been placed @returns what it returns
   */
  async place<T>({ key, number }: Turn, place: (isOvertaken: boolean) => Promise<T>): Promise<T> {
    const lane = this.#lanes.get(key) as Lane;
    const work = lane.last.then(async () => {
      const isOvertaken = lane.placed > number;
      const outcome = await place(isOvertaken);
      lane.placed = Math.max(lane.placed, number);
      return outcome;
    });
    lane.last = work.catch(() => undefined);
    return await work;
  }

  end({ key }: Turn): void {
    const lane = this.#lanes.get(key);
    if (lane && --lane.waiting === 0) this.#lanes.delete(key);
  }
}
