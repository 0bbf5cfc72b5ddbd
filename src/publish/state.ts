// What a publisher keeps in the store between runs, in the lease that lets one run at a time change
// it.
import type { Clock } from "../report/clock.ts";
import { locatePublisherState, PUBLISHERS_CLOCK_KEY } from "../store/layout.ts";
import { type Lease, readLeaseValue, takeLease } from "../store/lease.ts";
import type { Store } from "../store/store.ts";

/** A publisher's own data, JSON that it alone understands. */
export type PublisherState = Omit<Lease, "release">;

/**
 * Takes the lease on a publisher's state.
 *
 * @throws LeaseTaken while another run holds it; StoreError if the store fails
 */
export async function takeState(store: Store, name: string, clock: Clock): Promise<Lease> {
  return await takeLease({
    store,
    key: locatePublisherState(name),
    clockKey: PUBLISHERS_CLOCK_KEY,
    task: `run of ${name}`,
    clock,
  });
}

/**
 * What a publisher keeps, for those who only look: nothing is saved, and nobody is kept away.
 *
 * @throws StoreError
 */
export async function readState(store: Store, name: string): Promise<PublisherState> {
  return {
    value: await readLeaseValue(store, locatePublisherState(name)),
    save: async () => undefined,
    renew: async () => undefined,
  };
}
