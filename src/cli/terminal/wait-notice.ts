// What a command waits for, said on a terminal where it takes long: nothing is silent for more than
// some seconds. What is written meanwhile takes the notice away.
import { sanitizeLine } from "../../report/safe-text.ts";

/** How long a command may be silent; ms. */
const SILENCE_MS = 5000;
const SECOND_MS = 1000;

/** Takes the cursor to the line's beginning, and away what stands there (ECMA-48, EL). */
const CLEAR = "\r\u001b[K";

export interface WaitNotice {
  /**
   * Waits for work, and says so where it takes long. Within work that has a notice, that of the
   * innermost is said. @param text `waiting for the server at https://…`
   */
  during<T>(text: string, work: Promise<T>): Promise<T>;
  /** Takes the notice away: something is about to be written. */
  clear(): Promise<void>;
  /** Says nothing until the work is done: somebody is asked, and takes their time. */
  without<T>(work: Promise<T>): Promise<T>;
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
export const NO_NOTICE: WaitNotice = {
  during: (_, work) => work,
  clear: async () => undefined,
  without: (work) => work,
};

/** Makes a notice. */
export function createWaitNotice({
  command,
  columns,
  isDumb,
  every = everyInterval,
}: WaitNoticeOptions): WaitNotice {
  const texts: { readonly text: string }[] = [];
  let stop: (() => void) | undefined;
  let isShown = false;
  let isHeld = false;
  /** Since something was written, or the first of the texts came. */
  let seconds = 0;

  /** A stderr that cannot be written is no reason to end. */
  function write(text: string): Promise<void> {
    return command(text).catch(() => undefined);
  }

  function tick(): void {
    seconds++;
    const current = texts.at(-1);
    if (seconds * SECOND_MS < SILENCE_MS || isHeld || !current) return;
    const line = `${sanitizeLine(current.text)} (${seconds} s)`;
    if (isDumb) {
      if (seconds * SECOND_MS === SILENCE_MS) void write(`${line}\n`);
      return;
    }
    isShown = true;
    void write(CLEAR + line.slice(0, (columns() ?? Number.POSITIVE_INFINITY) - 1));
  }

  async function clear(): Promise<void> {
    seconds = 0;
    if (!isShown) return;
    isShown = false;
    await write(CLEAR);
  }

  return {
    async during(text, work) {
      const own = { text };
      texts.push(own);
      if (!stop) {
        seconds = 0;
        stop = every(SECOND_MS, tick);
      }
      try {
        return await work;
      } finally {
        texts.splice(texts.indexOf(own), 1);
        if (texts.length === 0) {
          stop();
          stop = undefined;
          await clear();
        }
      }
    },
    clear,
    async without(work) {
      isHeld = true;
      await clear();
      try {
        return await work;
      } finally {
        isHeld = false;
        seconds = 0;
      }
    },
  };
}

function everyInterval(ms: number, callback: () => void): () => void {
  const timer = setInterval(callback, ms);
  // What a command does holds the process, and not what is said of it.
  timer.unref();
  return () => clearInterval(timer);
}
