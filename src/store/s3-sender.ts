// The Sender contract: one HTTP request to an S3 server and its whole answer, with every wait and size bounded. Its implementations are
// s3-send.ts for Node and s3-fetch.ts for the executable.
import type { AnswerHeaders } from "./s3-headers.ts";
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
}

export const S3_TIMEOUTS: S3Timeouts = { connect: 5000, headers: 10_000, body: 10_000 };

export interface SendOptions {
  readonly method: "GET" | "PUT" | "DELETE" | "HEAD";
  /** With the query; percent-encoded. */
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array | undefined;
  /** A body of a success with more bytes is not read: the answer comes without, and `isTooLarge` is set. */
  readonly maxBytes: number;
  readonly signal: AbortSignal | undefined;
}

export interface Answer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly body: Buffer;
  readonly isTooLarge: boolean;
}

export interface Sender {
  /**
   * @throws Unavailable if there is no connection or no whole answer; StoreError if its certificate is not trusted; the signal's reason if it was aborted
   */
  send(options: SendOptions): Promise<Answer>;
  close(): Promise<void>;
}

export interface SenderOptions {
  readonly origin: string;
  readonly timeouts: S3Timeouts;
  /** Certificates to trust in the place of Node's own: PEM. */
  readonly ca: string | undefined;
}

/** What went wrong, in words. Node's errors name addresses and reasons, undici's its time limits. */
export function explainFailure(error: Error, origin: string): StoreError {
  const { code = "" } = error as NodeJS.ErrnoException;
  if (CLOSED_ERRORS.has(code)) return new StoreError("[store] [s3] the store is closed", { cause: error });
  // Waiting mends no certificate.
  if (TLS_ERRORS.has(code)) {
    const advice = "name a file with its authority's certificate in AWS_CA_BUNDLE";
    return new StoreError(`[store] [s3] the certificate of ${origin} is not trusted (${code}); ${advice}`, { cause: error });
  }
  const inner: unknown = error instanceof AggregateError ? error.errors[0] : undefined;
  const text = error.message === "" && inner instanceof Error ? inner.message : error.message;
  const named = code === "" || text.includes(code) ? text : `${text} (${code})`;
  return new Unavailable(`[store] [s3] no answer from ${origin}: ${named}`, { cause: error });
}

const CLOSED_ERRORS: ReadonlySet<string> = new Set(["UND_ERR_DESTROYED", "UND_ERR_CLOSED"]);

const TLS_ERRORS: ReadonlySet<string> = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "CERT_HAS_EXPIRED",
  "ERR_TLS_CERT_ALTNAME_INVALID",
]);
