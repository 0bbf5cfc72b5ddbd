// A change: what differs between two consecutive reports of one host, as history keeps it.

/**
 * Kinds of changes.
 *
 * - `changed`: a field has another value.
 * - `arrived`: the host was not in the roll, and is. `departed`: it left. `expired`: it said
 *   nothing for a day. `removed`: its report was taken out of the store.
 * - `set_aside`: its report does not count any more, for the reason in `after`. `restored`: it
 *   counts again.
 * - `restart_pending`, `restarted`: a process's state became so, and is `running` again.
 * - `silent`, `returned`: no report within the window, and one again. They are never stored: they
 * follow from receipts and from the window that is asked for.
 */
export const CHANGE_KINDS = [
  "changed",
  "arrived",
  "departed",
  "expired",
  "removed",
  "set_aside",
  "restored",
  "restart_pending",
  "restarted",
  "silent",
  "returned",
] as const;

export type ChangeKind = (typeof CHANGE_KINDS)[number];

/** One difference. */
export interface Change {
  /** Number of the log's entry that has it. */
  readonly entry: number;
  /**
   * The recorder's instant; ms since the epoch. Of `silent` and `returned`: when the host fell
   * silent, or came back.
   */
  readonly at: number;
  /**
   * When the store received the report that shows it; of a host that went, its last. ms since the
   * epoch
   */
  readonly receivedAt: number;
  readonly account: string;
  /** The host's id. */
  readonly host: string;
  /** Of its report. */
  readonly key: string;
  readonly instanceName: string | null;
  /** Several values of one label are joined by `,`. */
  readonly labels: Readonly<Record<string, string>>;
  readonly kind: ChangeKind;
  /**
   * Where in the report, as fields are written elsewhere, with the places of array elements from 0:
   * `processes.1.module_A_filename`. `""` where the change is no field's.
   */
  readonly field: string;
  /** The value's text: of a string its characters, else its JSON; null where there is none. */
  readonly before: string | null;
  readonly after: string | null;
  /** Set where a text was cut to MAX_CHANGE_TEXT characters, or the field's name. */
  readonly cut?: true;
}

/** Characters kept of a value, and of a field's name. */
export const MAX_CHANGE_TEXT = 1024;

/** Changes kept of one report, and of one entry; what is beyond them is counted. */
export const MAX_REPORT_CHANGES = 200;
export const MAX_ENTRY_CHANGES = 200_000;

/** Characters of all changes of one entry. */
export const MAX_ENTRY_CHANGE_TEXT = 16 * 1024 * 1024;
