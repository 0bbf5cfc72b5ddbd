// The Sender in the executable: fetch. Slower for a whole fleet's reports than s3-send.ts, and enough for a host's own.
import { createFetch } from "../network/fetch.ts";
import { pickNamedHeaders } from "./s3-headers.ts";
import { type Answer, explainFailure, MAX_ERROR_BYTES, type Sender, type SenderOptions, type SendOptions } from "./s3-sender.ts";
import { StoreError, Unavailable } from "./store.ts";

const NO_BYTES = Buffer.alloc(0);

/** Makes a sender. */
export function createFetchSender({ origin, timeouts, env, trust }: SenderOptions, fetch = createFetch(env, trust)): Sender {
  const closing = new AbortController();

  async function exchange(
    { method, path, headers, body, maxBytes }: SendOptions,
    signal: AbortSignal,
    patience: Patience,
  ): Promise<Answer> {
    // The platform sets Host by the URL, to what was signed.
    const { host: _host, ...sent } = headers;
    patience.wait(timeouts.connect + timeouts.headers, "its headers");
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
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of response.body ?? []) {
      patience.wait(timeouts.body, "a piece of its body");
      size += chunk.length;
      if (size > most) return { status, headers: answerHeaders, body: NO_BYTES, isTooLarge: true };
      chunks.push(chunk);
    }
    const { contentLength } = answerHeaders;
    if (method !== "HEAD" && contentLength !== undefined && Number(contentLength) !== size)
      throw new Unavailable(`[store] [s3] ${origin} sent ${size} bytes of ${contentLength}`);
    return { status, headers: answerHeaders, body: Buffer.concat(chunks, size), isTooLarge: false };
  }

  return {
    async send(options) {
      const patience = createPatience(origin);
      const signals = [closing.signal, patience.signal, ...(options.signal ? [options.signal] : [])];
      try {
        return await exchange(options, AbortSignal.any(signals), patience);
      } catch (error) {
        options.signal?.throwIfAborted();
        patience.signal.throwIfAborted();
        if (closing.signal.aborted) throw new StoreError("[store] [s3] the store is closed", { cause: error });
        throw error instanceof StoreError ? error : explainFailure(error, origin);
      } finally {
        patience.end();
      }
    },
    close: () => {
      closing.abort();
      return Promise.resolve();
    },
  };
}

interface Patience {
  readonly signal: AbortSignal;
  /** From now on this is waited for, so long; ms. */
  wait(ms: number, what: string): void;
  end(): void;
}

function createPatience(origin: string): Patience {
  const over = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const end = () => clearTimeout(timer);
  return {
    signal: over.signal,
    wait(ms, what) {
      end();
      const reason = new Unavailable(`[store] [s3] no answer from ${origin}: ${what} took longer than ${ms} ms`);
      timer = setTimeout(() => over.abort(reason), ms);
    },
    end,
  };
}
