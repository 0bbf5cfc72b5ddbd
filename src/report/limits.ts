// Every bound on a report, stated once. Bytes are bytes of UTF-8, times are milliseconds.

/**
 * Largest report, in bytes. A usual one is under 1 KB; one host with hundreds of modules stays
 * under 100 KB.
 */
export const MAX_REPORT_BYTES = 1024 * 1024;

/** Deepest nesting of objects and arrays in a report; the report itself is level 1. */
export const MAX_REPORT_DEPTH = 32;

/**
 * Most members of one object, and most members and elements of a report in all. Programs make
 * tables of names whose hashing may be foreseen (CVE-2026-21717 of Node before 20.20.2: one report
 * of 1 MB took 17 s), so that no reader should have to make a larger one. The list of all packages
 * of a large desktop, some 6,000, is below it.
 */
export const MAX_OBJECT_MEMBERS = 10_000;
export const MAX_REPORT_VALUES = 100_000;

/**
 * Longest host id. S3 keys end at 1,024 bytes and file names at 255, and a key holds an account and
 * a writer too.
 */
export const MAX_HOST_ID_LENGTH = 128;

/** A report received at most this long ago is fresh, unless the question says otherwise. */
export const DEFAULT_WINDOW_MS = 2 * 60 * 60 * 1000;

/** A report received longer ago than this is gone: the store removes it, and no answer shows it. */
export const EXPIRY_MS = 24 * 60 * 60 * 1000;

/**
 * How far the store's clock may run ahead of the reader's before a report is set aside as
 * future-dated.
 */
export const RECEIPT_TOLERANCE_MS = 5 * 60 * 1000;
