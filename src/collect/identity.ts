// Who is this host? The files of a Linux system that tell, read and parsed apart.
import { isHostId } from "../report/key.ts";
import type { HostAccess } from "./collector.ts";
import { INSTANCE_ID } from "./metadata.ts";

/**
 * The host cannot say who it is. No report is made then: under another id than before, one host
 * would be shown as two, and the first of them as silent.
 */
export class HostIdentityError extends Error {
  override readonly name = "HostIdentityError";
}

const MAX_SMALL_FILE_LENGTH = 4096;

/**
 * Tells whether this is an EC2 instance, from what the firmware says; nothing is sent.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/identify_ec2_instances.html
 */
export async function isEc2(host: HostAccess, signal: AbortSignal): Promise<boolean> {
  const [vendor, product, hypervisor] = await Promise.all([
    readSmall(host, "/sys/class/dmi/id/sys_vendor", signal),
    // Readable by root only; on Nitro the vendor tells, on Xen the hypervisor does.
    readSmall(host, "/sys/class/dmi/id/product_uuid", signal),
    readSmall(host, "/sys/hypervisor/uuid", signal),
  ]);
  return (
    vendor === "Amazon EC2" || [product, hypervisor].some((uuid) => uuid?.toLowerCase().startsWith("ec2"))
  );
}

/** The instance id as the firmware of Nitro instances tells it; undefined elsewhere. */
export async function readAssetTag(host: HostAccess, signal: AbortSignal): Promise<string | undefined> {
  const tag = await readSmall(host, "/sys/class/dmi/id/board_asset_tag", signal);
  return tag !== undefined && INSTANCE_ID.test(tag) ? tag : undefined;
}

/**
 * The id of a host that is no EC2 instance: the machine id of systemd or D-Bus (machine-id(5)),
 * else the id that the caller keeps.
 *
 * @throws HostIdentityError if there is none of them
 */
export async function readMachineId(host: HostAccess, signal: AbortSignal): Promise<string> {
  for (const path of ["/etc/machine-id", "/var/lib/dbus/machine-id"]) {
    const id = parseMachineId(await readSmall(host, path, signal));
    if (id !== undefined) return id;
  }
  const { fallbackId } = host.machine;
  if (fallbackId !== undefined && isHostId(fallbackId)) return fallbackId;
  throw new HostIdentityError(
    "this host has no id: /etc/machine-id does not hold one (systemd-machine-id-setup writes it)",
  );
}

/** 32 hex digits that are not all zero. A fresh image says `uninitialized`, or nothing. */
export function parseMachineId(text: string | undefined): string | undefined {
  const id = text?.trim().toLowerCase() ?? "";
  return /^[0-9a-f]{32}$/.test(id) && !/^0+$/.test(id) ? id : undefined;
}

/**
 * The host's name: hostname(5), else what the operating system says; undefined if neither is one.
 */
export async function readHostname(host: HostAccess, signal: AbortSignal): Promise<string | undefined> {
  return (
    parseHostname(await readSmall(host, "/etc/hostname", signal)) ?? parseHostname(host.machine.hostname)
  );
}

/** The first line that is no comment, if it is like a host's name. */
export function parseHostname(text: string | undefined): string | undefined {
  const line = text?.split("\n").find((candidate) => candidate.trim() !== "" && !candidate.startsWith("#"));
  const name = line?.trim();
  return name !== undefined && /^[A-Za-z0-9_][A-Za-z0-9._-]{0,254}$/.test(name) ? name : undefined;
}

/**
 * When the system started, ms since the epoch: /proc/stat (proc_stat(5)), else reckoned from its
 * uptime.
 */
export async function readBootTime(host: HostAccess, signal: AbortSignal): Promise<number> {
  return (await readKernelBootTime(host, signal)) ?? host.clock() - host.machine.uptime() * 1000;
}

/**
 * When Linux booted, in whole seconds, as ms since the epoch; only a clock that is set moves it
 * (proc_stat(5)).
 */
export async function readKernelBootTime(host: HostAccess, signal: AbortSignal): Promise<number | undefined> {
  const stat = await host.files.read("/proc/stat", signal);
  return "bytes" in stat ? parseBootTime(stat.bytes.toString("latin1")) : undefined;
}

/** The line `btime SECONDS` of /proc/stat, as ms since the epoch. */
export function parseBootTime(text: string): number | undefined {
  const match = /^btime (\d{1,12})$/m.exec(text);
  return match ? Number(match[1]) * 1000 : undefined;
}

async function readSmall(host: HostAccess, path: string, signal: AbortSignal): Promise<string | undefined> {
  const file = await host.files.read(path, signal);
  return "bytes" in file && file.bytes.length <= MAX_SMALL_FILE_LENGTH
    ? file.bytes.toString("utf8").trim()
    : undefined;
}
