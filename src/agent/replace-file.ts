// Replacing a small file: whoever reads it, whenever, sees the old content or the new one.
import { open, rename, unlink } from "node:fs/promises";

export interface ReplaceOptions {
  /** Who may read it; by default only this user. */
  readonly mode?: number;
  /** Whether it may be lost with the machine's power: then the disk need not be woken for it. */
  readonly isVolatile?: boolean;
}

/**
 * Writes a file under another name, flushes it to disk, and renames it. A crash leaves the old file or the new one, and at most one
 * `.new` beside it, which the next call takes.
 */
export async function replaceFile(path: string, content: Uint8Array | string, options: ReplaceOptions = {}): Promise<void> {
  const { mode = 0o600, isVolatile = false } = options;
  const fresh = `${path}.new`;
  try {
    const file = await open(fresh, "w", mode);
    try {
      await file.writeFile(content);
      if (!isVolatile) await file.sync();
    } finally {
      await file.close();
    }
    await rename(fresh, path);
  } catch (error) {
    // On a full disk half a file would take what little room there is.
    await unlink(fresh).catch(() => undefined);
    throw error;
  }
}
