// The order of one process's puts of one key: which one began last, and one placed at a time.

/** A put's place among those of this process for one key. */
interface PutTicket {
  readonly key: string;
  readonly number: number;
}

interface KeyQueue {
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
  readonly #queues = new Map<string, KeyQueue>();
  #next = 0;

  /** Call when a put begins; `end` has to follow. */
  begin(key: string): PutTicket {
    const queue = this.#queues.get(key) ?? { waiting: 0, placed: -1, last: Promise.resolve() };
    this.#queues.set(key, queue);
    queue.waiting++;
    return { key, number: this.#next++ };
  }

  /**
   * Places, when no other put of the key does. @param place is told whether one that began later
   * has been placed @returns what it returns
   */
  async place<T>({ key, number }: PutTicket, place: (isOvertaken: boolean) => Promise<T>): Promise<T> {
    const queue = this.#queues.get(key) as KeyQueue;
    const work = queue.last.then(async () => {
      const isOvertaken = queue.placed > number;
      const outcome = await place(isOvertaken);
      queue.placed = Math.max(queue.placed, number);
      return outcome;
    });
    queue.last = work.catch(() => undefined);
    return await work;
  }

  end({ key }: PutTicket): void {
    const queue = this.#queues.get(key);
    if (queue && --queue.waiting === 0) this.#queues.delete(key);
  }
}
