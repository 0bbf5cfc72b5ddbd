// Why a host's file gave nothing, and a file system's errors in those words.

/** Why a file gave nothing. `absent`: there is no such file. */
export interface Unreadable {
  readonly unreadable: "absent" | "refused";
  readonly reason: string;
  /** The time for it ended, and may have been too short. */
  readonly isLate?: true;
}

export function refuse(reason: string, { isLate }: { isLate?: true } = {}): Unreadable {
  return { unreadable: "refused", reason, ...(isLate && { isLate }) };
}

/** A file system error in words; anything else is a bug and goes on. */
export function toUnreadable(error: unknown): Unreadable {
  const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
    // What /proc says of a process that has ended while it was read.
    case "ESRCH":
      return { unreadable: "absent", reason: "there is no such file" };
    case "EACCES":
    case "EPERM":
      return refuse("may not be read by this user");
    case "EINVAL":
      return refuse("is no link");
    case "ENXIO":
      return refuse("is not a regular file");
    case "ELOOP":
      return refuse("is a link that leads in a circle");
    case undefined:
      throw error;
    case "EMFILE":
    case "ENFILE":
      return refuse(`cannot be read: too many files are open (${code}); raise the limit (LimitNOFILE=)`);
    default:
      return refuse(`cannot be read: ${code}`);
  }
}
