// Which processes belong to a unit of systemd: by their control groups, and by systemd's word where
// those do not tell.
import type { HostAccess } from "./collector.ts";
import type { ListedProcess } from "./process-table.ts";

const SYSTEMCTL = ["/usr/bin/systemctl", "/bin/systemctl"];
const SYSTEMCTL_TIMEOUT_MS = 5000;
/** Units asked for at once. */
const MAX_ASKED_UNITS = 200;
const CONCURRENCY = 32;
/** A process is in a dozen groups at most. */
const MAX_CGROUP_BYTES = 16 * 1024;

/** What systemd says of a unit. */
interface UnitState {
  /** Its own name, where it was asked for by another. */
  readonly id: string;
  readonly load: string;
  readonly active: string;
  /** "0" if there is none. */
  readonly mainPid: string;
}

/** The processes of a unit, or why they cannot be told. */
export interface UnitMembers {
  readonly pids: ReadonlySet<string>;
  /** Nothing in it runs, whatever may not be seen: systemd says so. */
  readonly isOver: boolean;
  readonly uncertainty?: string;
}

export interface Units {
  members(unit: string): Promise<UnitMembers>;
}

/**
 * Prepares a look at units; groups are read when the first is asked for, and systemd is asked once
 * for all.
 *
 * @param wanted every unit that may be asked for
 */
export function openUnits(
  host: HostAccess,
  processes: readonly ListedProcess[],
  wanted: readonly string[],
  signal: AbortSignal,
): Units {
  let groups: Promise<Groups> | undefined;
  let states: Promise<ReadonlyMap<string, UnitState>> | undefined;

  async function members(unit: string): Promise<UnitMembers> {
    groups ??= readGroups(host, processes, signal);
    const { byUnit, unreadable } = await groups;
    const found = byUnit.get(unit) ?? [];
    if (found.length > 0 && listRoots(found).length === 1) return { pids: toPids(found), isOver: false };
    states ??= askSystemd(
      host,
      [...new Set(wanted)].filter((name) => listRoots(byUnit.get(name) ?? []).length !== 1),
      signal,
    );
    const state = (await states).get(unit);
    const all = found.length > 0 ? found : (byUnit.get(state?.id ?? unit) ?? []);
    const main = processes.find(({ pid }) => pid === state?.mainPid);
    if (main) return { pids: toPids([main, ...all.filter((one) => isBelow(one, main, all))]), isOver: false };
    if (all.length > 0) return { pids: toPids(all), isOver: false };
    return explainNone(unit, state, unreadable, byUnit.size > 0);
  }

  return { members };
}

/** What it means that no process was found in a unit. */
function explainNone(
  unit: string,
  state: UnitState | undefined,
  unreadable: string | undefined,
  areUnitsSeen: boolean,
): UnitMembers {
  const none: UnitMembers = { pids: new Set(), isOver: false };
  if (state?.load === "not-found") return { ...none, uncertainty: `systemd knows no unit ${unit}` };
  if (state && /^(?:inactive|failed)$/.test(state.active)) return { ...none, isOver: true };
  if (unreadable !== undefined) return { ...none, uncertainty: unreadable };
  if (areUnitsSeen) return none;
  return {
    ...none,
    uncertainty: `no process of this host belongs to a unit of systemd, and systemd does not tell of ${unit}`,
  };
}

function toPids(processes: readonly ListedProcess[]): ReadonlySet<string> {
  return new Set(processes.map(({ pid }) => pid));
}

/** Those that were not started by another of them. */
function listRoots(processes: readonly ListedProcess[]): readonly ListedProcess[] {
  const pids = toPids(processes);
  return processes.filter(({ parent }) => !pids.has(parent));
}

function isBelow(process: ListedProcess, top: ListedProcess, all: readonly ListedProcess[]): boolean {
  const byPid = new Map(all.map((one) => [one.pid, one]));
  let at: ListedProcess | undefined = process;
  for (let steps = 0; at && steps < all.length; steps++) {
    if (at.parent === top.pid) return true;
    at = byPid.get(at.parent);
  }
  return false;
}

interface Groups {
  /**
   * Of a unit's name, the processes of the system's unit; else those of users' units of the name.
   */
  readonly byUnit: ReadonlyMap<string, readonly ListedProcess[]>;
  readonly unreadable: string | undefined;
}

