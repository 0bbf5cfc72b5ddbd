// The owner of a folder store: what root writes into another user's store is given to that user,
// who could not read it otherwise.
import { constants, fchown as fchownCallback, fstatSync } from "node:fs";
import { open, stat } from "node:fs/promises";
import { promisify } from "node:util";

const fchown = promisify(fchownCallback);

export interface StoreOwner {
  /** Gives away a file that this process has just made and holds open. @throws system errors */
  giveFile(fd: number): Promise<void>;
  /** Gives away a folder that this process has just made. @throws system errors */
  giveFolder(path: string): Promise<void>;
}

/** Whoever writes keeps what it makes. */
const KEEP: StoreOwner = { giveFile: () => Promise.resolve(), giveFolder: () => Promise.resolve() };

/**
 * Finds who owns a store, by its folder.
 *
 * @param uid of this process; undefined on systems that have none
 * @throws system errors
 */
export async function findOwner(root: string, uid = process.getuid?.()): Promise<StoreOwner> {
  if (uid !== 0) return KEEP;
  const { uid: owner, gid: group } = await stat(root);
  if (owner === 0) return KEEP;
  return {
    giveFile: (fd) => fchown(fd, owner, group),
    async giveFolder(path) {
      // The owner may have put something else there meanwhile, such as a link to a file of root's.
      const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
      try {
        if (fstatSync(folder.fd).uid === 0) await folder.chown(owner, group);
      } finally {
        await folder.close();
      }
    },
  };
}
