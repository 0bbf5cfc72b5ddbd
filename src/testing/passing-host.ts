// For tests: this machine as it would be had it run longer, or had its clock been set.
import type { HostAccess } from "../collect/collector.ts";
import { createObservationStore } from "../collect/observations.ts";
import { makeHostDouble } from "./host-double.ts";

/** What the kernel would say had it run so much longer, and had its wall clock been set. */
function shiftTimes(
  host: HostAccess,
  times: () => { readonly laterMs: number; readonly skewMs: number },
): HostAccess["files"]["read"] {
  return async (path, signal) => {
    const file = await host.files.read(path, signal);
    if (!("bytes" in file)) return file;
    const { laterMs, skewMs } = times();
    const text = file.bytes.toString("latin1");
    if (path === "/proc/uptime")
      return { bytes: Buffer.from(`${(Number.parseFloat(text) + laterMs / 1000).toFixed(2)} 0.00\n`) };
    if (path !== "/proc/stat") return file;
    return {
      bytes: Buffer.from(
        text.replace(/^btime (\d+)$/m, (_, at: string) => `btime ${Math.floor(Number(at) + skewMs / 1000)}`),
      ),
    };
  };
}

/**
 * To a host that has run so much longer, all that runs started so much earlier; and its wall clock
 * may be off.
 */
export function makeRunningHost({ laterMs = 0, skewMs = 0 } = {}): HostAccess {
  const host = makeHostDouble("/", { clock: () => Date.now() + skewMs, memory: createObservationStore() });
  return {
    ...host,
    files: { ...host.files, read: shiftTimes(host, () => ({ laterMs, skewMs: skewMs - laterMs })) },
  };
}

/**
 * A host on which time passes as the test says: what changes from then on is so much later than
 * what runs.
 */
export function makePassingHost() {
  let laterMs = 0;
  let skewMs = 0;
  const host = makeHostDouble("/", {
    clock: () => Date.now() + laterMs + skewMs,
    memory: createObservationStore(),
  });
  const shift = (ms: number) => ms + laterMs + skewMs;
  const files: HostAccess["files"] = {
    ...host.files,
    read: shiftTimes(host, () => ({ laterMs, skewMs })),
    async inspect(path) {
      const facts = await host.files.inspect(path);
      if ("unreadable" in facts) return facts;
      const links = facts.links.map((one) => ({
        ...one,
        ...stamp({ identity: `${one.path}${one.changedAt}`, changedAt: one.changedAt }),
      }));
      return { ...stamp(facts), links };
    },
  };
  /** Each inode's ctime as this host's clock would have set it when it was first seen so. */
  const stamps = new Map<string, number>();
  function stamp<T extends { readonly identity: string; readonly changedAt: number }>(facts: T): T {
    const at = stamps.get(facts.identity) ?? shift(facts.changedAt);
    stamps.set(facts.identity, at);
    return { ...facts, changedAt: at };
  }
  return {
    host: { ...host, files },
    pass: (ms: number) => {
      laterMs += ms;
    },
    skew: (ms: number) => {
      skewMs = ms;
    },
  };
}
