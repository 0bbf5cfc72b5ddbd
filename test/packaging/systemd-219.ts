// What systemd 219, Amazon Linux 2's, reads in a unit: for tests, since it is not to be had here.

/**
 * Names that came after 219, by the version that systemd's NEWS names. An older one says "Unknown
 * lvalue" and goes on (load-fragment.c).
 */
const LATER: Readonly<Record<string, number>> = {
  TasksMax: 227,
  RandomizedDelaySec: 229,
  AmbientCapabilities: 229,
  MemoryMax: 231,
  ReadWritePaths: 231,
  RestrictRealtime: 231,
  ProtectKernelTunables: 232,
  ProtectKernelModules: 232,
  ProtectControlGroups: 232,
  RemoveIPC: 232,
  RestrictNamespaces: 233,
  StateDirectory: 235,
  ConfigurationDirectory: 235,
  LockPersonality: 235,
  ProtectHostname: 242,
  RestrictSUIDSGID: 242,
  ProtectKernelLogs: 244,
  ProtectClock: 245,
  ProtectProc: 247,
  ProcSubset: 247,
  FixedRandomDelay: 247,
};

/** Names that 219 has, of those that the units use. */
const KNOWN = new Set([
  "Description",
  "Documentation",
  "ConditionPathExists",
  "Wants",
  "After",
  "Type",
  "ExecStart",
  "ExecReload",
  "User",
  "Group",
  "UMask",
  "Environment",
  "Restart",
  "RestartSec",
  "TimeoutStartSec",
  "TimeoutStopSec",
  "KillMode",
  "CPUQuota",
  "Nice",
  "IOSchedulingClass",
  "OOMScoreAdjust",
  "NoNewPrivileges",
  "ProtectSystem",
  "ProtectHome",
  "CapabilityBoundingSet",
  "RestrictAddressFamilies",
  "SystemCallArchitectures",
  "SystemCallFilter",
  "SystemCallErrorNumber",
  "WantedBy",
]);

/**
 * The unit without what 219 does not know.
 *
 * @throws Error for a name that stands in neither table: look it up in systemd's NEWS
 */
export function readAsSystemd219(text: string): {
  readonly unit: string;
  readonly unknown: readonly string[];
} {
  const unknown: string[] = [];
  const lines = text
    .replaceAll("\\\n", " ")
    .split("\n")
    .filter((line) => {
      const [, name, value = ""] = /^(\w+)=(.*)$/.exec(line) ?? [];
      if (name === undefined) return true;
      if (name in LATER) {
        unknown.push(name);
        return false;
      }
      if (!KNOWN.has(name)) throw new Error(`${name}: since which systemd?`);
      // "Failed to parse protect system value, ignoring"; the line before it stands.
      return !(name === "ProtectSystem" && value === "strict");
    })
    // Groups came with 231. One that is not known is left out of the list ("Failed to parse system
    // call, ignoring"), and with it from a list of what is allowed everything.
    .map((line) => (line.startsWith("SystemCallFilter=") ? line.replace(/@[\w-]+ ?/g, "").trimEnd() : line))
    .filter((line) => line !== "SystemCallFilter=~");
  return { unit: lines.join("\n"), unknown };
}
