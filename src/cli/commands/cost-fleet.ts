// A simulated fleet's store: it knows when each host reported last and makes keys and bodies up
// when they are asked for, so a million hosts fit.
import type { Clock } from "../../report/clock.ts";
import { REPORTS_PREFIX } from "../../report/key.ts";
import { formatUpdateDate } from "../../report/update-date.ts";
import { memoryStore } from "../../store/memory.ts";
import { type Entry, type ListOptions, type Store, TooLarge } from "../../store/store.ts";

const PAGE = 1000;

/**
 * As an EC2 instance's role writes it; the index follows, in hexadecimal digits, so that keys
 * ascend with it.
 */
const ROLE_START = `${REPORTS_PREFIX}111122223333/AROAEXAMPLEEXAMPLE000:i-`;
/** As a script writes it. */
const TOP_START = "i-";
const DIGITS = 17;
const END = ".json";

export interface FleetOptions {
  readonly hosts: number;
  readonly clock: Clock;
  /** Whether reports lie at the top of the store, as a script puts them. */
  readonly isAtTop?: boolean;
  /** When each host reported last at first; ms since the epoch. */
  readonly reportedAt: (host: number) => number;
}

export interface Fleet {
  /** The store. What is no report of the fleet is kept in memory. */
  readonly store: Store;
  /** The key of a host's report. */
  readonly keyOf: (host: number) => string;
}

/** Makes the fleet. A put under a host's key is a report of it, whatever its bytes. */
export function createFleet({ hosts, clock, isAtTop = false, reportedAt }: FleetOptions): Fleet {
  const start = isAtTop ? TOP_START : ROLE_START;
  const keyOf = (host: number): string => start + format(host) + END;
  const hostOf = (key: string): number | undefined => {
    if (!key.startsWith(start) || !key.endsWith(END)) return undefined;
    const host = Number.parseInt(key.slice(start.length, -END.length), 16);
    return host < hosts ? host : undefined;
  };
  // A bucket expires by itself.
  const { expire: _expire, ...others } = memoryStore({ clock });
  const times = Float64Array.from({ length: hosts }, (_, host) => reportedAt(host));
  const revisions = new Uint32Array(hosts);

  const bodyOf = (host: number): Buffer => {
    const id = `i-${format(host)}`;
    return Buffer.from(
      `{"update_date":"${formatUpdateDate(times[host] ?? 0)}","instance_id":"${id}","revision":${revisions[host] ?? 0}}`,
    );
  };
  // Of bodies that differ in their digits alone the first is as long as any.
  const size = hosts > 0 ? bodyOf(0).length : 0;
  const entryOf = (host: number): Entry => ({
    key: keyOf(host),
    etag: `${host}-${revisions[host] ?? 0}`,
    size,
    lastModified: times[host] ?? 0,
  });
  /** The first host for whose key the test holds; it must hold for all after it. */
  const findFirst = (holds: (key: string) => boolean): number => {
    let [low, high] = [0, hosts];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (holds(keyOf(middle))) high = middle;
      else low = middle + 1;
    }
    return low;
  };

  async function* listReports(
    prefix: string,
    { after = "", upTo, signal }: ListOptions,
  ): AsyncGenerator<readonly Entry[]> {
    const from = findFirst((key) => key > after && key >= prefix);
    const to = findFirst(
      (key) => (upTo !== undefined && key > upTo) || (key > prefix && !key.startsWith(prefix)),
    );
    for (let at = from; at < to; at += PAGE) {
      signal?.throwIfAborted();
      yield Array.from({ length: Math.min(PAGE, to - at) }, (_, index) => entryOf(at + index));
    }
  }

  const store: Store = {
    ...others,
    location: "simulated:",

    async put(key, body, options) {
      const host = hostOf(key);
      if (host === undefined) return await others.put(key, body, options);
      times[host] = clock();
      revisions[host] = (revisions[host] ?? 0) + 1;
      return entryOf(host);
    },

    async get(key, options) {
      const host = hostOf(key);
      if (host === undefined) return await others.get(key, options);
      const body = bodyOf(host);
      if (body.length > options.maxBytes)
        throw new TooLarge(`[store] [simulated] ${key} has ${body.length} bytes`);
      return { ...entryOf(host), size: body.length, body };
    },

    async *list(prefix, options = {}) {
      if (isAtTop) {
        if (prefix === "" && options.shallow) yield* listReports(prefix, options);
        else yield* others.list(prefix, options);
        return;
      }
      const isWithin = prefix.startsWith(REPORTS_PREFIX);
      const isAround = !isWithin && REPORTS_PREFIX.startsWith(prefix);
      // Reports have slashes after any prefix outside their own folder.
      if (isWithin && !(options.shallow && ROLE_START.includes("/", prefix.length)))
        yield* listReports(prefix, options);
      else if (isAround && !options.shallow)
        throw new Error("the simulated store lists reports and others apart");
      else yield* others.list(prefix, options);
    },
  };
  return { store, keyOf };
}

function format(host: number): string {
  return host.toString(16).padStart(DIGITS, "0");
}
