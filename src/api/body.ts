// Reads a request's body within a bound.

import type { Context } from "hono";
import { readBounded } from "../network/bounded-read.ts";
import { parseJson } from "../report/parse-json.ts";
import { ApiError } from "./problem-details.ts";

/**
 * Reads the body whole.
 *
 * @param maxBytes a longer body is refused as soon as it is known to be longer
 * @throws ApiError too_large, unsupported_encoding, or bad_request if it ends before its
 *   Content-Length
 */
export async function readBody(context: Context, maxBytes: number): Promise<Buffer> {
  const encoding = context.req.header("content-encoding");
  // A compressed body could unfold to any size; a report is small as it is.
  if (encoding !== undefined && encoding !== "identity")
    throw new ApiError("unsupported_encoding", "send the body without Content-Encoding");
  const tooLarge = new ApiError("too_large", `the body has more than ${maxBytes} bytes`, {
    headers: { connection: "close" },
  });
  if (Number(context.req.header("content-length") ?? 0) > maxBytes) throw tooLarge;
  const body = await readBounded(context.req.raw.body, maxBytes).catch(() => {
    throw new ApiError("bad_request", "the body broke off");
  });
  if (!body) throw tooLarge;
  return body;
}

/**
 * As readBody, of a body that is JSON. @throws ApiError as readBody, and bad_request if it is none
 */
export async function readJsonBody(context: Context, maxBytes: number): Promise<unknown> {
  const json = parseJson(await readBody(context, maxBytes));
  if (json === undefined) throw new ApiError("bad_request", "the body is not JSON");
  return json;
}
