// Whether this user sees all processes of the host: /proc may hide those of other users (proc(5),
// hidepid).
import type { HostAccess } from "./collector.ts";
import { type Mount, parseMounts } from "./mount-table.ts";
import { parseStatus } from "./process-facts.ts";

/** The bit of CAP_SYS_PTRACE (capabilities(7)), which no hidepid hides from. */
const SYS_PTRACE = 1n << 19n;

/**
 * Values of hidepid that hide: since Linux 5.8 they have names. With 4, no group is let through.
 */
const HIDING = new Set(["1", "2", "4", "noaccess", "invisible", "ptraceable"]);
const HIDING_FROM_GROUPS = new Set(["4", "ptraceable"]);

/** What to do where processes are hidden; docs/install.md has it at length. */
const GRANT =
  "give it AmbientCapabilities=CAP_SYS_PTRACE and the same in CapabilityBoundingSet= (docs/install.md)";

/**
 * Says in a sentence why this user may not see all processes; undefined if it sees them all.
 *
 * @param pids what /proc lists
 */
export async function findHiding(
  host: HostAccess,
  pids: readonly string[],
  signal: AbortSignal,
): Promise<string | undefined> {
  const { files } = host;
  const [mountinfo, status] = await Promise.all([
    files.read("/proc/self/mountinfo", signal),
    files.read("/proc/self/status", signal),
  ]);
  const mounts = "bytes" in mountinfo ? parseMounts(mountinfo.bytes.toString("utf8")) : [];
  const { capabilities, groups } = parseStatus("bytes" in status ? status.bytes.toString("utf8") : "");
  const hiding = findHidepid(mounts, files.resolve("/proc"));
  // In a user namespace the capability may reach not far enough: a look at the first process shows
  // it.
  const first = await files.readStart("/proc/1/stat", 1, signal);
  const seesFirst = pids.includes("1") && "bytes" in first;
  const isLetThrough =
    hiding === undefined ||
    (capabilities & SYS_PTRACE) !== 0n ||
    // Without gid= it is root's group that is let through.
    (groups.includes(hiding.group ?? "0") && !HIDING_FROM_GROUPS.has(hiding.value));
  if (isLetThrough && seesFirst) return undefined;
  if (!hiding) return `/proc does not show all processes: not the first, process 1`;
  const group =
    hiding.group === undefined || HIDING_FROM_GROUPS.has(hiding.value)
      ? ""
      : `add it to the group ${hiding.group} (SupplementaryGroups=), or `;
  const hidden = `/proc hides the processes of other users from this user (hidepid=${hiding.value})`;
  return `${hidden}; ${group}${GRANT}`;
}

/** The hidepid of the /proc that is seen, if it hides anything. */
export function findHidepid(
  mounts: readonly Mount[],
  point: string,
): { readonly value: string; readonly group: string | undefined } | undefined {
  const proc = mounts.findLast((mount) => mount.point === point && mount.type === "proc");
  const option = (name: string) =>
    proc?.options.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);
  const value = option("hidepid");
  return value !== undefined && HIDING.has(value) ? { value, group: option("gid") } : undefined;
}
