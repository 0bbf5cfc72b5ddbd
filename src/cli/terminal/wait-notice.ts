// What a command waits for, said on a terminal where it takes long: nothing is silent for more than
// some seconds. What is written meanwhile takes the notice away.
import { sanitizeLine } from "../../report/safe-text.ts";

/** How long a command may be silent; ms. */
const SILENCE_MS = 5000;
const SECOND_MS = 1000;

/** Takes the cursor to the line's beginning, and what stands there away (ECMA-48, EL). */
const CLEAR = "\r\u001b[K";

export interface WaitNotice {
  /**
   * Waits for work, and says for what where it takes long. @param what `the server at https://…`
   */
  during<T>(what: string, work: Promise<T>): Promise<T>;
  /** Takes the notice away; before anything else is written. */
  clear(): Promise<void>;
}

export interface WaitNoticeOptions {
  /** Writes to stderr what the program itself tells the terminal. */
  readonly command: (text: string) => Promise<void>;
  readonly columns: () => number | undefined;
  /** Whether the terminal moves no cursor (TERM=dumb): each notice then stays. */
  readonly isDumb: boolean;
  /** Calls back again and again. @returns what ends that */
  readonly every?: (ms: number, callback: () => void) => () => void;
}

/** Where nobody looks. */
export const NO_NOTICE: WaitNotice = { during: (_, work) => work, clear: async () => undefined };

/** Makes a notice. */
export function createWaitNotice({
  command,
  columns,
  isDumb,
  every = everyInterval,
}: WaitNoticeOptions): WaitNotice {
  let isShown = false;

  async function clear(): Promise<void> {
    if (!isShown) return;
    isShown = false;
    await command(CLEAR);
  }

  return {
    async during(what, work) {
      let seconds = 0;
      const stop = every(SECOND_MS, () => {
        seconds++;
        if (seconds * SECOND_MS < SILENCE_MS) return;
        const text = `waiting for ${sanitizeLine(what)} (${seconds} s)`;
        // A stderr that cannot be written is no reason to end.
        if (isDumb) {
          if (seconds * SECOND_MS === SILENCE_MS) void command(`${text}\n`).catch(() => undefined);
          return;
        }
        isShown = true;
        const room = (columns() ?? Number.POSITIVE_INFINITY) - 1;
        void command(CLEAR + text.slice(0, room)).catch(() => undefined);
      });
      try {
        return await work;
      } finally {
        stop();
        await clear().catch(() => undefined);
      }
    },
    clear,
  };
}

function everyInterval(ms: number, callback: () => void): () => void {
  const timer = setInterval(callback, ms);
  return () => clearInterval(timer);
}
