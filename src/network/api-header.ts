// The header by which an answer of a Rollcall server is told from any other.

/**
 * Stands on every answer of a Rollcall server, so that nobody takes a sign-in page or another
 * server's 204 for one.
 */
export const API_HEADER = "rollcall-api";
export const API_HEADER_VALUE = "v1";
