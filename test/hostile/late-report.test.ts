// A report that a proxy holds back until after a newer one of the same host: the older one never
// lies over the newer.
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { runHere } from "../command.ts";
import { makeHome, run, startProgram, stop, waitForOutput } from "../program.ts";

const WAIT = { timeout: 60_000 };

let home: string;
let remove: () => Promise<void>;
const children: ChildProcess[] = [];
beforeEach(async () => {
  ({ home, remove } = await makeHome());
  await writeFile(join(home, "spec.yaml"), "version: 1\ncollect:\n  - host: { metadata: off }\n");
});
afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => stop(child, "SIGKILL")));
  await remove();
});

/** A proxy that sends on what it was sent only when it is told to. */
async function startHoldingProxy(port: number) {
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  let take: () => void = () => undefined;
  const taken = new Promise<void>((resolve) => (take = resolve));
  const server = createServer((client: Socket) => {
    client.once("data", (first: Buffer) => {
      client.pause();
      take();
      void released.then(() => {
        const there = connect(port, "127.0.0.1", () => there.write(first));
        client.pipe(there).pipe(client);
        for (const one of [client, there]) one.on("error", () => one.destroy());
      });
    });
    client.on("error", () => client.destroy());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, release, taken, server };
}

it.each(["ingest", "enrol"])("is left out, with a key of the scope %s", async (scope) => {
  const made = await runHere(["keys", "create", "--store", "file:store", "--scope", scope], { home });
  const child = startProgram(["serve", "--store", "file:store", "--listen", "127.0.0.1:0"], { home });
  children.push(child);
  let log = "";
  child.stderr?.on("data", (bytes: Buffer) => (log += bytes.toString()));
  const [url, port] = await waitForOutput(child, /http:\/\/127\.0\.0\.1:(\d+)/);
  const variable = scope === "enrol" ? "ROLLCALL_ENROL_KEY" : "ROLLCALL_KEY";
  const report = (server: string) =>
    run(["report", "--spec", "spec.yaml", "--state", "state", "--server", server], {
      home,
      env: { [variable]: made.stdout.trim() },
    });
  // The host has its own key from then on.
  expect(await report(url)).toMatchObject({ code: 0 });
  const read = async () => {
    const folder = join(home, "store/reports/v1/local");
    const names = await readdir(folder);
    const [name = ""] = names;
    expect(names).toEqual([name]);
    const { update_date: date } = JSON.parse(await readFile(join(folder, name), "utf8")) as {
      update_date: string;
    };
    return Date.parse(date);
  };
  const proxy = await startHoldingProxy(Number(port));
  try {
    const late = report(proxy.url);
    await proxy.taken;
    const heldAt = Date.now();
    // Reports tell whole seconds, and the kernel its start.
    await expect.poll(() => Date.now() - heldAt, WAIT).toBeGreaterThan(4000);
    expect(await report(url)).toMatchObject({ code: 0 });
    const newer = await read();
    expect(newer).toBeGreaterThan(heldAt);
    proxy.release();
    // Told as done: as if the newer one had come after it.
    expect(await late).toMatchObject({ code: 0 });
    expect(await read()).toBe(newer);
    expect(log).toContain("a report came after a newer one of the same host, and was left out");
    expect(await report(url)).toMatchObject({ code: 0 });
    expect(await read()).toBeGreaterThanOrEqual(newer);
  } finally {
    proxy.server.close();
  }
});
