// How much a long-running command logs.

/** Levels that ROLLCALL_LOG_LEVEL may name. */
export const LOG_LEVELS = ["error", "warn", "info", "debug", "silent"] as const;
