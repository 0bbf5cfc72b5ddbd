// What a collector gives: fields, what it could not read, and where the host runs.
import type { NamedCredential } from "./named-credentials.ts";
import type { JsonValue } from "./value.ts";

/** Something that a collector could not read. */
export interface Unread {
  /** The field, or the file, as the spec's writer knows it. */
  readonly what: string;
  /**
   * One sentence without the content of any file: a report is read by more people than a
   * configuration file is.
   */
  readonly reason: string;
  /** It is unread because a search had a time of its own, and that ended. */
  readonly isLate?: true;
}

/** What could not be read, as the host's files say it. */
export function toUnread(
  what: string,
  { reason, isLate }: { readonly reason: string; readonly isLate?: true },
): Unread {
  return { what, reason, ...(isLate && { isLate }) };
}

/**
 * What a collector found. Nothing there is no failure: it gives no field, or an empty array, and
 * `unread` stays empty.
 */
export interface Collected {
  /** In the order of the spec. Each value has passed checkValue. */
  readonly fields: ReadonlyArray<readonly [name: string, value: JsonValue]>;
  readonly unread: readonly Unread[];
  /** Which values the host itself calls credentials, whatever the report's field is called. */
  readonly named?: readonly NamedCredential[];
  /** Where the host runs; only the host collector knows. */
  readonly origin?: Origin;
}

/** Where in AWS a host runs, from its identity document. */
export interface Origin {
  /** AWS account id, 12 digits. */
  readonly account?: string;
  /** AWS region, like ap-northeast-1. */
  readonly region?: string;
}
