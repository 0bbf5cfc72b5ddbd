// The log of a long-running command: JSON lines on stderr, readable text where stderr is a
// terminal.
import { type Logger, pino } from "pino";
import { sanitizeLine, sanitizeLines } from "../../report/safe-text.ts";
import { StoreError } from "../../store/store.ts";
import { LOG_LEVELS } from "../settings/log-level.ts";
import { isExplained, isRefusalOfSystem, UsageError } from "./failure.ts";
import { createLineSink, openDescriptor, type WriteText } from "./line-sink.ts";

const STDERR = 2;

/**
 * Opens the log on stderr. It throws at nobody and holds nobody up: while stderr cannot be written,
 * lines are dropped, and the first that can be again comes after one that says how many.
 *
 * @throws UsageError if there is no such level
 */
export async function openLog(level: string, isTerminal: boolean): Promise<Logger> {
  const show = isTerminal ? await openPretty() : (line: string) => line;
  return createLog(level, openDescriptor(STDERR, process.stderr), show);
}

/** Makes the log that openLog opens. @param show turns a line of JSON into what is written */
export function createLog(
  level: string,
  write: WriteText,
  show: (line: string) => string = (line) => line,
): Logger {
  if (!(LOG_LEVELS as readonly string[]).includes(level))
    throw new UsageError(`ROLLCALL_LOG_LEVEL should be one of ${LOG_LEVELS.join(", ")}`);
  const describeLoss = (dropped: number, reason: string) => {
    const msg = `${dropped} log lines could not be written`;
    const time = new Date().toISOString();
    return show(`${JSON.stringify({ level: pino.levels.values.warn, time, dropped, reason, msg })}\n`);
  };
  const sink = createLineSink({ write, describeLoss });
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: describeError },
  };
  return pino(options, { write: (line) => sink.write(show(line)) });
}

/** Makes what turns an entry into readable text for a terminal, harmless whatever it holds. */
export async function openPretty(): Promise<(line: string) => string> {
  const { prettyFactory } = await import("pino-pretty");
  const format = prettyFactory({ translateTime: "SYS:HH:MM:ss" });
  return (line) => format(sanitizeEntry(JSON.parse(line)) as object);
}

/** Makes every name and value of an entry harmless to a terminal; a stack keeps its lines. */
function sanitizeEntry(value: unknown, name?: string): unknown {
  if (typeof value === "string") return name === "stack" ? sanitizeLines(value) : sanitizeLine(value);
  if (Array.isArray(value)) return value.map((one) => sanitizeEntry(one));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [sanitizeLine(key), sanitizeEntry(one, key)]),
  );
}

/**
 * What went wrong outside needs no stack: an agent whose store is away for a day would fill the
 * journal with them.
 */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const isOutside = error instanceof StoreError || isExplained(error) || isRefusalOfSystem(error);
  return isOutside ? { type: error.name, message: error.message } : pino.stdSerializers.err(error);
}
