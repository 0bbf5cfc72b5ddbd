// When each key was last used, roughly: noted in the store so seldom that it costs nearly nothing.
import type { Clock } from "../report/clock.ts";
import { createTaskPool } from "../roll/task-pool.ts";
import { KEY_USES_PREFIX, locateKeyUse, parseName } from "../store/layout.ts";
import type { Store } from "../store/store.ts";
import type { StoredApiKey } from "./keys.ts";

/**
 * How old a mark may grow before it is written anew: an API key's, and an enrolled host's own, of
 * which there may be a hundred thousand; ms.
 */
export const USE_EVERY_MS = 60 * 60_000;
export const HOST_USE_EVERY_MS = 24 * 60 * 60_000;

/**
 * Marks written at a time, marks that may wait, and marks remembered. What is not noted now is with
 * a later use.
 */
const WRITE_CONCURRENCY = 4;
const MAX_WAITING_MARKS = 1000;
const MAX_KEY_USES = 200_000;

export interface KeyUses {
  /** Notes that a key has just opened. It takes no time and never fails. */
  note(key: StoredApiKey): void;
  /** Resolves when nothing more is being written. */
  settle(): Promise<void>;
}

export interface KeyUsesOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Told once where marks cannot be written. */
  readonly onNotice: (notice: string, error: unknown) => void;
}

/** Makes the memory of uses of one process. */
export function createKeyUses({ store, clock, onNotice }: KeyUsesOptions): KeyUses {
  /** Times of marks by name, ms since the epoch. */
  const known = new Map<string, number>();
  const pool = createTaskPool(WRITE_CONCURRENCY);
  const waiting = new Set<Promise<void>>();
  let loading: Promise<void> | undefined;
  let isTold = false;

  function remember(name: string, at: number): void {
    known.delete(name);
    known.set(name, at);
    const [oldest] = known.keys();
    if (known.size > MAX_KEY_USES && oldest !== undefined) known.delete(oldest);
  }

  function isRecent(name: string, everyMs: number): boolean {
    const age = clock() - (known.get(name) ?? Number.NEGATIVE_INFINITY);
    return age >= 0 && age < everyMs;
  }

  /**
   * What this process does not know another may have written, or this one before it started anew.
   */
  async function load(): Promise<void> {
    for (const [name, at] of await listKeyUses(store))
      if (!isRecent(name, Number.POSITIVE_INFINITY)) remember(name, at);
  }

  async function write(name: string, everyMs: number): Promise<void> {
    try {
      loading ??= load();
      await loading;
      if (isRecent(name, everyMs)) return;
      const { lastModified } = await store.put(locateKeyUse(name), Buffer.from("{}"));
      remember(name, lastModified);
    } catch (error) {
      // With a later use, and not with each one.
      remember(name, clock());
      if (!isTold)
        onNotice("when keys are used cannot be noted in the store; rollcall keys list does not know", error);
      isTold = true;
    }
  }

  return {
    note({ id, host, enrolment }) {
      const name = enrolment && host !== undefined ? `hosts/${host}` : id;
      const everyMs = enrolment ? HOST_USE_EVERY_MS : USE_EVERY_MS;
      if (isRecent(name, everyMs) || waiting.size >= MAX_WAITING_MARKS) return;
      const writing = pool.run([name], () =>
        isRecent(name, everyMs) ? Promise.resolve() : write(name, everyMs),
      );
      waiting.add(writing);
      void writing.finally(() => waiting.delete(writing));
    },
    async settle() {
      await Promise.all(waiting);
    },
  };
}

/** When which key was used, ms since the epoch: by an API key's id, or `hosts/HOST`. */
export async function listKeyUses(store: Store): Promise<ReadonlyMap<string, number>> {
  const uses = new Map<string, number>();
  for await (const page of store.list(KEY_USES_PREFIX))
    for (const { key: objectKey, lastModified } of page) {
      const name = parseName(KEY_USES_PREFIX, objectKey);
      if (name !== undefined) uses.set(name, lastModified);
    }
  return uses;
}

/** Removes the mark of a key that has ended. @param name an API key's id, or `hosts/HOST` */
export function forgetUse(store: Store, name: string): Promise<void> {
  return store.delete(locateKeyUse(name));
}
