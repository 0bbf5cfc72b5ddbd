// Where a log's lines go: a place that may be full, gone or stand still, and must hold up nobody.
import { fstatSync, writeSync } from "node:fs";
import { isatty } from "node:tty";

/** Bytes that may wait for a reader that stands still; lines beyond it are dropped. */
const MAX_WAITING_LOG_BYTES = 1024 * 1024;

export interface LineSink {
  /**
   * Writes a line, its newline included. Never throws and never waits; a line that cannot be
   * written is dropped and counted.
   */
  write(line: string): void;
}

/**
 * Takes a text; `done` is called once, then or later, when it is out or cannot be written. It never
 * throws.
 */
export type WriteText = (text: string, done: (error?: NodeJS.ErrnoException | null) => void) => void;

export interface LineSinkOptions {
  readonly write: WriteText;
  /**
   * The line that tells of lines that were dropped: it is written before the next one that can be.
   */
  readonly describeLoss: (count: number, reason: string) => string;
}

/** Makes a sink. */
export function createLineSink({ write, describeLoss }: LineSinkOptions): LineSink {
  let waiting = 0;
  let lost = 0;
  let reason = "";

  return {
    write(line) {
      if (waiting > MAX_WAITING_LOG_BYTES) {
        lost++;
        reason = "its reader stands still";
        return;
      }
      const told = lost;
      const text = told > 0 ? describeLoss(told, reason) + line : line;
      lost = 0;
      waiting += text.length;
      write(text, (error) => {
        waiting -= text.length;
        if (!error) return;
        lost += told + 1;
        reason = error.code ?? error.message;
      });
    },
  };
}

/**
 * Finds the way to write to a file descriptor of the process that neither throws nor waits. @param
 * stream the same, as Node opened it
 */
export function openDescriptor(fd: number, stream: NodeJS.WritableStream): WriteText {
  return isStream(fd) ? writeTo(stream) : writeNow(fd);
}

/**
 * A terminal, pipe or socket waits for its reader; for those Node and Bun have a queue. Files and
 * devices take what they are given, or say no.
 */
function isStream(fd: number): boolean {
  try {
    const stats = fstatSync(fd);
    return isatty(fd) || stats.isFIFO() || stats.isSocket();
  } catch {
    // It is closed: each write will say so.
    return false;
  }
}

function writeTo(stream: NodeJS.WritableStream): WriteText {
  return (text, done) => {
    try {
      stream.write(text, done);
    } catch (error) {
      done(error as NodeJS.ErrnoException);
    }
  };
}

function writeNow(fd: number): WriteText {
  /** Whether the last line's end is missing: the disk was full in its middle. */
  let isTorn = false;
  return (text, done) => {
    const bytes = Buffer.from(isTorn ? `\n${text}` : text);
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(fd, bytes, written);
      isTorn = false;
      done();
    } catch (error) {
      isTorn ||= written > 0;
      done(error as NodeJS.ErrnoException);
    }
  };
}
