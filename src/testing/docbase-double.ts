// For tests: the DocBase on loopback, and a publisher with a store and a clock of its own that runs
// whenever it is told to.

import { type DocbaseOptions, docbasePublisher } from "../publish/docbase.ts";
import type { Overview } from "../publish/overview.ts";
import type { PublishOutcome } from "../publish/publisher.ts";
import { readState, takeState } from "../publish/state.ts";
import type { Lease } from "../store/lease.ts";
import { memoryStore } from "../store/memory.ts";
import type { Store } from "../store/store.ts";
import type { Post as StoredPost } from "./docbase.ts";
import { type Docbase, type DocbaseTraffic, startDocbase } from "./docbase.ts";

export const MINUTE = 60_000;
export const STATE_KEY = "publishers/v1/wiki.json";

export interface Post extends StoredPost {
  readonly notice: boolean;
}

/** A kill: from then on the process does nothing more, not even tidy up. */
export interface KillSwitch {
  /** Stops the run. */
  readonly signal: AbortSignal;
  /** Told before and after each write to the store; throws to die there. */
  readonly onPut?: (when: "before" | "after") => void;
}

export interface RunOptions {
  readonly signal?: AbortSignal;
  readonly isDryRun?: boolean;
  /** Lets nothing be written to the store once the signal has aborted. */
  readonly dies?: boolean;
  readonly onPut?: KillSwitch["onPut"];
  /** In the place of passing time. */
  readonly sleep?: (ms: number) => Promise<void>;
}

export interface Wiki {
  readonly url: string;
  control(change: object): Promise<void>;
  look(): Promise<{ all: Post[]; open: Post[] }>;
  traffic(): Promise<DocbaseTraffic>;
  setUp(options?: Partial<DocbaseOptions>): WikiPublisher;
  stop(): void;
}

export interface WikiPublisher {
  run(overview: Overview, options?: RunOptions): Promise<PublishOutcome>;
  readonly store: Store;
  readonly time: { now: number };
  readonly waits: number[];
  clock(): number;
}

/** Which pages there are, by their marks. */
export function readMarks(posts: readonly Post[]): (string | undefined)[] {
  return posts.map(({ body }) => /<!-- rollcall (\S+) /.exec(body)?.[1]).sort();
}

export async function startWiki(): Promise<Wiki> {
  const docbase: Docbase = await startDocbase();
  return {
    url: docbase.url,
    control: (change) => docbase.control(change),
    async look() {
      const all = (await docbase.posts()) as Post[];
      return { all, open: all.filter(({ archived }) => !archived) };
    },
    traffic: () => docbase.traffic(),
    setUp: (options) => setUp(docbase, options),
    stop: () => docbase.stop(),
  };
}

function setUp({ url, token }: Docbase, options: Partial<DocbaseOptions> = {}): WikiPublisher {
  const time = { now: Date.UTC(2024, 2, 1) };
  const clock = () => time.now;
  const store: Store = memoryStore({ clock });
  const waits: number[] = [];
  const publisher = docbasePublisher({
    place: { baseUrl: url, team: "acme", token },
    name: "wiki",
    tags: ["運用"],
    scope: "everyone",
    groups: [],
    maxBodyBytes: 100_000,
    touchMs: 24 * 60 * MINUTE,
    ...options,
  });
  const pass = async (ms: number) => {
    time.now += ms;
  };
  async function run(overview: Overview, given: RunOptions = {}): Promise<PublishOutcome> {
    const {
      signal = new AbortController().signal,
      isDryRun = false,
      dies = false,
      onPut,
      sleep = pass,
    } = given;
    const seen = makeKillable(store, dies ? { signal, ...(onPut && { onPut }) } : undefined);
    const state = isDryRun ? await readState(seen, "wiki") : await takeState(seen, "wiki", clock);
    try {
      return await publisher.publish(overview, {
        state,
        clock,
        sleep: async (ms) => {
          waits.push(ms);
          await sleep(ms);
        },
        random: () => 0.5,
        signal,
        deadline: time.now + 15 * MINUTE,
        isDryRun,
        onStep: () => undefined,
        write: async () => undefined,
      });
    } finally {
      // A process that was killed releases nothing: its store takes no more.
      if ("release" in state) await (state as Lease).release().catch(() => undefined);
    }
  }
  return { run, store, time, waits, clock };
}

/** A store as a process sees it that may be killed. */
function makeKillable(store: Store, killSwitch: KillSwitch | undefined): Store {
  if (!killSwitch) return store;
  return {
    ...store,
    async put(...given) {
      killSwitch.signal.throwIfAborted();
      killSwitch.onPut?.("before");
      const outcome = await store.put(...given);
      killSwitch.onPut?.("after");
      return outcome;
    },
  };
}
