// How many questions of one key are answered at a time: each holds memory and asks for the time of
// this process, and one key's are no others' business.
import { createQueue, type Queue, type QueueBounds, QueueFull } from "../access/bounded-queue.ts";
import { ApiError } from "./problem-details.ts";

/**
 * Of one key. More at a time would be no faster, since all work is done by one process; who shares
 * a key waits in line. Kept answers are given without a turn.
 */
const TURNS: QueueBounds = { underWay: 16, waiting: 1000, waitMs: 20_000 };

export interface KeyTurns {
  /**
   * Waits for a turn.
   *
   * @returns what ends it
   * @throws ApiError too_many_requests if there is none in time
   */
  take(key: string): Promise<() => void>;
}

/** Makes lines, one for each key that asks. */
export function createKeyTurns(bounds: QueueBounds = TURNS): KeyTurns {
  const queues = new Map<string, { readonly queue: Queue; users: number }>();

  /** A key without a question costs nothing. */
  async function enter(key: string, work: () => Promise<void>): Promise<void> {
    const own = queues.get(key) ?? { queue: createQueue(bounds), users: 0 };
    queues.set(key, own);
    own.users++;
    try {
      await own.queue(work);
    } finally {
      own.users--;
      if (own.users === 0) queues.delete(key);
    }
  }

  return {
    take: (key) =>
      new Promise((resolve, reject) => {
        enter(key, () => new Promise<void>(resolve)).catch((error: unknown) =>
          reject(error instanceof QueueFull ? refuse(bounds, error) : error),
        );
      }),
  };
}

function refuse({ underWay }: QueueBounds, { message }: QueueFull): ApiError {
  return new ApiError(
    "too_many_requests",
    `the key has many questions under way, of which ${underWay} are answered at a time: ${message}`,
    { headers: { "retry-after": "5" } },
  );
}
