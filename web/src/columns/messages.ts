// What the page and its worker say to each other. Small: of the table's rows only those that are
// seen.
import type { Facts } from "../api/answer.ts";
import type { FailureKind } from "../api/failure.ts";
import type { Choice } from "./chosen-hosts.ts";
import type { KnownName } from "./held-names.ts";
import type { TableQuestion } from "./table-source.ts";

/** Some lines of the list, from one of them to before another. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

export type Request =
  /** Brings the table up to date; another question begins another table. */
  | { readonly kind: "poll"; readonly key: string | undefined; readonly question: TableQuestion }
  /** Says which names there are. */
  | { readonly kind: "names"; readonly names: readonly KnownName[] }
  | { readonly kind: "choose"; readonly choice: Choice; readonly stretch: Stretch }
  | { readonly kind: "lines"; readonly stretch: Stretch }
  /** Values of a name of /v1/fields that have a text in them, those of most hosts first. */
  | {
      readonly kind: "values";
      readonly key: string | undefined;
      readonly name: string;
      readonly text: string;
      /** The instant that is looked at. */
      readonly at: string | undefined;
    }
  | ({ readonly kind: "write" } & FileWish);

/** The chosen hosts as a file. */
export interface FileWish {
  readonly format: "csv" | "json";
  /** In their order; AGE is among them. */
  readonly columns: readonly string[];
  /** Now by the store's clock, from which ages are counted; ms since the epoch. */
  readonly now: number;
}

export interface Numbered {
  readonly number: number;
  readonly request: Request;
}

/** A host as it is shown. */
export interface ShownHost {
  readonly id: string;
  readonly account: string;
  /** Seconds since the epoch, by the store's clock; undefined where it is not known yet. */
  readonly received: number | undefined;
  /** Seconds by which its clock is ahead. */
  readonly skew: number | undefined;
  /** A column each, in the order of the choice; long values are cut, and of very many the first. */
  readonly cells: readonly (readonly string[])[];
}

export interface ShownGroup {
  /** undefined: hosts that have no value there. */
  readonly value: string | undefined;
  readonly count: number;
  readonly isOpen: boolean;
}

export type ShownLine = { readonly host: ShownHost } | { readonly group: ShownGroup };

/** The lines from one on. */
export interface ShownLines {
  readonly from: number;
  readonly lines: readonly ShownLine[];
}

export interface ShownChoice extends ShownLines {
  /** Whether there is a table of these columns; else what is shown is none. */
  readonly isReady: boolean;
  /** Lines of the list, heads of groups among them. */
  readonly length: number;
  /** Hosts that are chosen, and those of the table. */
  readonly hosts: number;
  readonly total: number;
  /** Older than this a report is silent; s. */
  readonly windowSeconds: number | undefined;
  /** Why the filter asks for nothing. */
  readonly mistakes: readonly string[];
}

/** A value, and how many hosts have it. */
export interface HeldValue {
  readonly value: string;
  readonly hosts: number;
}

export interface Polled {
  readonly facts: Facts;
  readonly isNew: boolean;
  readonly etag: string | undefined;
}

/** What a request is answered with. */
export interface Responses {
  poll: Polled;
  names: undefined;
  choose: ShownChoice;
  lines: ShownLines;
  values: readonly HeldValue[];
  write: string;
}

/** A Failure as it travels. */
export interface SentFailure {
  readonly kind: FailureKind;
  readonly status: number;
  readonly detail: string | undefined;
  readonly code: string | undefined;
  readonly retryAfterMs: number | undefined;
}

export type Response =
  | { readonly number: number; readonly result: Responses[Request["kind"]] }
  | { readonly number: number; readonly failure: SentFailure }
  /** Another request of its kind has come since. */
  | { readonly number: number; readonly isOvertaken: true };
