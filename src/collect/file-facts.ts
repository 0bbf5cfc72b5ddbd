// What a file is known by without reading it, and the digest of its bytes, read piece by piece.
import { createHash } from "node:crypto";
import { type BigIntStats, constants } from "node:fs";
import { type FileHandle, lstat, open, readlink, stat } from "node:fs/promises";
import { posix } from "node:path";

/**
 * Most bytes of which a digest is made: half a second of one core. Of larger files size, inode and
 * mtime are compared.
 */
const MAX_DIGEST_BYTES = 256 * 1024 * 1024;

const PIECE_BYTES = 256 * 1024;

/** Links followed from one path; the kernel's own limit (path_resolution(7)). */
export const MAX_SYMLINKS = 40;

/**
 * Whether a path leads to what the kernel makes up when it is read, or to devices: it has no times
 * that mean something, and nobody is told of changes. /dev/shm has ordinary files, in memory
 * (shm_overview(7)).
 */
export function isMadeUp(path: string): boolean {
  return /^\/(?:proc|sys|dev(?!\/shm\/))\//.test(path);
}

/** A file by its inode. */
export interface InodeFacts {
  /** `DEVICE:INODE`. */
  readonly inode: string;
  /** Inode, size, mtime and ctime: while it stays, so do the bytes. */
  readonly identity: string;
  readonly size: number;
  readonly isRegular: boolean;
  /** mtime and ctime; ms since the epoch. */
  readonly modifiedAt: number;
  readonly changedAt: number;
}

/** A path that was followed to its end. */
export interface PathFacts extends InodeFacts {
  /** Without any link in it, as on the host. */
  readonly real: string;
  /** The links on the way, each with its own ctime, which turning it sets. */
  readonly links: readonly { readonly path: string; readonly changedAt: number }[];
}

function describeInode(facts: BigIntStats): InodeFacts {
  const inode = `${facts.dev}:${facts.ino}`;
  return {
    inode,
    identity: `${inode}:${facts.size}:${facts.mtimeNs}:${facts.ctimeNs}`,
    size: Number(facts.size),
    isRegular: facts.isFile(),
    modifiedAt: Number(facts.mtimeNs) / 1e6,
    changedAt: Number(facts.ctimeNs) / 1e6,
  };
}

/** The inode that the kernel finds under a path. @throws file system errors */
export async function inspectInode(path: string): Promise<InodeFacts> {
  return describeInode(await stat(path, { bigint: true }));
}

/**
 * Follows a path of a host, link by link.
 *
 * @param resolve where a path of the host lies
 * @throws file system errors; ELOOP for a circle
 */
export async function inspectPath(resolve: (path: string) => string, path: string): Promise<PathFacts> {
  const links: { path: string; changedAt: number }[] = [];
  let folder = "/";
  let names = posix.normalize(`/${path}`).split("/").filter(Boolean);
  let facts = await lstat(resolve("/"), { bigint: true });
  while (names.length > 0) {
    const [name = "", ...rest] = names;
    const step = posix.join(folder, name);
    facts = await lstat(resolve(step), { bigint: true });
    if (!facts.isSymbolicLink()) {
      folder = step;
      names = rest;
      continue;
    }
    if (links.length === MAX_SYMLINKS) throw Object.assign(new Error("too many links"), { code: "ELOOP" });
    const target = posix.resolve(folder, await readlink(resolve(step)));
    links.push({ path: step, changedAt: Number(facts.ctimeNs) / 1e6 });
    names = posix
      .join(target, ...rest)
      .split("/")
      .filter(Boolean);
    folder = "/";
  }
  return { ...describeInode(facts), real: folder, links };
}

/** The bytes of a file that had the same identity before and after they were read. */
export interface FileDigest {
  /**
   * SHA-256 in hexadecimal; undefined for a file of more than MAX_DIGEST_BYTES or of another kind.
   */
  readonly digest: string | undefined;
  readonly identity: string;
}

/**
 * Digests a regular file's bytes.
 *
 * @returns undefined if it was written meanwhile, or the signal was aborted
 * @throws file system errors
 */
export async function digestFile(path: string, signal: AbortSignal): Promise<FileDigest | undefined> {
  // Opening a pipe or a device does something already.
  const there = await stat(path, { bigint: true });
  if (!there.isFile()) return { digest: undefined, identity: describeInode(there).identity };
  // O_NONBLOCK: what was put there since must not hold us up for ever.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    const before = await file.stat({ bigint: true });
    const { identity, size } = describeInode(before);
    if (!before.isFile() || size > MAX_DIGEST_BYTES) return { digest: undefined, identity };
    const digest = await digestHandle(file, signal);
    const after = describeInode(await file.stat({ bigint: true }));
    return digest === undefined || after.identity !== identity ? undefined : { digest, identity };
  } finally {
    await file.close();
  }
}

async function digestHandle(file: FileHandle, signal: AbortSignal): Promise<string | undefined> {
  const hash = createHash("sha256");
  const piece = Buffer.allocUnsafe(PIECE_BYTES);
  for (let total = 0; total <= MAX_DIGEST_BYTES; ) {
    if (signal.aborted) return undefined;
    const { bytesRead } = await file.read(piece, 0, piece.length, null);
    if (bytesRead === 0) return hash.digest("hex");
    hash.update(piece.subarray(0, bytesRead));
    total += bytesRead;
  }
  return undefined;
}
