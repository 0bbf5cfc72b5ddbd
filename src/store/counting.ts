// Counts a store's requests as S3 bills them.
import type { Store } from "./store.ts";

/** Requests by the operations that S3's price list tells apart. To delete is free. */
export interface RequestCounts {
  put: number;
  get: number;
  /** Pages of up to 1,000 keys. A listing that finds nothing was a request too. */
  list: number;
}

export function zeroCounts(): RequestCounts {
  return { put: 0, get: 0, list: 0 };
}

/**
 * Wraps a store so that each request is counted: also one that fails or finds nothing, since S3
 * bills those as well.
 *
 * @param choose gives the counts that a key, or a listing's prefix, is added to
 */
export function withCounts(store: Store, choose: (key: string) => RequestCounts): Store {
  return {
    ...store,

    put(key, body, options) {
      choose(key).put++;
      return store.put(key, body, options);
    },

    get(key, options) {
      choose(key).get++;
      return store.get(key, options);
    },

    async *list(prefix, options) {
      let pages = 0;
      try {
        for await (const page of store.list(prefix, options)) {
          pages++;
          yield page;
        }
      } finally {
        choose(prefix).list += Math.max(1, pages);
      }
    },
  };
}
