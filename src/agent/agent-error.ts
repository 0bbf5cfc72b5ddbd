// Why this host cannot be looked at as it should.

import { CodedError } from "../report/coded-error.ts";

/**
 * `spec_unreadable`: the spec's file cannot be read. `spec_mistakes`: it has mistakes, which the
 * message shows each with line and column. `host_unknown`: the host cannot say who it is.
 */
export type AgentErrorCode = "spec_unreadable" | "spec_mistakes" | "host_unknown";

export class AgentError extends CodedError<AgentErrorCode> {
  override name = "AgentError";
}
