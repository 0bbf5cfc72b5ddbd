// A server whose store hangs, on the built program: a file system that never answers a read, a
// bucket that never answers a request. SIGTERM ends it.
import { type ChildProcess, execFileSync } from "node:child_process";
import { once } from "node:events";
import { rename } from "node:fs/promises";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { describe, it, type TestContext } from "vitest";
import { runHere } from "../command.ts";
import { makeHome, startProgram, stop, waitForOutput } from "../program.ts";

/**
 * After SIGTERM: 15 s for what the server has begun, and as much again for its end on a machine
 * with far more to do than it can.
 */
const BOUND_MS = 45_000;

async function setUp({ onTestFinished }: Pick<TestContext, "onTestFinished">) {
  const { home, remove } = await makeHome();
  onTestFinished(remove);
  const start = (args: readonly string[], env = {}) => {
    const child = startProgram(args, { home, env });
    onTestFinished(async () => void (await stop(child, "SIGKILL")));
    const log: string[] = [];
    child.stderr?.on("data", (bytes: Buffer) => log.push(bytes.toString()));
    return { child, log };
  };
  return { home, start };
}

/** Sends SIGTERM. @returns how the process ended, and how long it took; ms */
async function terminate(child: ChildProcess) {
  const startedAt = performance.now();
  const ended = once(child, "exit") as Promise<[number | null, NodeJS.Signals | null]>;
  child.kill("SIGTERM");
  const [code, signal] = await ended;
  return { code, signal, ms: performance.now() - startedAt };
}

/**
 * A named pipe in the place of a file that is read: the read never ends, as on a network file
 * system whose server is gone.
 */
async function hang(home: string): Promise<void> {
  const marker = join(home, "store", ".rollcall-store");
  // At once: a running server makes a marker that is missing.
  execFileSync("mkfifo", [`${marker}.pipe`]);
  await rename(`${marker}.pipe`, marker);
}

const SERVE = ["serve", "--store", "file:store", "--listen", "127.0.0.1:0"];

// Beside each other: all they do is wait.
describe.concurrent("SIGTERM ends a server within its bound", () => {
  it("whose folder hangs while it runs", async ({ expect, onTestFinished }) => {
    const { home, start } = await setUp({ onTestFinished });
    const { stdout } = await runHere(["keys", "create", "--store", "file:store", "--scope", "read"], {
      home,
    });
    const { child, log } = start(SERVE);
    const [url] = await waitForOutput(child, /http:\/\/127\.0\.0\.1:\d+/);
    const ask = () => fetch(`${url}/v1/reports`, { headers: { "x-api-key": stdout.trim() } });
    expect((await ask()).status).toBe(200);
    await hang(home);
    // What it knows it says for a second more; then a question is not answered, and what needs no
    // store is.
    const asked: Promise<unknown>[] = [];
    const isAnswered = async () => {
      const answer = ask().then(
        ({ status }) => status === 200,
        () => false,
      );
      asked.push(answer);
      return await Promise.race([answer, wait(2000, false)]);
    };
    await expect.poll(isAnswered, { timeout: 240_000 }).toBe(false);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    const { code, signal, ms } = await terminate(child);
    await Promise.all(asked);
    expect([code, signal]).toEqual([null, "SIGKILL"]);
    expect(ms).toBeLessThan(BOUND_MS);
    expect(log.join("")).toContain("a file system or a name server does not answer; ended without it");
  }, 180_000);

  it("whose folder hangs from the start", async ({ expect, onTestFinished }) => {
    const { home, start } = await setUp({ onTestFinished });
    await runHere(["keys", "create", "--store", "file:store", "--scope", "read"], { home });
    await hang(home);
    const { child, log } = start(SERVE);
    // It has come so far when it listens to signals, which is its first act; then it opens the
    // store.
    await expect.poll(() => readSignals(child), { timeout: 240_000 }).toBe(true);
    const { signal, ms } = await terminate(child);
    expect(signal).toBe("SIGKILL");
    expect(ms).toBeLessThan(BOUND_MS);
    expect(log.join("")).toContain("did not stop within 17 s");
  }, 180_000);

  it("whose bucket takes requests and never answers", async ({ expect, onTestFinished }) => {
    const { start } = await setUp({ onTestFinished });
    const sockets: Socket[] = [];
    const bucket = createServer((socket) => void sockets.push(socket.on("error", () => undefined)));
    await new Promise<void>((resolve) => bucket.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      bucket.close();
    });
    const endpoint = `http://127.0.0.1:${(bucket.address() as AddressInfo).port}`;
    const { child } = start(
      ["serve", "--store", `s3://bucket?endpoint=${endpoint}`, "--listen", "127.0.0.1:0"],
      {
        AWS_ACCESS_KEY_ID: "a",
        AWS_SECRET_ACCESS_KEY: "b",
      },
    );
    await expect.poll(() => sockets.length, { timeout: 240_000 }).toBeGreaterThan(0);
    const { ms } = await terminate(child);
    expect(ms).toBeLessThan(BOUND_MS);
  }, 180_000);
});

/**
 * Whether the program listens to signals, by SIGUSR2, which Node itself does not catch; as the
 * kernel knows it (proc(5)).
 */
async function readSignals({ pid }: ChildProcess): Promise<boolean> {
  const status = execFileSync("cat", [`/proc/${pid}/status`], { encoding: "utf8" });
  const caught = BigInt(`0x${/^SigCgt:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? "0"}`);
  return (caught & (1n << 11n)) !== 0n;
}
