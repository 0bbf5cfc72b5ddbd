// Why a report was set aside: the reasons, and the record shown under /v1/problems.

/** Every reason for which a report is left out of the roll. */
export const PROBLEM_REASONS = {
  unreadable: "the store could not read this object, and could read others",
  empty: "the object has no bytes",
  too_large: "the report is larger than the limit",
  not_utf8: "the bytes are not UTF-8",
  not_json: "the bytes are not JSON",
  not_object: "the JSON is not an object",
  too_deep: "objects and arrays are nested deeper than the limit",
  too_many_values: "one object has more members than the limit, or the report more values",
  duplicate_key: "one object has the same key twice",
  forbidden_key: "a key is __proto__",
  forbidden_character: "a string holds a NUL or half a surrogate pair",
  missing_field: "a required field is absent or is not a string",
  bad_update_date: "update_date is not an ISO 8601 date and time with an offset",
  bad_rollcall: "the key rollcall, which is Rollcall's own, does not have its form",
  misfiled: "instance_id is not the host id that the key names",
  bad_key: "the key is not one that a host may write",
  future_dated: "the store received it in the future by the reader's clock",
  superseded: "the same host has a newer report under another key",
  over_limit: "a key has written what it may, and this host's report was refused",
  backdated: "not left out: it was made hours before the store received it, by its host's clock",
  clone: "a second machine claims the id of a host",
} as const;

export type ProblemReason = keyof typeof PROBLEM_REASONS;

/** A report that was set aside. */
export interface Problem {
  /** Where the report lies in the store; cut to 1,024 characters. */
  readonly key: string;
  /** The store's URL, where several are read. */
  readonly store?: string;
  readonly reason: ProblemReason;
  /** One sentence: what is wrong, and where in the report. */
  readonly detail: string;
  /** When the store received it, milliseconds since the epoch. */
  readonly receivedAt: number;
  /** Bytes. */
  readonly size: number;
}

/** What is wrong with one report's bytes. */
export interface Rejection {
  readonly reason: ProblemReason;
  readonly detail: string;
}
