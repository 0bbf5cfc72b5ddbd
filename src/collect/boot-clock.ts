// The kernel's clock since boot, which nobody can step, and how far the wall clock is from it now.
import type { HostAccess } from "./collector.ts";
import { readKernelBootTime } from "./identity.ts";
import { parseStat, TICK_MS } from "./process-facts.ts";

/** One instant by both clocks. */
export interface BootClockReading {
  /** Which boot of the kernel. */
  readonly bootId: string;
  /**
   * Since boot, sleep included; ms. Processes' start times are told by the same clock
   * (proc_pid_stat(5), proc_uptime(5)).
   */
  readonly now: number;
  /** What the wall clock has more; ms. Only a step changes it: NTP slews both clocks alike. */
  readonly offset: number;
}

/** A reading that took longer is tried again: nobody knows when in it either clock was read; ms. */
const MAX_READING_MS = 50;
const READINGS = 5;

/**
 * In a container whose /proc/uptime is its own (lxcfs), it tells less than this process's start and
 * age; more than this is no accident; ms.
 */
const OWN_UPTIME_MS = 5000;

/**
 * The clock that this program is told is not the kernel's if they differ by more, as under
 * faketime; whole seconds are told; ms.
 */
const FOREIGN_MS = 2000;

/**
 * Reads both clocks. Where /proc/uptime is a container's own, the time since boot follows from this
 * process's start, which the kernel tells as it tells that of others. The wall clock is that by
 * which the kernel stamps files.
 */
export async function readBootClock(
  host: HostAccess,
  signal: AbortSignal,
): Promise<BootClockReading | { readonly reason: string }> {
  const { files, clock } = host;
  const id = await files.read("/proc/sys/kernel/random/boot_id", signal);
  const bootId = "bytes" in id ? id.bytes.toString("latin1").trim() : "";
  if (!/^[0-9a-f-]{8,64}$/.test(bootId)) return { reason: "the kernel does not say which boot this is" };
  for (let reading = 1; ; reading++) {
    const before = clock();
    const uptime = await files.read("/proc/uptime", signal);
    const after = clock();
    const told = "bytes" in uptime ? parseUptime(uptime.bytes.toString("latin1")) : undefined;
    if (told === undefined) return { reason: "/proc/uptime does not say how long the host has run" };
    if (Math.abs(after - before) > MAX_READING_MS && reading < READINGS) continue;
    const offset = Math.round((before + after) / 2) - told;
    const own = await readOwnAge(host, signal);
    if (own !== undefined && told + OWN_UPTIME_MS < own)
      return { bootId, now: own, offset: offset + told - own };
    // Half a second more or less is well within what is tolerated.
    const kernel = await readKernelBootTime(host, signal);
    const isForeign = kernel !== undefined && Math.abs(kernel + 500 - offset) > FOREIGN_MS;
    return { bootId, now: told, offset: isForeign ? kernel + 500 : offset };
  }
}

/**
 * When this process started, and how long it has run since, together; ms since boot. Undefined
 * below another root.
 */
async function readOwnAge({ files, machine }: HostAccess, signal: AbortSignal): Promise<number | undefined> {
  if (machine.ranFor === undefined) return undefined;
  const stat = await files.read("/proc/self/stat", signal);
  const facts = "bytes" in stat ? parseStat(stat.bytes.toString("latin1")) : undefined;
  return facts && facts.startTicks * TICK_MS + machine.ranFor();
}

/** The first number of proc_uptime(5), in ms. */
function parseUptime(text: string): number | undefined {
  const match = /^(\d{1,12})\.(\d\d) /.exec(text);
  return match ? Number(match[1]) * 1000 + Number(match[2]) * 10 : undefined;
}
