// The built-in jq: --jq works where no jq is installed.
import { Worker } from "node:worker_threads";
import { CommandError } from "./failure.ts";
import { readJqFiles } from "./jq-files.ts";

/** Largest input, in bytes: WebAssembly's jq holds it several times over. */
const MAX_INPUT_BYTES = 256 * 1024 * 1024;

/** Memory that jq may take, in bytes, its input included. */
const MAX_MEMORY_BYTES = 1024 * 1024 * 1024;

const REMEDY = "ask for less with filters and --fields, or pipe --ndjson into jq";

const OUT_OF_MEMORY = `--jq: the built-in jq ran out of memory; ${REMEDY}`;

export interface JqOptions {
  /** Takes what jq writes, as it writes it; jq waits until it resolves. */
  readonly write: (bytes: Uint8Array) => Promise<void>;
  /** Ends jq, wherever it is. */
  readonly signal: AbortSignal;
  /** Memory that jq may take, in bytes. */
  readonly maxMemoryBytes?: number;
}

/** What the thread says: a piece of output, or at the end how it went. */
type Message =
  | { readonly piece: Uint8Array }
  | { readonly outcome: "done" | "failed" | "memory"; readonly stderr: string; readonly message?: string };

/**
 * Runs a jq program over JSON. Strings come out raw and other values as compact lines, as `gh --jq`
 * prints them.
 *
 * @returns what jq wrote to stderr, such as what `debug` shows
 * @throws CommandError with jq's own message, or what to do where the answer is too large
 * @throws the signal's reason when it aborts
 */
export async function runJq(
  json: Buffer,
  program: string,
  { write, signal, ...bounds }: JqOptions,
): Promise<string> {
  if (json.length > MAX_INPUT_BYTES) {
    throw new CommandError(
      `--jq: the answer has ${json.length} bytes, too many for the built-in jq; ${REMEDY}`,
    );
  }
  const { maxMemoryBytes = MAX_MEMORY_BYTES } = bounds;
  const waiting = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const worker = new Worker(new URL("./jq-worker.js", import.meta.url), {
    workerData: { ...(await readJqFiles()), json, program, maxMemoryBytes, waiting },
  });
  let giveUp: () => void = () => undefined;
  try {
    return await new Promise<string>((resolve, reject) => {
      let written = Promise.resolve();
      giveUp = () => reject(signal.reason);
      signal.addEventListener("abort", giveUp);
      if (signal.aborted) giveUp();
      worker.on("error", (error) => reject(describeCrash(error)));
      worker.on("exit", () => reject(new CommandError("--jq: the built-in jq ended in the middle")));
      worker.on("message", (message: Message) => {
        if (!("piece" in message)) {
          written.then(() => resolve(settle(message))).catch(reject);
          return;
        }
        written = written.then(async () => {
          await write(message.piece);
          Atomics.sub(waiting, 0, message.piece.length);
          Atomics.notify(waiting, 0);
        });
        written.catch(reject);
      });
    });
  } finally {
    signal.removeEventListener("abort", giveUp);
    // Not waited for: a thread that loops within WebAssembly ends with the process at the latest.
    void worker.terminate();
  }
}

/** @returns what jq wrote to stderr @throws CommandError */
function settle({ outcome, stderr, message = "" }: Exclude<Message, { piece: unknown }>): string {
  if (outcome === "done") return stderr;
  if (outcome === "memory") throw new CommandError(OUT_OF_MEMORY);
  throw new CommandError(`--jq: ${readMessage(stderr) || readMessage(message)}`);
}

/**
 * A thread that the runtime itself ended: Node does so where the thread's own memory is used up.
 */
function describeCrash(error: Error): Error {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ERR_WORKER_OUT_OF_MEMORY" ? new CommandError(OUT_OF_MEMORY) : error;
}

/**
 * Of what jq (jq-web 0.6.2) writes to stderr, or throws, what says why: lines that only
 * say that it failed go, and its name. jq.test.ts has it say them.
 */
function readMessage(text: string): string {
  const lines = text.split("\n").filter((line) => !/^Non-zero exit code|compile error/.test(line));
  return lines.join(" ").replace(/^jq: /, "").trim();
}
