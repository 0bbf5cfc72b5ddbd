// The program's version, put in at build time (scripts/build.mjs).

declare const ROLLCALL_VERSION: string | undefined;

/** Such as `0.1.0`; `0.0.0-dev` where nothing was built. */
export const VERSION = typeof ROLLCALL_VERSION === "string" ? ROLLCALL_VERSION : "0.0.0-dev";
