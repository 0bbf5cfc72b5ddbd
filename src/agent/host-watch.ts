// The watch over the real machine's files, which says what is looked at each minute only.
import type { Logger } from "pino";
import type { HostAccess } from "../collect/collector.ts";
import type { PolledFolder } from "./polled-folders.ts";
import { createWatch, type Watch } from "./watch.ts";

/** Watches the host's files. @param onPolled told of what is looked at each minute only */
export function openWatch(
  { files, monotonic, clock }: HostAccess,
  { onChange, onPolled, log }: WatchCallbacks,
): Watch {
  let before = new Map<string, string>();
  return createWatch({
    resolve: files.resolve,
    glob: async (pattern) => {
      const found = await files.glob([pattern], AbortSignal.timeout(GLOB_TIMEOUT_MS));
      return "paths" in found ? found : { links: [], folders: [], fault: found.reason };
    },
    onChange,
    monotonic,
    clock,
    later: (ms, act) => {
      const timer = setTimeout(act, ms).unref();
      return () => clearTimeout(timer);
    },
    onPolled: (polled) => {
      const now = new Map(polled.map(({ folder, reason }) => [folder, reason]));
      for (const [folder, reason] of now) {
        if (before.get(folder) !== reason)
          log.info({ folder, reason }, "changes here are not all told; it is looked at each minute");
      }
      for (const folder of before.keys())
        if (!now.has(folder)) log.info({ folder }, "changes here are told again");
      before = now;
      onPolled?.(polled);
    },
  });
}

interface WatchCallbacks {
  readonly onChange: (changed: string, source: string) => void;
  readonly onPolled?: (polled: readonly PolledFolder[]) => void;
  readonly log: Logger;
}

const GLOB_TIMEOUT_MS = 10_000;
