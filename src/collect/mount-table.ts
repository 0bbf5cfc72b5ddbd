// Mounts, as /proc/PID/mountinfo tells them: which device, and which path on it, a path leads to.
// Pure.
import { posix } from "node:path";

/** One mount (proc_pid_mountinfo(5)). */
export interface Mount {
  /** Where it is seen, from its process's root. */
  readonly point: string;
  /** The folder of the file system that is mounted there; "/" for all of it. */
  readonly root: string;
  /** major:minor */
  readonly device: string;
  readonly type: string;
  /** Of the file system as a whole: of proc, hidepid= and gid=. */
  readonly options: readonly string[];
}

/**
 * Reads mountinfo; lines that are none are passed over. Of two mounts at one point the later lies
 * above.
 */
export function parseMounts(text: string): readonly Mount[] {
  const mounts: Mount[] = [];
  for (const line of text.split("\n")) {
    const [before = "", after = ""] = line.split(" - ");
    const [, , device, root, point] = before.split(" ");
    const fields = after.split(" ");
    if (device === undefined || root === undefined || point === undefined || !point.startsWith("/")) continue;
    mounts.push({
      point: unescapeOctal(point),
      root: unescapeOctal(root),
      device,
      type: fields[0] ?? "",
      options: (fields[2] ?? "").split(","),
    });
  }
  return mounts;
}

/** Spaces, tabs, newlines and backslashes stand as octal numbers. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

/**
 * Where a path leads: the device, and the path on it. Undefined where no mount covers it, as below
 * a changed root.
 */
export function findMountPoint(mounts: readonly Mount[], path: string): string | undefined {
  let covering: Mount | undefined;
  for (const mount of mounts) {
    const isAbove = mount.point === "/" || path === mount.point || path.startsWith(`${mount.point}/`);
    if (isAbove && (covering === undefined || mount.point.length >= covering.point.length)) covering = mount;
  }
  if (!covering) return undefined;
  const rest = covering.point === "/" ? path : path.slice(covering.point.length);
  return `${covering.device} ${posix.join(covering.root, rest)}`;
}
