// What a command may touch of the world around it, so that tests can run it in process.
import { type Clock, systemClock } from "../report/clock.ts";

/** One of stdout and stderr. */
export interface Output {
  /** Writes; resolves when more may be written. */
  write(text: string | Uint8Array): Promise<void>;
  readonly isTerminal: boolean;
  /** Width and height of the terminal; undefined where there is none. */
  readonly columns: number | undefined;
  readonly rows: number | undefined;
}

export interface Io {
  readonly stdout: Output;
  readonly stderr: Output;
  /** Reads stdin to its end. */
  readonly readStdin: () => Promise<Buffer>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly clock: Clock;
  readonly folders: Folders;
  /** Aborted by the first Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
}

/** Where the user's files lie (XDG base directories on Linux). */
export interface Folders {
  readonly config: string;
  readonly data: string;
}

/** The process's own. */
export function openIo({ folders, signal }: { folders: Folders; signal: AbortSignal }): Io {
  return {
    stdout: openOutput(process.stdout),
    stderr: openOutput(process.stderr),
    readStdin: async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks);
    },
    env: process.env,
    cwd: process.cwd(),
    clock: systemClock,
    folders,
    signal,
  };
}

function openOutput(stream: NodeJS.WriteStream): Output {
  return {
    write: (text) =>
      new Promise((resolve, reject) => {
        // The callback comes when the bytes are out, so a slow reader slows us and not our memory.
        stream.write(text, (error) => (error ? reject(error) : resolve()));
      }),
    isTerminal: stream.isTTY === true,
    get columns() {
      return stream.isTTY ? stream.columns : undefined;
    },
    get rows() {
      return stream.isTTY ? stream.rows : undefined;
    },
  };
}
