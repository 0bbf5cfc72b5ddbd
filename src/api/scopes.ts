// What an API key may do.

/** `read` asks, `ingest` sends reports, `admin` manages keys and may do the others too. */
export const SCOPES = ["read", "ingest", "admin"] as const;
export type Scope = (typeof SCOPES)[number];
