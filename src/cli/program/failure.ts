// What a command throws to end with one line on stderr, and which errors of the parts below are as
// good.
import { AgentError } from "../../agent/agent-error.ts";
import { RemoteError } from "../../remote/remote-error.ts";
import { ServiceError } from "../../service/service-error.ts";
import { StoreError } from "../../store/store.ts";

/** The command was called wrongly: exit status 2. The message says what to write instead. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** The command could not do its work: exit status 1. The message says what to do. */
export class CommandError extends Error {
  override name = "CommandError";
}

const EXPLAINED = [CommandError, AgentError, RemoteError, ServiceError];

/** Whether an error tells people of the world outside, in words that are enough without a stack. */
export function isExplained(error: unknown): error is Error {
  return EXPLAINED.some((kind) => error instanceof kind);
}

/** Whether the system refused something (a full disk, a file that may not be read), and says so. */
export function isRefusalOfSystem(error: unknown): boolean {
  const { syscall } = (error ?? {}) as NodeJS.ErrnoException;
  return typeof syscall === "string";
}

/**
 * What nobody foresaw, in one line. What the system refused says itself what it is.
 */
function describeUnexpected(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const line = message.replace(/\s+/g, " ").trim();
  if (isRefusalOfSystem(error)) return line;
  const name = error instanceof Error && error.name !== "Error" ? `${error.name}: ` : "";
  return (
    `${name}${line}; this is a bug in Rollcall: please report it with what ` +
    "ROLLCALL_DEBUG=1 adds to this line"
  );
}

/**
 * What the program says in its one line of a failure, and the status that it ends with: 1 failed, 2
 * called wrongly.
 */
export function describeFailure(error: unknown): { readonly message: string; readonly status: 1 | 2 } {
  const isExpected = isExplained(error) || error instanceof UsageError || error instanceof StoreError;
  return {
    message: isExpected ? (error as Error).message : describeUnexpected(error),
    status: error instanceof UsageError ? 2 : 1,
  };
}
