// For tests: a store in memory with a clock to set, which counts what is asked of it and fails
// where it is told to.
import { formatUpdateDate } from "../report/update-date.ts";
import { memoryStore } from "../store/memory.ts";
import type { Store } from "../store/store.ts";

/** When the double's clock begins: half a minute before a leap day begins in Tokyo. */
export const START = Date.UTC(2024, 1, 28, 14, 59, 30);

/** Makes the store. `fail`, if set, is called before each get and may throw. */
export function makeStoreDouble({ splitsListings = false } = {}) {
  let now = START;
  const clock = () => now;
  const inner = memoryStore({ clock });
  const double = {
    clock,
    gets: [] as string[],
    /** Each listing's pages and bounds. */
    lists: [] as { prefix: string; after: string | undefined; upTo: string | undefined; pages: number }[],
    puts: [] as string[],
    fail: undefined as ((key: string) => void) | undefined,
    advance(ms: number) {
      now += ms;
    },
    async put(key: string, body: string | Uint8Array) {
      return await inner.put(key, typeof body === "string" ? Buffer.from(body) : body);
    },
    report: (id: string, more: object = {}) =>
      JSON.stringify({ update_date: formatUpdateDate(now), instance_id: id, ...more }),
    inner,
    store: {
      ...inner,
      splitsListings,
      get: async (key, options) => {
        double.gets.push(key);
        double.fail?.(key);
        return await inner.get(key, options);
      },
      put: async (key, body, options) => {
        double.puts.push(key);
        return await inner.put(key, body, options);
      },
      async *list(prefix, options = {}) {
        const asked = { prefix, after: options.after, upTo: options.upTo, pages: 0 };
        double.lists.push(asked);
        for await (const page of inner.list(prefix, options)) {
          asked.pages++;
          yield page;
        }
      },
    } satisfies Store as Store,
  };
  return double;
}
