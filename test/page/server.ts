// A server of the built program for the tests of the page: the demo fleet, or given reports in a
// folder.
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
export async function startWithReports(reports: readonly GivenReport[]): Promise<PageServer> {
  const { home, remove } = await makeHome();
  await writeReports(home, reports);
  const key = await makeKey(home, "read");
  const child = startProgram(["serve", "--store", "file:store", "--listen", "127.0.0.1:0"], { home });
  const [url] = await waitForOutput(child, /http:\/\/127\.0\.0\.1:\d+/);
  return { url, key, home, child, close: () => closeServer(child, remove) };
}

/** Puts reports into the folder, as hosts do. */
export async function writeReports(home: string, reports: readonly GivenReport[]): Promise<void> {
  const folder = join(home, "store/reports/v1/local");
  await mkdir(folder, { recursive: true });
  const update_date = new Date().toISOString();
  for (const [index, given] of reports.entries()) {
    const report = { update_date, instance_id: `i-${String(index).padStart(5, "0")}`, ...given };
    await writeFile(join(folder, `${report.instance_id}.json`), JSON.stringify(report));
  }
}

/** Makes a key in the server's store. @returns its secret */
export async function makeKey(home: string, scope: string): Promise<string> {
  const made = await run(["keys", "create", "--store", "file:store", "--scope", scope], { home });
  if (made.code !== 0) throw new Error(made.stderr);
  return made.stdout.trim();
}

async function closeServer(child: ChildProcess, remove: () => Promise<void>): Promise<void> {
  await stop(child, "SIGTERM");
  await remove();
}
