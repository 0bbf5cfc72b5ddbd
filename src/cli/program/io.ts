// What a command may touch of the world around it, so that tests can run it in process.
import { createInterface } from "node:readline";
import { type Clock, systemClock } from "../../report/clock.ts";
import { sanitizeLines } from "../../report/safe-text.ts";
import { readGivenStream } from "../settings/given-file.ts";
import { openTerminalWriter, type TerminalWriter } from "../terminal/terminal-text.ts";
import { createWaitNotice, NO_NOTICE, type WaitNotice } from "../terminal/wait-notice.ts";
import { CommandError } from "./failure.ts";

/** One of stdout and stderr. */
export interface Output extends TerminalWriter {
  readonly isTerminal: boolean;
  /** Width and height of the terminal; undefined where there is none. */
  readonly columns: number | undefined;
  readonly rows: number | undefined;
}

export interface Io {
  readonly stdout: Output;
  readonly stderr: Output;
  /** Says on a terminal what is waited for, where it takes long. */
  readonly waiting: WaitNotice;
  /** Reads stdin to its end. */
  readonly readStdin: () => Promise<Buffer>;
  /**
   * Asks whoever sits at the terminal; undefined where nobody does. @throws CommandError when they
   * leave
   */
  readonly ask: ((question: string) => Promise<string>) | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly clock: Clock;
  readonly folders: Folders;
  /** Aborted by the first Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
  /**
   * Calls back at each SIGHUP, which ends a program in which nobody listens. @returns what ends the
   * listening
   */
  readonly onHangUp: (listener: () => void) => () => void;
}

/**
 * Where the user's files lie (XDG base directories on Linux); undefined where the user has no home
 * folder.
 */
export interface Folders {
  readonly config: string | undefined;
  readonly data: string | undefined;
}

/** The process's own. */
export function openIo({ env, folders, signal }: Pick<Io, "env" | "folders" | "signal">): Io {
  let dialogue: ((question: string) => Promise<string>) | undefined;
  const plain = openOutput(process.stderr);
  const waiting = plain.isTerminal
    ? createWaitNotice({
        command: plain.command,
        columns: () => plain.columns,
        isDumb: env.TERM === "dumb",
      })
    : NO_NOTICE;
  const ask = (question: string) => {
    dialogue ??= openDialogue();
    return waiting.without(dialogue(question));
  };
  return {
    stdout: openOutput(process.stdout, waiting.clear),
    stderr: openOutput(process.stderr, waiting.clear),
    waiting,
    readStdin: () => readStdin(process.stdin),
    ask: process.stdin.isTTY && process.stderr.isTTY ? ask : undefined,
    env,
    cwd: findCwd(),
    clock: systemClock,
    folders,
    signal,
    onHangUp: (listener) => {
      process.on("SIGHUP", listener);
      return () => process.off("SIGHUP", listener);
    },
  };
}

/** @throws CommandError if it cannot be read, or has no end */
async function readStdin(stdin: NodeJS.ReadStream): Promise<Buffer> {
  try {
    return await readGivenStream(stdin, "stdin");
  } catch (error) {
    throw new CommandError((error as Error).message);
  }
}

/** @throws CommandError */
function findCwd(): string {
  try {
    return process.cwd();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new CommandError(
      "the folder that this was started in is gone; change to one that exists, and start again",
    );
  }
}

/**
 * Questions and answers by lines. What is typed ahead, or pasted, answers the questions that
 * follow.
 */
function openDialogue(): (question: string) => Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // A terminal that is asked sends Ctrl-C as a key. Passed on as the signal that it is elsewhere,
  // before the end of the lines is seen.
  terminal.on("SIGINT", () => {
    process.emit("SIGINT", "SIGINT");
    terminal.close();
  });
  const lines = terminal[Symbol.asyncIterator]();
  return async (question) => {
    terminal.setPrompt(sanitizeLines(question));
    terminal.prompt();
    const { done, value } = await lines.next();
    // Else the process would wait for more at its end.
    terminal.pause();
    if (done) {
      // The question's line is still open.
      process.stderr.write("\n");
      throw new CommandError("nobody answers; the flags say the same as the questions (--help)");
    }
    return value;
  };
}

/** @param before is done before each write */
function openOutput(stream: NodeJS.WriteStream, before?: () => Promise<void>): Output {
  const isTerminal = stream.isTTY === true;
  const writeRaw = async (text: string | Uint8Array) => {
    await before?.();
    return await new Promise<void>((resolve, reject) => {
      const settle = (error?: Error | null) =>
        error ? reject(new CommandError(`cannot write: ${error.message}`)) : resolve();
      try {
        // The callback comes when the bytes are out, so a slow reader slows us and not our memory.
        stream.write(text, settle);
      } catch (error) {
        // Node 20 throws where the stream is a file on a full disk.
        settle(error as Error);
      }
    });
  };
  return {
    ...openTerminalWriter(isTerminal, writeRaw),
    isTerminal,
    // A terminal that nobody gave a size, such as that of script(1) or of an early
    // `docker exec -t`, says 0.
    get columns() {
      return (stream.isTTY && stream.columns) || undefined;
    },
    get rows() {
      return (stream.isTTY && stream.rows) || undefined;
    },
  };
}
