// What `agent` and `start` share: an agent's subject and watch on the real machine.
import { setTimeout as wait } from "node:timers/promises";
import type { Logger } from "pino";
import type { Subject } from "../agent/agent.ts";
import { createWatch, type Watch } from "../agent/watch.ts";
import type { HostAccess } from "../collect/collector.ts";
import type { HostCollection } from "./collection.ts";

/** Waits; ends early, without an error, when the signal aborts. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}

export function makeSubject(collection: HostCollection): Subject {
  return {
    collect: (wanted, signal) => collection.collect(wanted, signal),
    get watched() {
      return collection.inputs;
    },
  };
}

/** Watches the host's files. */
export function openWatch({ files, monotonic }: HostAccess, onChange: (changed: string) => void, log: Logger): Watch {
  return createWatch({
    resolve: files.resolve,
    glob: async (pattern) => {
      const found = await files.glob([pattern], AbortSignal.timeout(GLOB_TIMEOUT_MS));
      return "paths" in found ? found.paths : [];
    },
    onChange,
    monotonic,
    onGiveUp: (folder, reason) => log.info({ folder, reason }, "a folder is not watched, and looked at each minute instead"),
  });
}

const GLOB_TIMEOUT_MS = 10_000;
