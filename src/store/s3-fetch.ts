// The Sender in the executable: fetch. Slower for a whole fleet's reports than s3-send.ts, and
// enough for a host's own.
import { readBounded } from "../network/bounded-read.ts";
import { createFetch } from "../network/fetch.ts";
import { findRoute } from "../network/route.ts";
import { pickNamedHeaders } from "./s3-headers.ts";
import {
  explainFailure,
  MAX_ERROR_BYTES,
  type S3Answer,
  type Sender,
  type SenderOptions,
  type SendOptions,
} from "./s3-sender.ts";
import { createTransferWatch, type TransferRate, TransferTooSlow } from "./s3-transfer-rate.ts";
import { StoreError, Unavailable } from "./store.ts";

const NO_BYTES = Buffer.alloc(0);

/** Makes a sender. */
export function createFetchSender(
  { origin, timeouts, env, trust }: SenderOptions,
  fetch = createFetch(env, trust),
): Sender {
  const closing = new AbortController();
  const watch = createTransferWatch(origin);

  async function exchange(
    { method, path, headers, body, maxBytes, rate }: SendOptions,
    signal: AbortSignal,
    stageTimeout: StageTimeout,
  ): Promise<S3Answer> {
    // The platform sets Host by the URL, to what was signed.
    const { host: _host, ...sent } = headers;
    const headersMs = Math.min(rate?.headersMs ?? timeouts.headers, timeouts.headers);
    stageTimeout.wait(
      timeouts.connect + headersMs,
      "its headers",
      headersMs < timeouts.headers ? TransferTooSlow : Unavailable,
    );
    const response = await fetch(`${origin}${path}`, {
      method,
      headers: { ...sent, "accept-encoding": "identity" },
      body: body === undefined ? null : new Uint8Array(body),
      redirect: "manual",
      signal,
    });
    const { status } = response;
    const answerHeaders = pickNamedHeaders(response.headers);
    const most = status < 300 ? maxBytes : MAX_ERROR_BYTES;
    const bytes = await gather(response.body, most, stageTimeout, rate);
    if (!bytes) return { status, headers: answerHeaders, body: NO_BYTES, isTooLarge: true };
    const { contentLength, transferEncoding } = answerHeaders;
    // With neither, a body ends where the connection does, and one that was cut short looks whole.
    const isEndless =
      contentLength === undefined && transferEncoding === undefined && method === "GET" && status < 300;
    const isWhole =
      method === "HEAD" || contentLength === undefined || Number(contentLength) === bytes.length;
    if (isEndless || !isWhole)
      throw new Unavailable(
        `[store] [s3] ${origin} sent ${bytes.length} bytes of ${contentLength ?? "a body without an end"}`,
      );
    return { status, headers: answerHeaders, body: bytes, isTooLarge: false };
  }

  /** @returns undefined where it has more bytes than that */
  async function gather(
    body: Response["body"],
    most: number,
    stageTimeout: StageTimeout,
    rate: TransferRate | undefined,
  ): Promise<Buffer | undefined> {
    let size = 0;
    const transfer = rate && { rate, received: () => size, giveUp: stageTimeout.stop };
    if (transfer) watch.begin(transfer);
    try {
      stageTimeout.wait(timeouts.body, "a piece of its body");
      return await readBounded(body, most, (bytes) => {
        stageTimeout.wait(timeouts.body, "a piece of its body");
        size = bytes;
      });
    } finally {
      if (transfer) watch.end(transfer);
    }
  }

  return {
    async send(options) {
      const stageTimeout = createStageTimeout(() => nameWay(origin, env, trust));
      const signals = [closing.signal, stageTimeout.signal, ...(options.signal ? [options.signal] : [])];
      try {
        return await exchange(options, AbortSignal.any(signals), stageTimeout);
      } catch (error) {
        options.signal?.throwIfAborted();
        stageTimeout.signal.throwIfAborted();
        if (closing.signal.aborted)
          throw new StoreError("[store] [s3] the store is closed", { cause: error });
        throw error instanceof StoreError ? error : explainFailure(error, origin);
      } finally {
        stageTimeout.end();
      }
    },
    close: () => {
      closing.abort();
      return Promise.resolve();
    },
  };
}

interface StageTimeout {
  readonly signal: AbortSignal;
  /** From now on this is waited for, so long; ms. */
  wait(ms: number, what: string, Kind?: typeof Unavailable): void;
  stop(reason: Unavailable): void;
  end(): void;
}

/** A proxy that takes a connection and never answers is what is silent, not whom it leads to. */
function nameWay(origin: string, env: SenderOptions["env"], trust: SenderOptions["trust"]): string {
  const { proxy } = findRoute(new URL(origin), env, trust);
  return proxy === undefined
    ? `${origin}:`
    : `${origin}: through the proxy ${proxy.origin} (${proxy.variable}):`;
}

function createStageTimeout(way: () => string): StageTimeout {
  const over = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const end = () => clearTimeout(timer);
  return {
    signal: over.signal,
    wait(ms, what, Kind = Unavailable) {
      end();
      timer = setTimeout(
        () => over.abort(new Kind(`[store] [s3] no answer from ${way()} ${what} took longer than ${ms} ms`)),
        ms,
      );
    },
    stop: (reason) => over.abort(reason),
    end,
  };
}
