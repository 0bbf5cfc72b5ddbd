// What a machine is known by, and this boot of it: hashes, so that a server learns nothing else of
// them.
import { createHash } from "node:crypto";
import type { HostAccess } from "./collector.ts";
import { readHostname, readKernelBootTime } from "./identity.ts";

/** Hashes are 64 hexadecimal digits. */
export interface Fingerprint {
  /** The same as long as the machine is; another on a copy of it. */
  readonly machine: string;
  /**
   * The same until the machine boots again, or the container is started again. Another view of the
   * same boot may be another.
   */
  readonly boot: string;
  /** Of the host's name, by which two that boot in the same second are told apart. */
  readonly name: string;
  /**
   * When the kernel started, in whole seconds since the epoch, by which two views of one boot are
   * told for that; undefined where it is not known.
   */
  readonly startedAt: number | undefined;
  /** What `machine` is made of; undefined for what this host does not say. */
  readonly parts: { readonly machineId: string | undefined; readonly card: string | undefined };
}

/**
 * The PID namespace of a machine outside all containers: PROC_PID_INIT_INO,
 * include/linux/proc_ns.h.
 */
const FIRST_NAMESPACE = "pid:[4026531836]";

/**
 * Reads the fingerprint. Only what every user may read goes into it, so that it stays the same
 * whoever runs the agent: the machine id, and the hardware address of the first network card. A
 * copy of a virtual machine has another card; a copy that has not is told by its boots.
 */
export async function readFingerprint(host: HostAccess, signal: AbortSignal): Promise<Fingerprint> {
  const read = async (path: string) => {
    const file = await host.files.read(path, signal);
    return "bytes" in file ? file.bytes.toString("latin1").trim() : "";
  };
  const [machineId, boot, container, card, name, bootTime] = await Promise.all([
    read("/etc/machine-id"),
    read("/proc/sys/kernel/random/boot_id"),
    // Containers share their kernel's boot id. pid_namespaces(7): each has its own, until it is
    // started again.
    host.files.readLink("/proc/self/ns/pid"),
    readFirstCard(host, read),
    readHostname(host, signal),
    readKernelBootTime(host, signal),
  ]);
  // What this user keeps as the host's id is another's for another user, and counts only where the
  // machine has none.
  const own = `${machineId}\n${card}\n${machineId === "" ? (host.machine.fallbackId ?? "") : ""}`;
  const part = (text: string) => (text === "" ? undefined : hash(`rollcall part\n${text}`));
  const namespace =
    "target" in container && container.target !== FIRST_NAMESPACE ? `\n${container.target}` : "";
  return {
    machine: hash(`rollcall machine\n${own}`),
    boot: hash(`rollcall boot\n${boot}${namespace}`),
    name: hash(`rollcall name\n${name ?? ""}`),
    startedAt: bootTime === undefined ? undefined : bootTime / 1000,
    parts: { machineId: part(machineId), card: part(card) },
  };
}

/**
 * Of the cards that are hardware, that with the lowest number: cards that are added later do not
 * change it.
 */
async function readFirstCard(
  { files }: HostAccess,
  read: (path: string) => Promise<string>,
): Promise<string> {
  const folder = await files.list("/sys/class/net");
  if ("unreadable" in folder) return "";
  const cards: { readonly index: number; readonly address: string }[] = [];
  for (const name of folder.names) {
    // Bridges, loopback and the like are no device of the machine.
    const device = await files.readLink(`/sys/class/net/${name}/device`);
    if (!("target" in device)) continue;
    cards.push({
      index: Number(await read(`/sys/class/net/${name}/ifindex`)),
      address: await read(`/sys/class/net/${name}/address`),
    });
  }
  return cards.sort((a, b) => a.index - b.index)[0]?.address ?? "";
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
