// rollcall doctor's look at the processes: whether this user sees them all, and what of other
// users' processes.
import type { HostAccess } from "../../collect/collector.ts";
import { findHiding } from "../../collect/process-visibility.ts";
import type { Finding } from "./doctor.ts";

const PTRACE = "AmbientCapabilities=CAP_SYS_PTRACE and CapabilityBoundingSet=CAP_SYS_PTRACE";

export async function checkProcesses(host: HostAccess, signal: AbortSignal): Promise<Finding> {
  const check = "processes";
  const folder = await host.files.list("/proc");
  if ("unreadable" in folder) return { check, outcome: "skipped", detail: `/proc: ${folder.reason}` };
  const hiding = await findHiding(host, folder.names, signal);
  if (hiding !== undefined) {
    const fix =
      `for the service a drop-in (systemctl edit rollcall-agent) with ${PTRACE}, and ` +
      "no ProtectProc= of another drop-in; docs/install.md";
    return { check, outcome: "warning", detail: hiding, fix };
  }
  const program = await host.files.readLink("/proc/1/exe");
  if ("target" in program)
    return { check, outcome: "ok", detail: "all are seen, and which program each has loaded" };
  const detail =
    "all are seen; of other users' processes not the program that is loaded, the " +
    "folder, the environment and the open files";
  const fix =
    "only if the spec needs them (docs/collectors/processes.md): a drop-in with " +
    `${PTRACE}; docs/install.md`;
  return { check, outcome: "ok", detail, fix };
}
