// What an API key may do.

/**
 * `read` asks, `ingest` sends reports, `enrol` gets a host a key of its own, `admin` manages keys
 * and may do the others too.
 */
export const SCOPES = ["read", "ingest", "enrol", "admin"] as const;
export type Scope = (typeof SCOPES)[number];

/**
 * What a key may do that is bound to one host, whatever else is written in it: to read or to
 * administer is never one host's matter.
 */
export const HOST_SCOPES: readonly Scope[] = ["ingest", "enrol"];
