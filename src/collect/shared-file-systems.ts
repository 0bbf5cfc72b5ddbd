// File systems that others than this host write to as well: the kernel tells of this host's changes
// alone, and what it says of a file may be some time old.
import { statfs } from "node:fs/promises";

/** By the number that statfs(2) gives. */
const SHARED: ReadonlyMap<number, string> = new Map([
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

/**
 * The name of the shared file system that a path lies on; undefined where it is none, or nothing is
 * there.
 */
export async function findSharedKind(path: string): Promise<string | undefined> {
  try {
    return SHARED.get((await statfs(path)).type >>> 0);
  } catch (error) {
    // It has gone meanwhile.
    if (!(error instanceof Error && "code" in error)) throw error;
    return undefined;
  }
}
