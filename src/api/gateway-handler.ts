// The API Gateway door: carries events to the application, and its answers back, whole or as a
// stream.
import type { Hono } from "hono";
import type { CallerKind } from "../access/caller.ts";
import type { Keyring } from "../access/keyring.ts";
import { API_HEADER, API_HEADER_VALUE } from "../network/api-header.ts";
import {
  checkEvent,
  describeAnswer,
  describeHead,
  findEventFault,
  findPageRoot,
  type GatewayAnswer,
  type GatewayEvent,
  type GatewayHead,
  isTop,
  readRequest,
} from "./gateway-event.ts";
import { parseIdentity } from "./gateway-identity.ts";
import type { GatewayWalls } from "./gateway-walls.ts";
import type { Overflow } from "./overflow.ts";
import type { PageBindings } from "./page.ts";
import { ApiError, toProblemResponse } from "./problem-details.ts";

/**
 * Largest body of a whole answer; bytes. Lambda takes 6 MB (AWS, "Lambda quotas": invocation
 * payload), of which base64 leaves three quarters, and the headers some.
 */
export const MAX_LAMBDA_PAYLOAD_BYTES = 4_400_000;

/**
 * Largest body of a streamed answer; bytes. Lambda streams 200 MB (AWS, "Lambda quotas"); how large
 * an answer will be is known to about a hundredth before it is written.
 */
export const MAX_STREAMED_BYTES = 190_000_000;

/**
 * Where a streamed answer goes: what Lambda's runtime hands to a function, as far as it is used
 * here.
 */
export interface AnswerStream {
  write(chunk: Uint8Array | string): boolean;
  once(event: "drain" | "error" | "close", listener: (error?: Error) => void): unknown;
  end(): unknown;
}

/**
 * The gateway has checked who asks; what reaches the application is the key's id, the caller's ARN,
 * or what the authorizer says of a token's owner, and what it opens is reading.
 */
export function createGatewayKeyring(kind: CallerKind): Keyring {
  const read = (text: string) => (kind === "identity" ? parseIdentity(text) : { id: text, name: text });
  return {
    kind,
    async verify(text) {
      const known = text === undefined ? undefined : read(text);
      return known && { ...known, scopes: ["read"], created_at: "", sha256: "" };
    },
    check: () => undefined,
    invalidate: () => undefined,
  };
}

/** What answers events. */
export interface Behind {
  readonly app: Hono;
  /** Without them whatever the gateway passes on is answered, by the word of its keys. */
  readonly walls?: GatewayWalls;
}

/**
 * The application's answer; a path that could be read in two ways does not reach it, as at the Node
 * door.
 */
async function answer(event: GatewayEvent, { app, walls }: Behind): Promise<Response> {
  checkEvent(event);
  const headers = { [API_HEADER]: API_HEADER_VALUE };
  const refusal = walls?.refuse(event);
  if (refusal !== undefined) return toProblemResponse(new ApiError("forbidden", refusal, { headers }));
  const fault = findEventFault(event);
  if (fault !== undefined) return toProblemResponse(new ApiError("bad_request", fault, { headers }));
  const pageRoot = findPageRoot(event);
  if (isTop(event) && pageRoot !== undefined)
    return new Response(null, { status: 302, headers: { ...headers, location: pageRoot } });
  return await app.fetch(readRequest(event, walls?.readCaller), { pageRoot } satisfies PageBindings);
}

/** Answers an event whole; what does not fit is redirected. */
export async function answerBuffered(
  event: GatewayEvent,
  behind: Behind,
  overflow: Overflow,
): Promise<GatewayAnswer> {
  const response = await answer(event, behind);
  const { head, isWhole } = await readUpTo(response.body, overflow.limitBytes);
  if (isWhole) return describeAnswer(response, Buffer.concat(head));
  const whole = new Response(chain(head, response.body), response);
  return describeAnswer(await overflow.redirect(whole), Buffer.alloc(0));
}

/**
 * Answers an event as a stream. Where the answer fails on its way this throws, and what was sent is
 * then no JSON: its last bracket is missing.
 *
 * @param open begins the answer with its head
 */
export async function answerStreamed(
  event: GatewayEvent,
  behind: Behind,
  open: (head: GatewayHead) => AnswerStream,
): Promise<void> {
  const response = await answer(event, behind);
  const stream = open(describeHead(response));
  // The head goes out with the first write, and an answer without a body has none.
  if (!response.body) stream.write("");
  else for await (const chunk of response.body) if (!stream.write(chunk)) await drain(stream);
  stream.end();
}

/** Whoever no longer reads takes no more either. */
function drain(stream: AnswerStream): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.once("drain", () => resolve());
    stream.once("close", () => reject(new Error("the answer's reader has gone")));
    stream.once("error", reject);
  });
}

interface BodyStart {
  readonly head: readonly Uint8Array[];
  readonly isWhole: boolean;
}

/** Reads a body until more than maxBytes are there; what follows can still be read from it. */
async function readUpTo(body: ReadableStream<Uint8Array> | null, maxBytes: number): Promise<BodyStart> {
  const head: Uint8Array[] = [];
  if (!body) return { head, isWhole: true };
  const reader = body.getReader();
  try {
    for (let bytes = 0; bytes <= maxBytes; ) {
      const { done, value } = await reader.read();
      if (done) return { head, isWhole: true };
      head.push(value);
      bytes += value.length;
    }
    return { head, isWhole: false };
  } finally {
    reader.releaseLock();
  }
}

function chain(
  head: readonly Uint8Array[],
  rest: ReadableStream<Uint8Array> | null,
): ReadableStream<Uint8Array> {
  async function* read(): AsyncGenerator<Uint8Array> {
    yield* head;
    if (rest) yield* rest;
  }
  return ReadableStream.from(read());
}
