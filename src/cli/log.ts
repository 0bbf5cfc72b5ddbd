// The log of a long-running command: JSON lines on stderr, readable text where stderr is a terminal.
import { type Logger, pino } from "pino";
import { CommandError, UsageError } from "./failure.ts";
import { LOG_LEVELS } from "./log-level.ts";

/** Opens the log on stderr. @throws UsageError if there is no such level */
export async function openLog(level: string, isTerminal: boolean): Promise<Logger> {
  if (!(LOG_LEVELS as readonly string[]).includes(level))
    throw new UsageError(`ROLLCALL_LOG_LEVEL should be one of ${LOG_LEVELS.join(", ")}`);
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, serializers: { err: describeError } };
  if (!isTerminal) return pino(options, pino.destination({ dest: 2, sync: true }));
  const { default: pretty } = await import("pino-pretty");
  return pino(options, pretty({ destination: 2, sync: true, translateTime: "SYS:HH:MM:ss" }));
}

/** What went wrong outside needs no stack: an agent whose store is away for a day would fill the journal with them. */
function describeError(error: unknown): unknown {
  if (error instanceof CommandError) return { type: error.name, message: error.message };
  return error instanceof Error ? pino.stdSerializers.err(error) : error;
}
