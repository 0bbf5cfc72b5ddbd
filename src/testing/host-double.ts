// For tests: a host whose files are a folder's, with a clock that stands still, no waiting and no
// network.
import type { HostAccess } from "../collect/collector.ts";
import { makeCommandRunner } from "../collect/command-runner.ts";
import { openHostFiles } from "../collect/host-files.ts";

/** 2023-12-12T07:00:01+09:00. */
export const TEST_TIME = Date.UTC(2023, 11, 11, 22, 0, 1);

/**
 * A host below a folder. Parts given replace the usual ones; the metadata service refuses each
 * request.
 */
export function makeHostDouble(root: string, parts: Partial<HostAccess> = {}): HostAccess {
  return {
    clock: () => TEST_TIME,
    monotonic: () => 0,
    sleep: () => Promise.resolve(),
    files: openHostFiles(root),
    run: makeCommandRunner({ root, environment: { PATH: "/usr/bin:/bin", LC_ALL: "C" }, graceMs: 100 }),
    metadata: {
      endpoint: "http://metadata.invalid",
      isGiven: false,
      fetch: () => Promise.reject(new Error("no request is expected")),
      timeoutMs: 1000,
    },
    machine: { hostname: "double", uptime: () => 3600 },
    ...parts,
  };
}
