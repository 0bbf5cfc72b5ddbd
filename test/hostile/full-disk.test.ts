// A store and an agent's state on a disk that is full or read-only, and a server with no file to
// spare: what was acknowledged stays, what cannot be done is refused with the reason.
import type { ChildProcess } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { makeHome, runShell, startProgram, stop, waitForOutput } from "../program.ts";

const PROGRAM = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
const WAIT = { timeout: 60_000, interval: 200 };

let home: string;
let remove: () => Promise<void>;
const children: ChildProcess[] = [];
beforeEach(async () => {
  ({ home, remove } = await makeHome());
  await mkdir(join(home, "disk"));
  await writeFile(join(home, "spec.yaml"), "version: 1\ncollect:\n  - host: { metadata: off }\n");
});
afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => stop(child, "SIGKILL")));
  await remove();
});

/** Starts something that sees a small disk of its own at disk/. */
function startOnDisk(bytes: string, line: string): ChildProcess {
  const mount = `mount -t tmpfs -o size=${bytes} tmpfs disk && cd . && exec ${line}`;
  const child = startProgram(["--map-root-user", "--mount", "bash", "-c", mount], {
    home,
    program: "/usr/bin/unshare",
  });
  children.push(child);
  return child;
}

/** Changes the disk of a process. */
async function remount(child: ChildProcess, options: string): Promise<void> {
  const line = `nsenter --target ${child.pid} --user --mount --preserve-credentials`;
  const end = await runShell(`${line} mount -o remount,${options} ${home}/disk`, { home });
  expect(end, end.stderr).toMatchObject({ code: 0 });
}

async function serve() {
  const store = "file:disk/store";
  const make = ["read", "ingest", "admin"].map((scope) => `--scope ${scope}`).join(" ");
  const node = `${process.execPath} ${PROGRAM}`;
  const line =
    `bash -c '${node} keys create ${make} --store ${store} > key; ` +
    `exec ${node} serve --store ${store} --listen 127.0.0.1:0'`;
  const child = startOnDisk("600k", line);
  let log = "";
  child.stderr?.on("data", (bytes: Buffer) => (log += bytes.toString()));
  const [url, port] = await waitForOutput(child, /http:\/\/127\.0\.0\.1:(\d+)/);
  const key = (await readFile(join(home, "key"), "utf8")).trim();
  const ask = async (path: string, init: RequestInit = {}) => {
    const answer = await fetch(`${url}/v1/${path}`, { ...init, headers: { "x-api-key": key } });
    return { status: answer.status, text: await answer.text() };
  };
  const put = (id: string, v: string) =>
    ask(`reports/${id}`, {
      method: "PUT",
      body: JSON.stringify({
        update_date: new Date().toISOString(),
        instance_id: id,
        v,
        pad: "x".repeat(20_000),
      }),
    });
  return { child, url, port: Number(port), key, ask, put, log: () => log };
}

it("what a full disk has acknowledged stays, and reports come in again when there is room", async () => {
  const { child, ask, put, log } = await serve();
  const stored: string[] = [];
  let refused = "";
  for (let index = 0; refused === "" && index < 60; index++) {
    const { status, text } = await put(`i-${index}`, "1");
    if (status === 200) stored.push(`i-${index}`);
    else refused = `${status} ${text}`;
  }
  expect(stored.length).toBeGreaterThan(5);
  expect(refused).toMatch(/^503 .*the store failed: its disk is full/);
  // What lay there before stays.
  expect((await put("i-0", "2")).status).toBe(503);
  const list = async () => {
    const { status, text } = await ask("reports?fields=instance_id,v");
    expect(status).toBe(200);
    return (JSON.parse(text) as { instance_id: string; v: string }[])
      .map((one) => one.instance_id + one.v)
      .sort();
  };
  await expect.poll(list, WAIT).toEqual(stored.map((id) => `${id}1`).sort());
  await remount(child, "size=2m");
  expect([(await put("i-0", "2")).status, (await put("new", "1")).status]).toEqual([200, 200]);
  await remount(child, "ro");
  const readOnly = await put("i-0", "3");
  expect(`${readOnly.status} ${readOnly.text}`).toMatch(/^503 .*its file system is read-only/);
  const left = await ask("reports/i-1", { method: "DELETE" });
  expect(`${left.status} ${left.text}`).toMatch(/^503 .*its file system is read-only/);
  await expect.poll(list, WAIT).toContain("i-02");
  await remount(child, "rw");
  expect((await put("i-0", "4")).status).toBe(200);
  // Known faults have their words in the log, and no stack.
  expect(log()).toContain("ENOSPC: the disk is full");
  expect(log()).not.toMatch(/\\n {4}at /);
  expect(await stop(child, "SIGTERM")).toBe(0);
});

it("a server without a file to spare says so, and goes on when there are some", async () => {
  const { child, put, port, ask, url } = await serve();
  expect((await put("i-0", "1")).status).toBe(200);
  // As many as it has open, and some: what it begins with has been loaded.
  const limit = async (files: string) => {
    const end = await runShell(`prlimit --pid ${child.pid} --nofile=${files}:4096`, { home });
    expect(end, end.stderr).toMatchObject({ code: 0 });
  };
  await limit("40");
  const idle = Array.from({ length: 100 }, () => connect(port, "127.0.0.1").on("error", () => undefined));
  // Who holds the last files is let go after ten seconds, having asked nothing.
  await new Promise((resolve) => setImmediate(resolve));
  const asked = await Promise.allSettled(Array.from({ length: 20 }, (_, at) => put(`i-${at}`, "2")));
  for (const one of asked)
    if (one.status === "fulfilled" && one.value.status !== 200)
      expect(`${one.value.status} ${one.value.text}`).toMatch(/^503 .*too many files open/);
  for (const socket of idle) socket.destroy();
  await limit("1024");
  await expect
    .poll(
      () =>
        put("i-0", "3").then(
          ({ status }) => status,
          () => 0,
        ),
      WAIT,
    )
    .toBe(200);
  await expect.poll(async () => (await ask("reports/i-0")).text, WAIT).toContain('"v":"3"');
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  expect(await stop(child, "SIGTERM")).toBe(0);
});

it("an agent whose own disk is full reports all the same", async () => {
  const { child: server, url, key, ask } = await serve();
  const words = `agent --spec spec.yaml --state disk/state --server ${url}`;
  const agent = startOnDisk(
    "16k",
    "bash -c 'mkdir disk/state; cat /dev/zero > disk/fill; " +
      `ROLLCALL_KEY=${key} exec ${process.execPath} ${PROGRAM} ${words}'`,
  );
  let log = "";
  agent.stderr?.on("data", (bytes: Buffer) => (log += bytes.toString()));
  await expect.poll(async () => (JSON.parse((await ask("reports")).text) as object[]).length, WAIT).toBe(1);
  await expect.poll(() => log, WAIT).toContain("ENOSPC");
  expect(log).not.toMatch(/\\n {4}at /);
  expect(await stop(agent, "SIGTERM")).toBe(0);
  await expect.poll(async () => (JSON.parse((await ask("reports")).text) as object[]).length, WAIT).toBe(0);
  expect(await stop(server, "SIGTERM")).toBe(0);
});
