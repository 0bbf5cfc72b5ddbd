// For tests: an Io that collects what a command writes, over folders that are gone when the test
// has ended.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { pino } from "pino";
import { onTestFinished } from "vitest";
import type { Io, Output } from "../cli/program/io.ts";
import { openTerminalWriter } from "../cli/terminal/terminal-text.ts";
import { NO_NOTICE } from "../cli/terminal/wait-notice.ts";
import { BUILT_IN_RULES } from "../questions/label-rule.ts";
import { compileLabels } from "../questions/labels.ts";
import { formatReportKey } from "../report/key.ts";
import { DEFAULT_WINDOW_MS } from "../report/limits.ts";
import { formatUpdateDate } from "../report/update-date.ts";
import { type Service, startService } from "../service/service.ts";
import { openStore } from "../store/open.ts";
import type { Store } from "../store/store.ts";
import { makeFolder } from "./temporary-folder.ts";

/** What the double's clock says: a second before the year ends in Greenwich. */
export const NOW = Date.UTC(2024, 11, 31, 14, 59, 59);

export interface IoDoubleOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Whether stdout is a terminal. */
  readonly isTerminal?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  readonly stdin?: string;
  /** What is answered to questions, in turn; without it nobody is there. */
  readonly answers?: readonly string[];
  /** Files by path below the working folder. */
  readonly files?: Readonly<Record<string, string>>;
  /** Called after each write to stdout, with all that was written. */
  readonly onStdout?: (text: string, io: IoDouble) => void;
}

export interface IoDouble extends Io {
  readonly folders: { readonly config: string; readonly data: string };
  /** All that was written to stdout. */
  out(): string;
  err(): string;
  /** As Ctrl-C does. */
  interrupt(): void;
  /** As SIGHUP does. */
  hangUp(): void;
}

/** Makes an Io whose configuration, data and working folder are empty. */
export async function makeIo(options: IoDoubleOptions = {}): Promise<IoDouble> {
  const { env = {}, isTerminal = false, columns, rows, stdin = "", files = {}, onStdout, answers } = options;
  const open = [...(answers ?? [])];
  const home = await makeFolder();
  const folders = { config: join(home, "config"), data: join(home, "data") };
  await mkdir(folders.config);
  const stop = new AbortController();
  const listeners = new Set<() => void>();
  const stdout = collect({ isTerminal, columns, rows }, (text) => onStdout?.(text, io));
  const stderr = collect({ isTerminal: false, columns: undefined, rows: undefined });
  const io: IoDouble = {
    stdout: stdout.output,
    stderr: stderr.output,
    waiting: NO_NOTICE,
    readStdin: async () => Buffer.from(stdin),
    ask:
      answers &&
      (async (question) => {
        await stderr.output.write(question);
        return open.shift() ?? "";
      }),
    env,
    cwd: await makeFolder(files),
    clock: () => NOW,
    folders,
    signal: stop.signal,
    onHangUp: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    out: stdout.read,
    err: stderr.read,
    interrupt: () => stop.abort(),
    hangUp: () => {
      for (const listener of listeners) listener();
    },
  };
  return io;
}

type Terminal = Pick<Output, "isTerminal" | "columns" | "rows">;

function collect(
  terminal: Terminal,
  onWrite?: (text: string) => void,
): { output: Output; read: () => string } {
  const chunks: Buffer[] = [];
  const read = (): string => Buffer.concat(chunks).toString("utf8");
  const writing = openTerminalWriter(terminal.isTerminal, async (text) => {
    chunks.push(Buffer.from(text));
    onWrite?.(read());
  });
  return { output: { ...terminal, ...writing }, read };
}

/** A folder store whose clock can be set, so that reports can be old. */
export async function makeStore(): Promise<{ store: Store; time: { now: number } }> {
  const time = { now: NOW };
  const store = await openStore(`file:${await makeFolder()}`, { clock: () => time.now });
  onTestFinished(() => store.close?.());
  return { store, time };
}

/** A server on loopback over the store at a URL. */
export async function startTestService(url: string): Promise<Service> {
  const clock = (): number => NOW;
  const service = await startService({
    store: await openStore(url, { clock }),
    listen: { host: "127.0.0.1", port: 0 },
    maxAgeMs: undefined,
    windowMs: DEFAULT_WINDOW_MS,
    labels: compileLabels(BUILT_IN_RULES),
    clock,
    log: pino({ level: "silent" }),
    version: "0.0.0-test",
  });
  onTestFinished(() => service.stop());
  return service;
}

/** Puts a report into a store. */
export async function putReport(
  store: Store,
  id: string,
  fields: object = {},
  updatedAt: number = NOW,
): Promise<void> {
  const report = { update_date: formatUpdateDate(updatedAt), instance_id: id, ...fields };
  await store.put(formatReportKey(id), Buffer.from(JSON.stringify(report)));
}
