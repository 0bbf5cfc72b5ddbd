// The Sender contract: one HTTP request to an S3 server and its whole answer, with every wait and
// size bounded. Its implementations are s3-send.ts for Node and s3-fetch.ts for the executable.
import { toFailure } from "../network/failure.ts";
import type { Environment } from "../network/proxy.ts";
import type { CustomTrust, Route } from "../network/route.ts";
import type { AnswerHeaders } from "./s3-headers.ts";
import type { TransferRate } from "./s3-transfer-rate.ts";
import { StoreError, Unavailable } from "./store.ts";

/** An answer that is no success explains itself in less. */
export const MAX_ERROR_BYTES = 64 * 1024;

/** How long is waited at most for each part of an answer; ms. */
export interface S3Timeouts {
  readonly connect: number;
  /** From the request to the answer's headers. */
  readonly headers: number;
  /** Between two pieces of a body. */
  readonly body: number;
  /** The tries of a read; READ_RATES by default. */
  readonly paces?: readonly TransferRate[];
}

export const S3_TIMEOUTS: S3Timeouts = { connect: 5000, headers: 10_000, body: 10_000 };

export interface SendOptions {
  readonly method: "GET" | "PUT" | "DELETE" | "HEAD";
  /** With the query; percent-encoded. */
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array | undefined;
  /**
   * A body of a success with more bytes is not read: the answer comes without, and `isTooLarge` is
   * set.
   */
  readonly maxBytes: number;
  readonly signal: AbortSignal | undefined;
  /** What comes more slowly is given up with TransferTooSlow. */
  readonly rate?: TransferRate | undefined;
}

export interface S3Answer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly body: Buffer;
  readonly isTooLarge: boolean;
}

export interface Sender {
  /**
   * @throws TransferTooSlow if the answer is slower than its rate; Unavailable if there is no
   *   connection or no whole answer; StoreError if its certificate is not trusted; the signal's
   *   reason if it was aborted
   */
  send(options: SendOptions): Promise<S3Answer>;
  close(): Promise<void>;
}

export interface SenderOptions {
  readonly origin: string;
  readonly timeouts: S3Timeouts;
  /** The variables that name proxies and CAs. */
  readonly env: Environment;
  /** CAs that count in the place of all others. */
  readonly trust: CustomTrust | undefined;
}

/** What went wrong, in words. @param error of the runtime, of undici, or a NetworkFailure */
export function explainFailure(error: unknown, origin: string, context: Route["context"] = {}): StoreError {
  if (CLOSED_ERRORS.has((error as NodeJS.ErrnoException).code ?? ""))
    return new StoreError("[store] [s3] the store is closed", { cause: error });
  const { isFinal, message, hop } = toFailure(error, context);
  const options = { hop, cause: error };
  // Waiting mends no certificate.
  if (isFinal) return new StoreError(`[store] [s3] ${origin} cannot be asked: ${message}`, options);
  return new Unavailable(`[store] [s3] no answer from ${origin}: ${message}`, options);
}

const CLOSED_ERRORS: ReadonlySet<string> = new Set(["UND_ERR_DESTROYED", "UND_ERR_CLOSED"]);
