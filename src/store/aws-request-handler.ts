// How AWS's library sends its requests: by our fetch, so that proxies and CAs mean the same for it
// as for everything else.
import { readBounded } from "../network/bounded-read.ts";
import { encodeUri } from "./s3-signature.ts";

/** What is used of the library's HttpRequest (@smithy/types). */
interface SdkRequest {
  readonly method: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[] | null>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

interface SdkResponse {
  readonly statusCode: number;
  readonly reason: string;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array;
}

/** Credentials, and what a bucket is set to: nothing that is asked for this way is large. */
const MAX_AWS_ANSWER_BYTES = 4 * 1024 * 1024;

/** The library's HttpHandler, as far as it is used. */
export interface AwsRequestHandler {
  handle(
    request: SdkRequest,
    options?: { readonly abortSignal?: unknown },
  ): Promise<{ response: SdkResponse }>;
  updateHttpClientConfig(): void;
  httpHandlerConfigs(): Record<string, never>;
  destroy(): void;
}

/** Makes a handler. @param timeoutMs for a request and its whole answer */
export function createAwsRequestHandler(
  fetch: typeof globalThis.fetch,
  timeoutMs: number,
): AwsRequestHandler {
  return {
    async handle({ method, headers, body, ...target }, { abortSignal } = {}) {
      // The platform sets these by the URL and the body, to what was signed.
      const { host: _host, "content-length": _length, ...sent } = headers;
      const timeout = AbortSignal.timeout(timeoutMs);
      const response = await fetch(formatUrl(target), {
        method,
        headers: sent,
        body:
          typeof body === "string" || body instanceof Uint8Array ? new Uint8Array(Buffer.from(body)) : null,
        redirect: "manual",
        signal: abortSignal instanceof AbortSignal ? AbortSignal.any([abortSignal, timeout]) : timeout,
      });
      const answer = {
        statusCode: response.status,
        reason: response.statusText,
        headers: Object.fromEntries(response.headers),
        body: await readWhole(response),
      };
      return { response: answer };
    },
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
    destroy: () => undefined,
  };
}

async function readWhole(response: Response): Promise<Uint8Array> {
  const body = await readBounded(response.body, MAX_AWS_ANSWER_BYTES);
  if (!body) throw new Error(`the answer has more than ${MAX_AWS_ANSWER_BYTES} bytes`);
  return body;
}

function formatUrl({
  protocol,
  hostname,
  port,
  path,
  query = {},
}: Omit<SdkRequest, "method" | "headers" | "body">): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? (value as readonly string[]) : [value as string | null]).map((one) =>
      one === null ? encodeUri(name) : `${encodeUri(name)}=${encodeUri(one)}`,
    ),
  );
  const search = pairs.length > 0 ? `?${pairs.join("&")}` : "";
  return `${protocol}//${hostname}${port === undefined ? "" : `:${port}`}${path}${search}`;
}
