// How fast an answer must come: one whose body drips is given up for another connection, where it
// may come at once.
import { Unavailable } from "./store.ts";

/** What is asked of one try. */
export interface TransferRate {
  /** From the request to the answer's headers; ms. */
  readonly headersMs: number;
  /** In each such time after them, ms, so many bytes come, or the body ends. */
  readonly windowMs: number;
  readonly bytes: number;
}

/**
 * The tries of a read, one after the other: a connection that is stuck is left after two seconds,
 * and a line that is slow for all gets on with less. Together they last at most as long as a
 * question waits for a store (deadline.ts).
 */
export const READ_RATES: readonly TransferRate[] = [
  { headersMs: 4000, windowMs: 2000, bytes: 16 * 1024 },
  { headersMs: 6000, windowMs: 3000, bytes: 6 * 1024 },
  { headersMs: 10_000, windowMs: 5000, bytes: 1024 },
];

/** An answer came too slowly: asked again on another connection, it may be quick. */
export class TransferTooSlow extends Unavailable {
  override name = "TransferTooSlow";
}

/** A body on its way. */
export interface WatchedTransfer {
  readonly rate: TransferRate;
  /** Bytes so far. */
  received(): number;
  /** It is too slow: what reads it gives up. */
  giveUp(reason: TransferTooSlow): void;
}

export interface TransferWatch {
  begin(body: WatchedTransfer): void;
  end(body: WatchedTransfer): void;
}

/** How often bodies are looked at; ms. */
const TICK_MS = 250;

interface TransferProgress {
  /** Time that this process ran since the window began, ms: a laptop that slept has not waited. */
  waitedMs: number;
  received: number;
}

/** Watches all bodies of one server with one timer, since each read would pay for its own. */
export function createTransferWatch(origin: string): TransferWatch {
  const bodies = new Map<WatchedTransfer, TransferProgress>();
  let timer: NodeJS.Timeout | undefined;

  function look(): void {
    if (bodies.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
    for (const [body, mark] of bodies) {
      mark.waitedMs += TICK_MS;
      const { windowMs, bytes } = body.rate;
      if (mark.waitedMs < windowMs) continue;
      const received = body.received();
      if (received - mark.received >= bytes) bodies.set(body, { waitedMs: 0, received });
      else {
        bodies.delete(body);
        const come = `${received - mark.received} bytes of its body came in ${windowMs} ms`;
        body.giveUp(
          new TransferTooSlow(`[store] [s3] the answer from ${origin} stands nearly still: ${come}`),
        );
      }
    }
  }

  return {
    begin(body) {
      bodies.set(body, { waitedMs: 0, received: 0 });
      timer ??= setInterval(look, TICK_MS).unref();
    },
    end: (body) => void bodies.delete(body),
  };
}
