// A setting's value with where it came from.

/** Highest first. */
const LEVELS = ["flag", "environment", "config"] as const;

/** Where a value came from, for messages. */
export interface SourcedValue {
  readonly value: string;
  readonly level: (typeof LEVELS)[number];
  /** As its user knows it: `--store`, `ROLLCALL_STORE`, or the file's path and key. */
  readonly name: string;
}

/** Whether one was named at a higher level than the other. */
export function isNearer(one: SourcedValue, other: SourcedValue): boolean {
  return LEVELS.indexOf(one.level) < LEVELS.indexOf(other.level);
}
