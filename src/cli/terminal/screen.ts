// A screen that is looked at again and again: drawn anew each time, cut to what fits; a failure is
// shown and tried again.
import { Writable } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";
import stringWidth from "string-width";
import { sanitizeLines } from "../../report/safe-text.ts";
import { UsageError } from "../program/failure.ts";
import type { Io } from "../program/io.ts";
import { sanitizeStyled } from "./terminal-text.ts";

/** What one look gives. */
export interface ScreenContent {
  /** A table, its headings first; those that do not fit the terminal are counted. */
  readonly lines: readonly string[];
  /** What stands below it, always whole. */
  readonly notes: readonly string[];
}

/** Writes a look once: the table to stdout, the rest to stderr. */
export async function writeContent({ lines, notes }: ScreenContent, { stdout, stderr }: Io): Promise<void> {
  if (lines.length > 0) await stdout.writeStyled(`${lines.join("\n")}\n`);
  if (notes.length > 0) await stderr.write(`${notes.join("\n")}\n`);
}

/** Works again and again until the signal aborts. @param seconds between two times */
export async function repeatOnScreen(
  work: () => Promise<void>,
  seconds: number,
  { signal }: Pick<Io, "signal">,
): Promise<void> {
  while (!signal.aborted) {
    await work();
    // Ends early, and quietly, on Ctrl-C.
    await wait(seconds * 1000, undefined, { signal }).catch(() => undefined);
  }
}

/**
 * Looks again and again until the signal aborts: on a terminal's screen, or one look below the
 * other where there is no terminal, or one that moves no cursor (TERM=dumb: Emacs' shell, logs of
 * builds). @throws UsageError for a question that no time will mend
 */
export async function watchContent(
  look: () => Promise<ScreenContent>,
  seconds: number,
  io: Io,
): Promise<void> {
  if (!io.stdout.isTerminal)
    return await repeatOnScreen(async () => writeContent(await look(), io), seconds, io);
  const lookOn = () => lookOrTell(look, io);
  if (io.env.TERM === "dumb")
    return await repeatOnScreen(async () => writeContent(await lookOn(), io), seconds, io);
  const screen = await openScreen(io);
  try {
    await repeatOnScreen(async () => screen.draw(fitScreen(await lookOn(), io)), seconds, io);
  } finally {
    screen.close();
  }
}

/**
 * Follows until the signal aborts: what each look has that is new, below what was before. The first
 * one has headings and notes. @throws UsageError for a question that no time will mend
 */
export async function followContent(
  look: () => Promise<ScreenContent>,
  seconds: number,
  io: Io,
): Promise<void> {
  let isFirst = true;
  const write = async () => {
    const { lines, notes } = await look();
    if (isFirst) await writeContent({ lines, notes }, io);
    else await writeContent({ lines: lines.slice(1), notes: [] }, io);
    isFirst = false;
  };
  const tellFailure = async (error: unknown) => {
    if (io.signal.aborted) return;
    if (error instanceof UsageError || isFirst) throw error;
    const message = error instanceof Error ? error.message : String(error);
    await io.stderr.write(`${sanitizeLines(message)} (trying again)\n`);
  };
  await repeatOnScreen(() => write().catch(tellFailure), seconds, io);
}

/** A terminal that says nothing of its height. */
const USUAL_ROWS = 24;

/** A look; a failure that may pass is what is seen. @throws UsageError */
async function lookOrTell(
  look: () => Promise<ScreenContent>,
  { signal }: Pick<Io, "signal">,
): Promise<ScreenContent> {
  try {
    return await look();
  } catch (error) {
    if (signal.aborted) return { lines: [], notes: [] };
    if (error instanceof UsageError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    return { lines: [], notes: [`${sanitizeLines(message)} (trying again)`] };
  }
}

function fitScreen({ lines, notes }: ScreenContent, { stdout }: Pick<Io, "stdout">): string {
  const columns = stdout.columns ?? Number.POSITIVE_INFINITY;
  const height = notes.reduce((sum, note) => sum + Math.max(1, Math.ceil(stringWidth(note) / columns)), 0);
  // Below stand how many more lines there are, and the cursor.
  const room = Math.max(2, (stdout.rows ?? USUAL_ROWS) - height - 2);
  const shown = lines.slice(0, room);
  if (lines.length > shown.length) shown.push(`… and ${lines.length - shown.length} more lines`);
  return [...shown, ...notes].join("\n");
}

async function openScreen({ stdout }: Io): Promise<{ draw: (text: string) => void; close: () => void }> {
  const { createLogUpdate } = await import("log-update");
  const stream = new Writable({
    decodeStrings: false,
    write: (text: string, _encoding, done) => void stdout.command(text).then(() => done(), done),
  });
  const logUpdate = createLogUpdate(
    Object.defineProperties(stream, {
      isTTY: { value: true },
      columns: { get: () => stdout.columns },
      rows: { get: () => stdout.rows },
    }),
  );
  return { draw: (text) => logUpdate(sanitizeStyled(text)), close: () => logUpdate.done() };
}
