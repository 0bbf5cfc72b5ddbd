// Hot answers: what was answered a moment ago, sent again straight from memory while the roll
// stands and the key opens.
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { Logger } from "pino";
import type { Keyring } from "../access/keyring.ts";
import { API_HEADER, API_HEADER_VALUE } from "../network/api-header.ts";
import type { Roll } from "../roll/roll.ts";
import type { RollView } from "../roll/view.ts";
import { allows, readSecret } from "./authorization.ts";
import { divideBody, type Representation } from "./representation.ts";

/**
 * Answers kept, newest first, all of the view that is current; their bodies together, and the
 * longest URL of one. Mostly the bodies are kept elsewhere as well.
 */
const MAX_ANSWERS = 32;
const MAX_HOT_BYTES = 32 * 1024 * 1024;
const MAX_HOT_URL_LENGTH = 2048;

/**
 * Why it exists: the way through the application takes longer than all that Node does for a request
 * (docs/decisions/0018).
 */
export interface HotAnswers {
  /** Remembers what a GET was answered with, from this view. */
  keep(request: IncomingMessage, view: RollView, representation: Representation): void;
  /**
   * Answers as the application would. It knows nothing by itself: whatever is not exactly a
   * question of before, with a key that may read, over the very same view, is left to the
   * application.
   *
   * @returns whether it answered
   */
  resend(request: IncomingMessage, response: ServerResponse): boolean;
}

interface HotAnswer {
  /** What an answer depends on, but for the view, the key and If-None-Match. */
  readonly url: string | undefined;
  readonly accept: string | undefined;
  readonly acceptEncoding: string | undefined;

  readonly etag: string;
  /**
   * Of the answer with status 200, once that was given. Names and values in turn, as writeHead
   * takes them.
   */
  readonly headers: string[] | undefined;
  readonly body: Buffer | undefined;
  /** Of 304. */
  readonly headersUnchanged: string[];
}

/** Makes the memory of answers. */
export function createHotAnswers({
  roll,
  keyring,
  log,
}: {
  roll: Roll;
  keyring: Keyring;
  log: Logger;
}): HotAnswers {
  let answers: HotAnswer[] = [];
  /** What the answers were made from. */
  let source: RollView | undefined;

  const isDebug = log.isLevelEnabled("debug");

  // Here each tenth of a microsecond shows: no closures, no regular expressions, nothing is
  // allocated.
  function find(url: string | undefined, headers: IncomingHttpHeaders): HotAnswer | undefined {
    for (const answer of answers) {
      const isSame =
        answer.acceptEncoding === headers["accept-encoding"] &&
        answer.accept === headers.accept &&
        answer.url === url;
      if (isSame) return answer;
    }
    return undefined;
  }

  return {
    keep(request, view, { status, headers, body }) {
      const { method, url = "" } = request;
      const { etag } = headers;
      if (method !== "GET" || url.length > MAX_HOT_URL_LENGTH || view.partial || etag === undefined) return;
      if (body !== null && !(body instanceof Buffer)) return;
      if (source !== view) answers = [];
      source = view;
      const known = find(url, request.headers);
      if (known && !body) return;
      const {
        "content-type": _type,
        "content-encoding": _encoding,
        "content-length": _length,
        ...unchanged
      } = headers;
      const answer: HotAnswer = {
        url,
        accept: request.headers.accept,
        acceptEncoding: request.headers["accept-encoding"],
        etag,
        headers: status === 200 ? flatten(headers) : undefined,
        body: body ?? undefined,
        headersUnchanged: flatten(unchanged),
      };
      let bytes = 0;
      answers = [answer, ...answers.filter((one) => one !== known)].slice(0, MAX_ANSWERS).filter((one) => {
        bytes += one.body?.length ?? 0;
        return bytes <= MAX_HOT_BYTES;
      });
    },

    resend(request, response) {
      // What a page of another origin may read, the application says.
      if (source === undefined || request.method !== "GET" || request.headers.origin !== undefined)
        return false;
      const view = roll.peek();
      if (view === undefined) return false;
      if (view !== source) {
        // Nothing will be found any more; what it was made of may go.
        answers = [];
        source = undefined;
        return false;
      }
      const { headers } = request;
      const answer = find(request.url, headers);
      if (!answer) return false;
      const condition = headers["if-none-match"];
      const isUnchanged = condition === answer.etag;
      if (!isUnchanged && (condition !== undefined || !answer.headers)) return false;
      const key = keyring.check(readSecret(headers));
      if (!key || !allows(key, "read")) return false;
      if (isUnchanged) response.writeHead(304, answer.headersUnchanged).end();
      else send(response.writeHead(200, answer.headers), answer.body);
      if (isDebug)
        log.debug(
          { method: request.method, path: request.url, status: response.statusCode },
          "answered again",
        );
      return true;
    },
  };
}

/** A large body goes in pieces, so that it is seen whether its reader takes them. */
function send(response: ServerResponse, body: Buffer | undefined): void {
  const pieces = body && divideBody(body);
  if (!pieces) {
    response.end(body);
    return;
  }
  const write = (): void => {
    for (let piece = pieces.next(); ; piece = pieces.next()) {
      if (piece.done) {
        response.end();
        return;
      }
      if (!response.write(piece.value)) return;
    }
  };
  response.on("drain", write);
  write();
}

function flatten(headers: Readonly<Record<string, string>>): string[] {
  return Object.entries({
    ...headers,
    "x-content-type-options": "nosniff",
    [API_HEADER]: API_HEADER_VALUE,
  }).flat();
}
