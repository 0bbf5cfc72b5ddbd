// The thread that jq runs in, so that it can be ended and its memory is bounded. Plain JavaScript:
// Node, its tests and Bun start this file as it is.
import { createRequire } from "node:module";
import { compileFunction } from "node:vm";
import { parentPort, workerData } from "node:worker_threads";

/** What jq writes goes to the main thread in pieces of about so many bytes. */
const PIECE_BYTES = 64 * 1024;
/** What was written waits no longer than this for more of it; ms. Looked at when jq writes. */
const PIECE_MS = 100;
/** Bytes that may be on their way; then jq waits until they are out, as it would at a pipe. */
const MAX_UNWRITTEN_BYTES = 1024 * 1024;
/** Bytes of what jq says of an error; the rest is let go. */
const MAX_STDERR_BYTES = 64 * 1024;
const EBADF = 8;

/**
 * @type {{
 *   script: string, wasm: Uint8Array, json: Uint8Array, program: string,
 *   maxMemoryBytes: number, waiting: Int32Array<SharedArrayBuffer>
 * }} `waiting` holds how many bytes are on their way
 */
const { script, wasm, json, program, maxMemoryBytes, waiting } = workerData;
const port = parentPort;

/** @type {Buffer[]} */
let pieces = [];
let pieceBytes = 0;
/** The first that is written is passed on at once. */
let flushedAt = Number.NEGATIVE_INFINITY;
let stderr = "";
let hasRunOut = false;

function flush() {
  flushedAt = performance.now();
  if (pieceBytes === 0) return;
  const piece = Buffer.concat(pieces);
  [pieces, pieceBytes] = [[], 0];
  Atomics.add(waiting, 0, piece.length);
  port.postMessage({ piece });
  for (let now = Atomics.load(waiting, 0); now > MAX_UNWRITTEN_BYTES; now = Atomics.load(waiting, 0))
    Atomics.wait(waiting, 0, now);
}

/** @param {number} descriptor @param {Uint8Array} bytes those of jq's memory: a copy is kept */
function take(descriptor, bytes) {
  if (descriptor === 2) {
    if (stderr.length < MAX_STDERR_BYTES) stderr += Buffer.from(bytes).toString();
    return;
  }
  pieces.push(Buffer.from(bytes));
  pieceBytes += bytes.length;
  if (pieceBytes >= PIECE_BYTES || performance.now() - flushedAt > PIECE_MS) flush();
}

/**
 * Makes the instance in the place of jq-web's own, which gathers all output in an array, a number
 * for each byte, and lets memory grow to 2 GB. fd_write is WASI's
 * (https://github.com/WebAssembly/WASI, preview 1): a list of pointer and length, and where to
 * write how much was taken.
 */
async function instantiate(imports) {
  /** @type {WebAssembly.Memory} */
  let memory;
  const host = {
    ...imports.env,
    fd_write(descriptor, list, count, taken) {
      if (descriptor !== 1 && descriptor !== 2) return EBADF;
      const view = new DataView(memory.buffer);
      let total = 0;
      for (let at = list; at < list + count * 8; at += 8) {
        const [pointer, length] = [view.getUint32(at, true), view.getUint32(at + 4, true)];
        take(descriptor, new Uint8Array(memory.buffer, pointer, length));
        total += length;
      }
      view.setUint32(taken, total, true);
      return 0;
    },
  };
  const instance = await WebAssembly.instantiate(await WebAssembly.compile(wasm), {
    env: host,
    wasi_snapshot_preview1: host,
  });
  memory = instance.exports.memory;
  const grow = memory.grow.bind(memory);
  memory.grow = (pages) => {
    if (memory.buffer.byteLength + pages * 65_536 > maxMemoryBytes) {
      hasRunOut = true;
      throw new RangeError("the bound of memory is reached");
    }
    return grow(pages);
  };
  return { instance };
}

async function loadJq() {
  const holder = { exports: {} };
  // jq.wasm is the one file that it reads.
  const files = { readFileSync: () => wasm };
  const require = createRequire(import.meta.url);
  const names = ["module", "exports", "require", "__dirname", "__filename", "WebAssembly", "console"];
  const load = compileFunction(script, names);
  const assembly = {
    RuntimeError: WebAssembly.RuntimeError,
    instantiate: (_wasm, imports) => instantiate(imports),
  };
  // Emscripten says on the console that it aborts, of which the outcome below tells.
  const quiet = () => undefined;
  const silent = { log: quiet, warn: quiet, error: quiet };
  load(
    holder,
    holder.exports,
    (name) => (name === "fs" ? files : require(name)),
    "/",
    "/jq.js",
    assembly,
    silent,
  );
  return await holder.exports;
}

try {
  const jq = await loadJq();
  jq.raw(json, program, ["-r", "-c"]);
  flush();
  port.postMessage({ outcome: "done", stderr });
} catch (error) {
  flush();
  // Emscripten aborts where jq cannot allocate; of the bound itself jq sees that as well.
  const outcome =
    hasRunOut || error?.name === "RuntimeError" || error instanceof RangeError ? "memory" : "failed";
  port.postMessage({ outcome, stderr, message: String(error?.message ?? error) });
}
