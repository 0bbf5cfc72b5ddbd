// The real machine, as collectors reach it. Only entry points call this; tests make their own
// HostAccess.
import { hostname, uptime } from "node:os";
import { resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fetchDirectly } from "../network/fetch.ts";
import { systemClock } from "../report/clock.ts";
import type { HostAccess } from "./collector.ts";
import { makeCommandRunner } from "./command-runner.ts";
import { openHostFiles } from "./host-files.ts";
import { METADATA_ENDPOINT } from "./metadata.ts";

/** Each attempt to ask the metadata service, which is one hop away and answers in milliseconds. */
const METADATA_TIMEOUT_MS = 1000;
const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export interface MachineOptions {
  /**
   * Where the host's files lie: "/" unless a container sees them below a folder. Programs are
   * looked for there too.
   */
  readonly root?: string;
  /** Id of a host that has no machine id; the caller makes it once and keeps it. */
  readonly fallbackId?: string | undefined;
  /**
   * The process's environment. HOME goes to programs; AWS_EC2_METADATA_SERVICE_ENDPOINT names
   * another metadata service.
   */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * Opens this machine.
 *
 * @throws TypeError if AWS_EC2_METADATA_SERVICE_ENDPOINT is no http URL
 */
export function openMachine(options: MachineOptions): HostAccess {
  const root = resolve(options.root ?? "/");
  const endpoint = options.environment.AWS_EC2_METADATA_SERVICE_ENDPOINT;
  if (endpoint && !(URL.canParse(endpoint) && /^https?:$/.test(new URL(endpoint).protocol))) {
    throw new TypeError(
      "AWS_EC2_METADATA_SERVICE_ENDPOINT must be an http URL, such as http://169.254.169.254",
    );
  }
  return {
    clock: systemClock,
    monotonic: () => performance.now(),
    sleep: (ms, signal) => setTimeout(ms, undefined, { signal }).catch(() => undefined),
    files: openHostFiles(root),
    run: makeCommandRunner({
      root,
      // Nothing else of our environment: it may hold keys, and programs print differently by
      // locale.
      environment: { PATH: DEFAULT_PATH, LANG: "C", LC_ALL: "C", HOME: options.environment.HOME ?? "/" },
    }),
    metadata: {
      endpoint: endpoint || METADATA_ENDPOINT,
      isGiven: Boolean(endpoint),
      // A proxy would ask its own host's.
      fetch: fetchDirectly,
      timeoutMs: METADATA_TIMEOUT_MS,
    },
    machine: {
      hostname: hostname(),
      uptime,
      ranFor: () => process.uptime() * 1000,
      ...(options.fallbackId === undefined ? {} : { fallbackId: options.fallbackId }),
    },
  };
}
