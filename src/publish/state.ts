// What a publisher keeps in the store between runs, and the lease that lets one run at a time change it.
import { randomUUID } from "node:crypto";
import type { Clock } from "../report/clock.ts";
import { PreconditionFailed, type Store } from "../store/store.ts";

/** Below this lies what publishers keep. */
const PUBLISHERS_PREFIX = "publishers/v1/";

const MAX_STATE_BYTES = 4 * 1024 * 1024;

/** How long a run that says nothing keeps others away; ms. Each save renews it. */
export const LEASE_MS = 5 * 60_000;

/** How old a renewal may be before another is due; ms. Far below LEASE_MS, so that who was told it holds the lease does hold it. */
const RENEW_MS = 60_000;

/** Another run holds the lease, or has taken it over. */
export class LeaseTaken extends Error {
  override name = "LeaseTaken";
}

/** A publisher's own data, JSON that it alone understands. */
export interface KeptState {
  readonly value: unknown;
  /** Saves, before what follows is done. @throws LeaseTaken if another run has taken over since */
  save(value: unknown): Promise<void>;
  /** Keeps others away for as long again; to be called before whatever changes the other side, and in long waits. @throws LeaseTaken likewise */
  renew(): Promise<void>;
}

export interface Lease extends KeptState {
  /** Lets others run. What was saved stays. */
  release(): Promise<void>;
}

interface StateDocument {
  readonly schema: 1;
  readonly holder: string;
  /** ms since the epoch; 0 for released. */
  readonly held_until: number;
  readonly value: unknown;
}

/**
 * Takes the lease on a publisher's state.
 *
 * @throws LeaseTaken while another run holds it; StoreError if the store fails
 */
export async function takeLease(store: Store, name: string, clock: Clock, holder: string = randomUUID()): Promise<Lease> {
  const key = `${PUBLISHERS_PREFIX}${name}.json`;
  const found = await store.get(key, { maxBytes: MAX_STATE_BYTES });
  const before = found && parseState(found.body);
  if (before && before.held_until > clock() && before.holder !== holder) {
    throw new LeaseTaken(`another run of ${name} goes on until ${new Date(before.held_until).toISOString()} at the latest`);
  }
  let etag = found?.etag;
  let value = before?.value;
  let renewedAt = 0;

  async function put(next: unknown, heldUntil: number): Promise<void> {
    const document: StateDocument = { schema: 1, holder, held_until: heldUntil, value: next };
    try {
      const condition = etag === undefined ? { ifNoneMatch: "*" as const } : { ifMatch: etag };
      etag = (await store.put(key, Buffer.from(JSON.stringify(document)), condition)).etag;
      value = next;
      renewedAt = clock();
    } catch (error) {
      if (error instanceof PreconditionFailed) throw new LeaseTaken(`another run of ${name} has taken over`);
      throw error;
    }
  }

  await put(value, clock() + LEASE_MS);
  return {
    get value() {
      return value;
    },
    save: (next) => put(next, clock() + LEASE_MS),
    async renew() {
      if (Math.abs(clock() - renewedAt) >= RENEW_MS) await put(value, clock() + LEASE_MS);
    },
    release: () => put(value, 0),
  };
}

/** What a publisher keeps, for those who only look: nothing is saved, and nobody is kept away. @throws StoreError */
export async function readState(store: Store, name: string): Promise<KeptState> {
  const found = await store.get(`${PUBLISHERS_PREFIX}${name}.json`, { maxBytes: MAX_STATE_BYTES });
  return { value: found && parseState(found.body)?.value, save: async () => undefined, renew: async () => undefined };
}

/** A state that cannot be read is none: publishers find their pages again by what these say of themselves. */
function parseState(body: Buffer): StateDocument | undefined {
  try {
    const document = JSON.parse(body.toString("utf8")) as StateDocument;
    return document.schema === 1 && typeof document.held_until === "number" ? document : undefined;
  } catch {
    return undefined;
  }
}