async function readGroups(
  { files }: HostAccess,
  processes: readonly ListedProcess[],
  signal: AbortSignal,
): Promise<Groups> {
  const ofSystem = new Map<string, ListedProcess[]>();
  const ofUsers = new Map<string, ListedProcess[]>();
  let unreadable: string | undefined;
  const readOne = async (process: ListedProcess): Promise<void> => {
    const file = await files.readOfProcess(`${process.folder}/cgroup`, MAX_CGROUP_BYTES, signal);
    if ("unreadable" in file) {
      if (file.unreadable !== "absent")
        unreadable = `the control group of process ${process.pid} (${process.name}) ${file.reason}`;
      return;
    }
    for (const { unit, isUsers } of parseUnits(file.bytes.toString("utf8"))) {
      const into = isUsers ? ofUsers : ofSystem;
      into.set(unit, [...(into.get(unit) ?? []), process]);
    }
  };
  for (let at = 0; at < processes.length; at += CONCURRENCY)
    await Promise.all(processes.slice(at, at + CONCURRENCY).map(readOne));
  return { byUnit: new Map([...ofUsers, ...ofSystem]), unreadable };
}

/**
 * The units that /proc/PID/cgroup names (cgroups(7)): each folder on the way of systemd's own
 * hierarchy, v1's `name=systemd` or v2's. Below `user@UID.service`, units are a user's.
 */
export function parseUnits(text: string): readonly { readonly unit: string; readonly isUsers: boolean }[] {
  const units = new Map<string, boolean>();
  for (const line of text.split("\n")) {
    const [, controllers = "", path = ""] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (controllers !== "" && controllers !== "name=systemd") continue;
    let isUsers = false;
    for (const part of path.split("/")) {
      // systemd puts a "_" before names that the kernel has a use for, and before those that begin
      // with one (cgroup escaping).
      const unit = part.replace(/^_(?=[_.]|cgroup\.|notify_on_release|release_agent|tasks)/, "");
      if (/\.(?:service|scope|slice)$/.test(unit)) units.set(unit, isUsers);
      if (/^user@\d+\.service$/.test(unit)) isUsers = true;
    }
  }
  return [...units].map(([unit, isUsers]) => ({ unit, isUsers }));
}

async function askSystemd(
  host: HostAccess,
  units: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, UnitState>> {
  const asked = units.slice(0, MAX_ASKED_UNITS);
  // Only where systemd is the init system has this folder been made: sd_booted(3).
  const booted = await host.files.identify("/run/systemd/system");
  if (asked.length === 0 || "unreadable" in booted) return new Map();
  for (const program of SYSTEMCTL) {
    if ("unreadable" in (await host.files.identify(program))) continue;
    const argv = [program, "show", "--property=Id,LoadState,ActiveState,MainPID", "--", ...asked];
    const outcome = await host.run({ argv, timeoutMs: SYSTEMCTL_TIMEOUT_MS, signal });
    return "failure" in outcome ? new Map() : parseShow(outcome.stdout.toString("utf8"), asked);
  }
  return new Map();
}

/**
 * What `systemctl show` prints: a block for each unit, in their order, with an empty line between
 * them.
 */
export function parseShow(text: string, units: readonly string[]): ReadonlyMap<string, UnitState> {
  const blocks = text.trim().split(/\n\s*\n/);
  if (blocks.length !== units.length) return new Map();
  return new Map(
    units.map((unit, at) => {
      const value = (name: string) =>
        new RegExp(`^${name}=(.*)$`, "m").exec(blocks[at] ?? "")?.[1]?.trim() ?? "";
      return [
        unit,
        {
          id: value("Id"),
          load: value("LoadState"),
          active: value("ActiveState"),
          mainPid: value("MainPID"),
        },
      ];
    }),
  );
}

/** A unit's name with a suffix; systemctl takes names without one as services. */
export function completeUnit(name: string): string {
  return /\.(?:service|scope|slice)$/.test(name) ? name : `${name}.service`;
}

/** A text as it may stand in a unit's name (systemd-escape(1)); a path without its first slash. */
export function escapeUnit(text: string): string {
  return [...Buffer.from(text.replace(/^\/+|\/+$/g, ""), "utf8")]
    .map((byte, at) => {
      const char = String.fromCharCode(byte);
      if (char === "/") return "-";
      return /[A-Za-z0-9:_]/.test(char) || (char === "." && at > 0)
        ? char
        : `\\x${byte.toString(16).padStart(2, "0")}`;
    })
    .join("");
}
