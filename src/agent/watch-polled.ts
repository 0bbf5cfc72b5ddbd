// Folders in which changes are not told, or not all of them: they are looked at each minute.
import { statfs } from "node:fs/promises";
import { codeOf, isWatchable, type Watched } from "./watch-trace.ts";

/** A folder in which changes are not told, or not all of them, and why. */
export interface Polled {
  /** Or a glob that could not be walked. */
  readonly folder: string;
  readonly reason: string;
}

/** What is given that the kernel tells nothing of. */
export function listUntold({ paths, globs }: Watched): readonly Polled[] {
  const roots = [...paths, ...globs].filter((path) => !isWatchable(path)).map((path) => `/${path.split("/")[1]}`);
  return [...new Set(roots)].sort().map((folder) => ({ folder, reason: "the kernel tells of no changes in it" }));
}

/** By statfs(2): file systems on which others than this host may write, and inotify(7) tells of this host's changes alone. */
const FOREIGN: ReadonlyMap<number, string> = new Map([
  [0x6969, "nfs"],
  [0x517b, "smb"],
  [0xff534d42, "cifs"],
  [0xfe534d42, "smb2"],
  [0x01021997, "9p"],
  [0x65735546, "fuse"],
  [0x00c36400, "ceph"],
  [0x5346414f, "afs"],
  [0x0bd00bd0, "lustre"],
  [0x01161970, "gfs2"],
  [0x7461636f, "ocfs2"],
]);

/** The watched folders that lie on such a file system. @param folders by path; an identity begins with the device's number and a colon */
export async function listForeign(folders: ReadonlyMap<string, { readonly identity: string }>): Promise<readonly Polled[]> {
  const kinds = new Map<string, string | undefined>();
  const found: Polled[] = [];
  for (const [folder, { identity }] of folders) {
    const device = identity.slice(0, identity.indexOf(":"));
    if (!kinds.has(device)) kinds.set(device, await readForeignKind(folder));
    const kind = kinds.get(device);
    if (kind) found.push({ folder, reason: `${kind} does not tell of what others change in it` });
  }
  return found;
}

async function readForeignKind(folder: string): Promise<string | undefined> {
  try {
    return FOREIGN.get((await statfs(folder)).type >>> 0);
  } catch (error) {
    // It has gone meanwhile.
    if (codeOf(error) === undefined) throw error;
    return undefined;
  }
}
