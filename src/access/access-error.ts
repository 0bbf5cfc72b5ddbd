// What access refuses, or cannot tell now: a code for whoever answers, and a sentence for whoever
// asked.

import { CodedError } from "../report/coded-error.ts";

/**
 * `key_expired` and `enrolment_ended`: the secret was right and opens nothing any more.
 * `identity_unavailable`: it cannot be told now whether a proof holds. `token_refused`: a signed
 * identity is none that counts here. `issuer_unavailable`: the keys that would tell cannot be had
 * now.
 */
export type AccessErrorCode =
  | "key_expired"
  | "enrolment_ended"
  | "enrolment_refused"
  | "identity_unavailable"
  | "token_refused"
  | "issuer_unavailable"
  | "too_many_requests"
  | "over_limit";

/** Whoever answers may show the message to whoever asked: it says what to do, and no secret. */
export class AccessError extends CodedError<AccessErrorCode> {
  override name = "AccessError";
  /** After how many seconds to ask again; undefined where asking again changes nothing. */
  readonly retryAfterS: number | undefined;

  constructor(
    code: AccessErrorCode,
    message: string,
    { retryAfterS }: { readonly retryAfterS?: number | undefined } = {},
  ) {
    super(code, message);
    this.retryAfterS = retryAfterS;
  }
}
