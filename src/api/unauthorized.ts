// The answer to whoever has no key that opens.
import { ApiError } from "./problem-details.ts";

/**
 * Makes the error. @param detail tells strangers nothing: only who holds a key's secret may hear of
 * that key
 */
export function unauthorized(detail: string): ApiError {
  // RFC 9110, section 11.6.1: a 401 names a scheme.
  return new ApiError("unauthorized", detail, { headers: { "www-authenticate": 'Bearer realm="rollcall"' } });
}
