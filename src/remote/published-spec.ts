// Where the published spec is read: in the store, or from a server.
import type { SpecFollowerOptions } from "../agent/spec-follower.ts";
import { readBounded } from "../network/bounded-read.ts";
import { CURRENT_EDITION_KEY } from "../store/layout.ts";
import { type Store, Unreadable } from "../store/store.ts";
import { createClient } from "./client.ts";
import type { HostKey } from "./host-key.ts";

/**
 * To those who may not list a bucket S3 answers 403, not 404, where no object is (AWS,
 * API_GetObject: permissions). So that is no failure, but it is told once: the right to read may be
 * missing too.
 */
export function fetchFromStore(
  store: Pick<Store, "get">,
  onNotice: (notice: string) => void,
): SpecFollowerOptions["fetch"] {
  let isTold = false;
  return async (_id, maxBytes) => {
    try {
      return (await store.get(CURRENT_EDITION_KEY, { maxBytes }))?.body;
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      if (!isTold)
        onNotice(`no published spec: none is there, or this host may not read it (${error.message})`);
      isTold = true;
      return undefined;
    }
  };
}

export interface ServerOptions {
  readonly url: URL;
  /** With which the server is asked. */
  readonly key: HostKey;
  readonly signal: AbortSignal;
}

/** Asks a server, each time once. */
export function fetchFromServer({ url, key, signal }: ServerOptions): SpecFollowerOptions["fetch"] {
  return async (id, maxBytes) => {
    const headers = { ...(await key.headersFor(id, signal)) };
    const client = createClient({ url, key: undefined, signal, retries: 0 });
    const response = await client.request("/v1/specs/current", { headers });
    if (response.status === 204) return undefined;
    // One byte too many says that it is too large, as the follower tells whoever looks.
    return (await readBounded(response.body, maxBytes)) ?? Buffer.alloc(maxBytes + 1);
  };
}
