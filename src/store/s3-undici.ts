// The Sender on Node: undici, at its lowest level.
import type { Dispatcher } from "undici";
import { openDispatcher } from "../network/dispatcher.ts";
import { findRoute, type Route } from "../network/route.ts";
import { type AnswerHeaders, pickHeaders } from "./s3-headers.ts";
import {
  explainFailure,
  MAX_ERROR_BYTES,
  type S3Answer,
  type S3Timeouts,
  type Sender,
  type SenderOptions,
  type SendOptions,
} from "./s3-sender.ts";
import {
  createTransferWatch,
  type TransferRate,
  TransferTooSlow,
  type TransferWatch,
  type WatchedTransfer,
} from "./s3-transfer-rate.ts";
import { Unavailable } from "./store.ts";

/** More gains nothing at 20 ms of latency; each connection has one request at a time. */
const CONNECTIONS = 128;

/** Makes a sender. It connects with the first request. */
export function createUndiciSender({ origin, timeouts, env, trust }: SenderOptions): Sender {
  const route = findRoute(new URL(origin), env, trust);
  const watch = createTransferWatch(origin);
  const dispatcher = openDispatcher(route, new URL(origin).protocol, {
    origin,
    connections: CONNECTIONS,
    pipelining: 1,
    headersTimeout: timeouts.headers,
    bodyTimeout: timeouts.body,
    connectTimeout: timeouts.connect,
  });
  return {
    send: (options) =>
      new Promise((resolve, reject) => {
        const { method, path, headers, body = null } = options;
        const handler = new AnswerHandler(
          { origin, context: route.context, watch, timeouts },
          options,
          resolve,
          reject,
        );
        const headersTimeout = Math.min(options.rate?.headersMs ?? timeouts.headers, timeouts.headers);
        dispatcher.dispatch({ origin, method, path, headers, body, headersTimeout }, handler);
      }),
    close: () => dispatcher.destroy(),
  };
}

const NO_BYTES = Buffer.alloc(0);

/** What nobody watches. */
const ANY_PACE: TransferRate = {
  headersMs: Number.POSITIVE_INFINITY,
  windowMs: Number.POSITIVE_INFINITY,
  bytes: 0,
};

interface Server {
  readonly origin: string;
  readonly context: Route["context"];
  readonly watch: TransferWatch;
  readonly timeouts: S3Timeouts;
}

/**
 * Gathers one answer. undici calls it as the answer arrives; its fetch and request would cost a
 * stream each, and its newer handlers an object of all headers: this form, with the headers as they
 * came, takes a tenth less CPU a read.
 */
class AnswerHandler implements Dispatcher.DispatchHandler, WatchedTransfer {
  readonly rate: TransferRate;
  readonly #server: Server;
  readonly #options: SendOptions;
  readonly #resolve: (answer: S3Answer) => void;
  readonly #reject: (reason: unknown) => void;
  readonly #chunks: Buffer[] = [];
  #abort: ((reason: Error) => void) | undefined;
  #isSettled = false;
  #status = 0;
  #headers: AnswerHeaders = {};
  #size = 0;

  constructor(
    server: Server,
    options: SendOptions,
    resolve: (answer: S3Answer) => void,
    reject: (reason: unknown) => void,
  ) {
    this.#server = server;
    this.#options = options;
    this.rate = options.rate ?? ANY_PACE;
    this.#resolve = resolve;
    this.#reject = reject;
    // The caller hears of it at once, even if the request still waits for a connection; it is not
    // sent then.
    if (options.signal) watchSignal(options.signal, this);
  }

  /** The signal was aborted. */
  stop(reason: unknown): void {
    this.#fail(reason);
  }

  received(): number {
    return this.#size;
  }

  giveUp(reason: TransferTooSlow): void {
    this.#fail(reason);
  }

  onConnect(abort: (reason?: Error) => void): void {
    this.#abort = abort;
    if (this.#isSettled) abort(new Error("no longer wanted"));
  }

  onHeaders(status: number, rawHeaders: Buffer[]): boolean {
    // 1xx: the answer itself is still to come.
    if (status < 200) return true;
    this.#status = status;
    this.#headers = pickHeaders(rawHeaders);
    if (this.#options.rate) this.#server.watch.begin(this);
    const length = Number(this.#headers.contentLength ?? 0);
    if (status < 300 && this.#options.method !== "HEAD" && length > this.#options.maxBytes)
      this.#stopAtSize();
    return true;
  }

  onData(chunk: Buffer): boolean {
    if (this.#isSettled) return true;
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size > (this.#status < 300 ? this.#options.maxBytes : MAX_ERROR_BYTES)) this.#stopAtSize();
    return true;
  }

  onComplete(): void {
    const { contentLength, transferEncoding } = this.#headers;
    // With neither, a body ends where the connection does, and one that was cut short looks whole.
    const isBounded =
      contentLength !== undefined ||
      transferEncoding !== undefined ||
      this.#options.method !== "GET" ||
      this.#status >= 300;
    const isWhole =
      contentLength === undefined
        ? isBounded
        : this.#options.method === "HEAD" || Number(contentLength) === this.#size;
    const [first = NO_BYTES] = this.#chunks;
    if (isWhole)
      this.#finish(this.#chunks.length > 1 ? Buffer.concat(this.#chunks, this.#size) : first, false);
    else
      this.#fail(
        new Unavailable(
          `[store] [s3] ${this.#server.origin} sent ${this.#size} bytes of ` +
            `${contentLength ?? "a body without an end"}`,
        ),
      );
  }

  onError(error: Error): void {
    const { origin, context, timeouts } = this.#server;
    const failure = explainFailure(error, origin, context);
    // Not where nobody could have waited longer.
    const isSlow =
      this.rate.headersMs < timeouts.headers &&
      (error as NodeJS.ErrnoException).code === "UND_ERR_HEADERS_TIMEOUT";
    this.#fail(isSlow ? new TransferTooSlow(failure.message, { cause: error }) : failure);
  }

  #stopAtSize(): void {
    this.#finish(NO_BYTES, true);
    this.#abort?.(new Error("larger than wanted"));
  }

  #finish(body: Buffer, isTooLarge: boolean): void {
    if (!this.#settle()) return;
    this.#resolve({ status: this.#status, headers: this.#headers, body, isTooLarge });
  }

  #fail(reason: unknown): void {
    if (!this.#settle()) return;
    this.#reject(reason);
    this.#abort?.(new Error("given up"));
  }

  #settle(): boolean {
    if (this.#isSettled) return false;
    this.#isSettled = true;
    if (this.#options.rate) this.#server.watch.end(this);
    if (this.#options.signal) WATCHERS.get(this.#options.signal)?.delete(this);
    return true;
  }
}

/**
 * Requests in flight by signal. One listener for all: Node walks through all listeners of a signal
 * to add another.
 */
const WATCHERS = new WeakMap<AbortSignal, Set<AnswerHandler>>();

function watchSignal(signal: AbortSignal, handler: AnswerHandler): void {
  if (signal.aborted) {
    handler.stop(signal.reason);
    return;
  }
  let watchers = WATCHERS.get(signal);
  if (!watchers) {
    const added = new Set<AnswerHandler>();
    watchers = added;
    WATCHERS.set(signal, added);
    const stopAll = () => {
      for (const one of added) one.stop(signal.reason);
    };
    signal.addEventListener("abort", stopAll, { once: true });
  }
  watchers.add(handler);
}
