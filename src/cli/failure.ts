// What a command throws to end with one line on stderr.

/** The command was called wrongly: exit status 2. The message says what to write instead. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** The command could not do its work: exit status 1. The message says what to do. */
export class CommandError extends Error {
  override name = "CommandError";
}
