// The end of the process: within a bound, also where a file system or a name server never answers.
import { setTimeout as wait } from "node:timers/promises";

/**
 * When a process that was told to stop ends though not everything has. Longer than what a server
 * gives itself; ms.
 */
export const STOP_LIMIT_MS = 17_000;

/** How long work of the thread pool may take to end; ms. */
const POOL_MS = 1000;
const LOOK_EVERY_MS = 20;

/**
 * What Node does on threads of its pool, by the names of process.getActiveResourcesInfo(): calls to
 * file systems, and to the resolver of names.
 */
const POOL_WORK: readonly string[] = [
  "FSReqCallback",
  "FSReqPromise",
  "FileHandleCloseReq",
  "GetAddrInfoReqWrap",
];

/** Ends the process. @param tell writes a last line to stderr */
export async function endProcess(
  code: number | string,
  tell: (text: string) => Promise<void>,
): Promise<never> {
  if (await hangs()) {
    await tell("rollcall: a file system or a name server does not answer; ended without it\n");
    // process.exit waits for the pool's threads, and so for ever: a network file system whose
    // server is gone gives a thread back never.
    process.kill(process.pid, "SIGKILL");
  }
  return process.exit(code);
}

/** Whether work of the pool goes on that does not end. */
async function hangs(): Promise<boolean> {
  for (let waited = 0; waited < POOL_MS; waited += LOOK_EVERY_MS) {
    if (!process.getActiveResourcesInfo().some((name) => POOL_WORK.includes(name))) return false;
    await wait(LOOK_EVERY_MS);
  }
  return true;
}
