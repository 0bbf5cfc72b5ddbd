// Why a server, or the store of a host's reports, did not do what it was asked to.

import { CodedError } from "../report/coded-error.ts";

/**
 * `refused`: the server has answered, and will answer the same to the same request. `busy`: it
 * cannot now. `unreachable`: nothing has answered. `store`: the store says why. `not_enrolled`:
 * this host has no key, nor a way to get one. `not_rollcall`: what has answered is no Rollcall
 * server.
 */
export type RemoteErrorCode = "refused" | "busy" | "unreachable" | "store" | "not_enrolled" | "not_rollcall";

/** The message is for people: one line, or what a server itself explained. */
export class RemoteError extends CodedError<RemoteErrorCode> {
  override name = "RemoteError";
  /** How long whoever answered asks to be left alone; ms. Undefined where nobody does. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: RemoteErrorCode,
    message: string,
    { retryAfterMs, ...options }: ErrorOptions & { readonly retryAfterMs?: number | undefined } = {},
  ) {
    super(code, message, options);
    this.retryAfterMs = retryAfterMs;
  }
}

/** The server has answered, and will answer the same to the same request. */
export class ServerRefusal extends RemoteError {
  override name = "ServerRefusal";
  readonly status: number;

  constructor(message: string, status: number) {
    super("refused", message);
    this.status = status;
  }
}
