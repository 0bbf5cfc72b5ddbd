// What an API key may do.

/** `read` asks, `ingest` sends reports, `enrol` gets a host a key of its own, `admin` manages keys and may do the others too. */
export const SCOPES = ["read", "ingest", "enrol", "admin"] as const;
export type Scope = (typeof SCOPES)[number];
