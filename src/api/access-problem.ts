// What access refuses, as the API's errors: the one place where its codes become those of
// problem+json.
import type { AccessError, AccessErrorCode } from "../access/access-error.ts";
import { ApiError, type ErrorCode } from "./problem-details.ts";
import { unauthorized } from "./unauthorized.ts";

const CODES: Readonly<Record<AccessErrorCode, ErrorCode>> = {
  key_expired: "unauthorized",
  enrolment_ended: "unauthorized",
  enrolment_refused: "enrolment_refused",
  identity_unavailable: "identity_unavailable",
  token_refused: "unauthorized",
  issuer_unavailable: "issuer_unavailable",
  too_many_requests: "too_many_requests",
  over_limit: "over_limit",
};

export function toApiError({ code, message, retryAfterS }: AccessError): ApiError {
  if (CODES[code] === "unauthorized") return unauthorized(message);
  const headers = retryAfterS === undefined ? {} : { "retry-after": String(retryAfterS) };
  return new ApiError(CODES[code], message, { headers });
}
