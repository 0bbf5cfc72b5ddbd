// What a driver gives the conformance suite: a store, its clock, and how to throw both away.
import type { Store } from "../store/store.ts";

/** A store under test. It may hold other objects: each test keeps to a prefix of its own. */
export interface StoreFixture {
  readonly store: Store;
  /**
   * What the store's clock says: ms since the epoch. The suite sets it; "real" is a server's own
   * clock, which nobody sets.
   */
  readonly time: { now: number } | "real";
  dispose(): Promise<void>;
}
