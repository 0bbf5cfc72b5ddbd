// Slow readers: who asks and does not take the answer holds memory for it, and is cut after some
// seconds.
import type { Socket } from "node:net";

/**
 * How long nothing of an answer may be taken; and how long its reader may be slower than
 * MIN_BYTES_PER_SECOND. Milliseconds.
 */
const STALL_MS = 20_000;
const GRACE_MS = 30_000;

/**
 * The slowest that a reader may be in the long run: a tenth of what a telephone has where it is
 * called slow.
 */
const MIN_BYTES_PER_SECOND = 8 * 1024;

/**
 * How often it is looked; and how much time counts at most between two looks: more has passed where
 * this process itself stood still. Milliseconds.
 */
const LOOK_MS = 2000;
const MAX_STEP_MS = 2 * LOOK_MS;

/** What is looked at of a socket. */
export type WatchedSocket = Pick<Socket, "bytesWritten" | "writableLength" | "destroy" | "once">;

export interface ReaderWatch {
  /** Watches a connection until it closes. */
  add(socket: WatchedSocket): void;
  /** Looks at all connections, and cuts the slow ones. */
  cutSlow(): void;
  /** Begins to look every few seconds; it keeps no process alive. */
  start(): void;
  stop(): void;
}

/** A connection on which bytes wait to be taken. */
interface UntakenBytes {
  /** Since when some have been waiting all the time, and how many had been taken then. */
  readonly since: number;
  readonly takenThen: number;
  /** How many have been taken, and since when it has been so many. */
  readonly taken: number;
  readonly takenSince: number;
}

/**
 * Makes a watch. It costs nothing for each request: connections are looked at, not answers. @param
 * now milliseconds of a clock that is never set
 */
export function createReaderWatch(now: () => number = () => performance.now()): ReaderWatch {
  const sockets = new Map<WatchedSocket, UntakenBytes | undefined>();
  let timer: NodeJS.Timeout | undefined;
  /** Time that counts, and when it was looked last. */
  let at = 0;
  let lookedAt = now();

  function judge(socket: WatchedSocket, before: UntakenBytes | undefined): UntakenBytes | undefined {
    if (socket.writableLength === 0) return undefined;
    const taken = socket.bytesWritten - socket.writableLength;
    if (!before) return { since: at, takenThen: taken, taken, takenSince: at };
    return taken === before.taken ? before : { ...before, taken, takenSince: at };
  }

  /**
   * What is on its way counts as one: how much of it was taken is not to be seen, so it gets the
   * time that it may take.
   */
  function isSlow(socket: WatchedSocket, { since, takenThen, taken, takenSince }: UntakenBytes): boolean {
    const onItsWayMs = (socket.writableLength / MIN_BYTES_PER_SECOND) * 1000;
    if (at - takenSince > STALL_MS + onItsWayMs) return true;
    const leastMs = ((taken - takenThen) / MIN_BYTES_PER_SECOND) * 1000;
    return at - since > GRACE_MS + onItsWayMs + leastMs;
  }

  function cutSlow(): void {
    at += Math.min(now() - lookedAt, MAX_STEP_MS);
    lookedAt = now();
    for (const [socket, before] of sockets) {
      const waiting = judge(socket, before);
      sockets.set(socket, waiting);
      if (waiting && isSlow(socket, waiting)) socket.destroy();
    }
  }

  return {
    add(socket) {
      sockets.set(socket, undefined);
      socket.once("close", () => sockets.delete(socket));
    },
    cutSlow,
    start() {
      timer ??= setInterval(cutSlow, LOOK_MS).unref();
    },
    stop() {
      clearInterval(timer);
      timer = undefined;
    },
  };
}
