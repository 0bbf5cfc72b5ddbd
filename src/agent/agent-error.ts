// Why this host cannot be looked at as it should.

/**
 * `spec_unreadable`: the spec's file cannot be read. `spec_mistakes`: it has mistakes, which the
 * message shows each with line and column. `host_unknown`: the host cannot say who it is.
 */
export type AgentErrorCode = "spec_unreadable" | "spec_mistakes" | "host_unknown";

/** The message is for people, and says what to do. */
export class AgentError extends Error {
  override name = "AgentError";
  readonly code: AgentErrorCode;

  constructor(code: AgentErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
