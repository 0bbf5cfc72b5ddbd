// A server of the built program for the tests of the page: the demo fleet, or given reports in a
// store.
import type { ChildProcess } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeHome, run, startProgram, stop, waitForOutput } from "../program.ts";

export interface PageServer {
  /** `http://127.0.0.1:PORT`, without a slash at its end. */
  readonly url: string;
  /** A key that reads. */
  readonly key: string;
  readonly home: string;
  readonly child: ChildProcess;
  /** Ends the server, and removes what it kept. */
  close(): Promise<void>;
}

/** Starts the demo fleet; the page opens there without a key being pasted. */
export async function startDemo(hosts = 500): Promise<PageServer> {
  const { home, remove } = await makeHome();
  const child = startProgram(["start", "--demo", String(hosts), "--listen", "127.0.0.1:0"], { home });
  const [, key = "", url = ""] = await waitForOutput(
    child,
    /x-api-key: (rc_\S+)" (http:\/\/127\.0\.0\.1:\d+)\/v1\/reports/,
  );
  return { url, key, home, child, close: () => closeServer(child, remove) };
}

/** A report: what a host says of itself, its id and the time are added where they are missing. */
export type GivenReport = Readonly<Record<string, unknown>>;

/** Starts a server over a folder with these reports. Who looks at its page needs the key. */
export async function startWithReports(
  reports: readonly GivenReport[],
): Promise<PageServer & { report(report: GivenReport): Promise<void> }> {
  const served = await startOver("file:store", {}, (home) => writeReports(home, reports));
  return { ...served, report: (report) => writeReports(served.home, [report]) };
}

/**
 * Starts a server over any store.
 *
 * @param env what opens it
 * @param prepare called with the server's home before it starts
 */
export async function startOver(
  store: string,
  env: Readonly<Record<string, string>>,
  prepare?: (home: string) => Promise<void>,
): Promise<PageServer> {
  const { home, remove } = await makeHome();
  await prepare?.(home);
  const key = await makeKey(home, "read", { store, env });
  const child = startProgram(["serve", "--store", store, "--listen", "127.0.0.1:0"], { home, env });
  const [url] = await waitForOutput(child, /http:\/\/127\.0\.0\.1:\d+/);
  return { url, key, home, child, close: () => closeServer(child, remove) };
}

/** Reports as they lie in a store: key and bytes. */
export function toObjects(reports: readonly GivenReport[]): (readonly [key: string, body: string])[] {
  const update_date = new Date().toISOString();
  return reports.map((given, index) => {
    const report = { update_date, instance_id: `i-${String(index).padStart(5, "0")}`, ...given };
    return [`reports/v1/local/${report.instance_id}.json`, JSON.stringify(report)] as const;
  });
}

/** Puts reports into the folder, as hosts do. */
export async function writeReports(home: string, reports: readonly GivenReport[]): Promise<void> {
  await mkdir(join(home, "store/reports/v1/local"), { recursive: true });
  for (const [key, body] of toObjects(reports)) await writeFile(join(home, "store", key), body);
}

/** Makes a key in the server's store. @returns its secret */
export async function makeKey(
  home: string,
  scope: string,
  { store = "file:store", env = {} }: { store?: string; env?: Readonly<Record<string, string>> } = {},
): Promise<string> {
  const made = await run(["keys", "create", "--store", store, "--scope", scope], { home, env });
  if (made.code !== 0) throw new Error(made.stderr);
  return made.stdout.trim();
}

async function closeServer(child: ChildProcess, remove: () => Promise<void>): Promise<void> {
  await stop(child, "SIGTERM");
  await remove();
}
