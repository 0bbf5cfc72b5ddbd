// Where an attack is run: servers of the built program, how they bear it, what was tried and what
// was wrong.
import { type ChildProcess, execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import { makeHome, run, startProgram, stop, waitForOutput } from "../../program.ts";
import type { S3Server } from "../../s3/server.ts";

const runTool = promisify(execFile);

/** How often a server is looked at; ms. */
const LOOK_EVERY_MS = 250;
/** Messages of what is wrong that are kept of an attack. */
const MAX_WRONG = 20;

export type TestedS3 = Omit<S3Server, "stop">;

export interface Server {
  readonly url: string;
  readonly port: number;
  readonly child: ChildProcess;
}

/** How one attack went. */
export interface Figures {
  readonly tries: number;
  readonly seconds: number;
  /** What came of the tries, such as `2xx`, and how often. */
  readonly counts: ReadonlyMap<string, number>;
  /** Most memory of a server at a time; bytes. */
  readonly maxRss: number;
  /** The slowest answer of `/healthz`; ms, as curl measured it in a process of its own. */
  readonly worstHealthMs: number;
  readonly wrong: readonly string[];
}

export interface Arena {
  readonly home: string;
  /** From 0 to 1; the same for the same seed. */
  readonly random: () => number;
  /** Counts a try. @returns whether there is to be one */
  goOn(): boolean;
  count(what: string, by?: number): void;
  /** What must not be. */
  wrong(what: string): void;
  /** The tests' S3 server. @throws Error where there is none */
  readonly s3: TestedS3;
  /** Starts a server that is looked at until it ends. @param store `file:store` by default */
  serve(options?: {
    readonly store?: string;
    readonly args?: readonly string[];
    readonly isWatched?: boolean;
  }): Promise<Server>;
  makeKey(scope: string, more?: readonly string[], store?: string): Promise<string>;
  /**
   * Asks and reads the answer. Counts its class; 0 where the connection failed. @param counted as
   * what, else by its class
   */
  ask(
    url: string,
    init: RequestInit & { readonly key?: string },
  ): Promise<{ readonly status: number; readonly body: Buffer }>;
}

export interface ArenaOptions {
  readonly random: () => number;
  /** Tries at most. */
  readonly tries: number;
  /** ms at most. */
  readonly ms: number;
  readonly s3?: TestedS3 | undefined;
}

/**
 * Runs in an arena of its own, and takes it down. @returns how it went; what is thrown is wrong as
 * well
 */
export async function runInArena(
  work: (arena: Arena) => Promise<void>,
  options: ArenaOptions,
): Promise<Figures> {
  const { home, remove } = await makeHome();
  /** When the first try was asked for: what is made ready before takes nothing of its time. */
  let began: number | undefined;
  const counts = new Map<string, number>();
  const wrong: string[] = [];
  const children: ChildProcess[] = [];
  const watches: Promise<void>[] = [];
  let [tries, maxRss, worstHealthMs] = [0, 0, 0];
  let isOver = false;
  /** Credentials of the S3 server, for programs over it. */
  const env: Record<string, string> = options.s3
    ? {
        AWS_ACCESS_KEY_ID: options.s3.user.accessKeyId,
        AWS_SECRET_ACCESS_KEY: options.s3.user.secretAccessKey,
      }
    : {};
  const count = (what: string, by = 1) => void counts.set(what, (counts.get(what) ?? 0) + by);
  const tell = (what: string) => void (wrong.length < MAX_WRONG && wrong.push(what));

  async function watch({ child, url }: Server): Promise<void> {
    while (!isOver && child.exitCode === null && child.signalCode === null) {
      maxRss = Math.max(maxRss, await readRss(child.pid));
      const ms = await timeHealth(url);
      if (ms !== undefined) worstHealthMs = Math.max(worstHealthMs, ms);
      await wait(LOOK_EVERY_MS);
    }
  }

  const arena: Arena = {
    home,
    random: options.random,
    goOn() {
      began ??= performance.now();
      if (
        isOver ||
        tries >= options.tries ||
        performance.now() - began >= options.ms ||
        wrong.length >= MAX_WRONG
      )
        return false;
      tries++;
      return true;
    },
    count,
    wrong: tell,
    get s3() {
      if (!options.s3) throw new Error("this attack needs the S3 server");
      return options.s3;
    },
    async serve({ store = "file:store", args = [], isWatched = true } = {}) {
      const child = startProgram(["serve", "--store", store, "--listen", "127.0.0.1:0", ...args], {
        home,
        env,
      });
      children.push(child);
      const [url, port] = await waitForOutput(child, /http:\/\/127\.0\.0\.1:(\d+)/);
      const server = { url, port: Number(port), child };
      if (isWatched) watches.push(watch(server));
      return server;
    },
    async makeKey(scope, more = [], store = "file:store") {
      const { stdout, stderr, code } = await run(
        ["keys", "create", "--store", store, "--scope", scope, ...more],
        { home, env },
      );
      if (code !== 0) throw new Error(stderr);
      return stdout.trim();
    },
    async ask(url, { key, ...init }) {
      try {
        const headers = {
          ...(key !== undefined && { "x-api-key": key }),
          ...(init.headers as Record<string, string>),
        };
        const response = await fetch(url, { ...init, headers });
        const body = Buffer.from(await response.arrayBuffer());
        count(`${Math.floor(response.status / 100)}xx`);
        return { status: response.status, body };
      } catch {
        count("cut off");
        return { status: 0, body: Buffer.alloc(0) };
      }
    },
  };
  try {
    await work(arena).catch((error: unknown) =>
      tell(error instanceof Error ? (error.stack ?? error.message) : String(error)),
    );
  } finally {
    isOver = true;
    await Promise.all(children.map((child) => stop(child, "SIGKILL")));
    await Promise.all(watches);
    await remove();
  }
  return {
    tries,
    seconds: began === undefined ? 0 : (performance.now() - began) / 1000,
    counts,
    maxRss,
    worstHealthMs,
    wrong,
  };
}

/** Resident memory of a process; bytes, 0 when it is gone. */
async function readRss(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
}

/** ms that `/healthz` took; undefined where the server is gone. */
async function timeHealth(url: string): Promise<number | undefined> {
  const args = ["-s", "-o", "/dev/null", "-m", "60", "-w", "%{time_total}", `${url}/healthz`];
  const answer = await runTool("curl", args).catch(() => undefined);
  return answer && Number(answer.stdout) * 1000;
}

/** Runs so many lanes side by side. */
export async function runLanes(lanes: number, work: (lane: number) => Promise<void>): Promise<void> {
  const outcomes = await Promise.allSettled(Array.from({ length: lanes }, (_, lane) => work(lane)));
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
}
