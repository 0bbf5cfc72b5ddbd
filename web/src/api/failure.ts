// Why a question got no answer, as data: the shell puts it into the reader's words.

/** What went wrong. */
export type FailureKind =
  /** No connection, or one that was cut before the answer's head. */
  | "unreachable"
  /** Something between the page and Rollcall answered: a proxy's page, a sign-in. */
  | "not_ours"
  /** The body was cut off, or is no JSON. */
  | "unreadable"
  /** The key does not work, or nobody is signed in. */
  | "signed_out"
  /** Rollcall said what is wrong, in `detail`. */
  | "refused";

/** The code of what was not recorded: asking again is of no use. */
export const UNTOLD = "cannot_be_told";

export class Failure extends Error {
  override name = "Failure";
  readonly kind: FailureKind;
  /** The HTTP status; 0 where there was none. */
  readonly status: number;
  /** What Rollcall said, in English. */
  readonly detail: string | undefined;
  /** Rollcall's name of the error (docs/api.md): `cannot_be_told`. */
  readonly code: string | undefined;
  /** When to come again; ms. */
  readonly retryAfterMs: number | undefined;

  constructor(
    kind: FailureKind,
    {
      status = 0,
      detail,
      code,
      retryAfterMs,
    }: {
      readonly status?: number | undefined;
      readonly detail?: string | undefined;
      readonly code?: string | undefined;
      readonly retryAfterMs?: number | undefined;
    } = {},
  ) {
    super(detail ?? kind);
    this.kind = kind;
    this.status = status;
    this.detail = detail;
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}
