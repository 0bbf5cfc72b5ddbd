// End to end: the agent as it runs on a host, its reports in a folder or on a server, its specs
// from there.
import { mkdir, open, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { startMetadataServer } from "../src/testing/metadata-server.ts";
import { runHere } from "./command.ts";
import { makeHome, run, runShell, startProgram, stop, waitForOutput } from "./program.ts";

let home: string;
let remove: () => Promise<void>;
const children: ReturnType<typeof startProgram>[] = [];
beforeEach(async () => {
  ({ home, remove } = await makeHome());
});
afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => stop(child, "SIGKILL")));
  await remove();
});

const SPEC = `
version: 1
collect:
  - host: { metadata: off }
  - file: { path: /HOME/app.conf, fields: { app_version: { pattern: 'version=(\\S+)' } } }
`;
const WAIT = { timeout: 60_000, interval: 50 };

const store = () => `file:${home}/store`;

async function writeSpec(name = "spec.yaml", text = SPEC): Promise<string> {
  await writeFile(join(home, name), text.replaceAll("/HOME", home));
  return join(home, name);
}

function startAgent(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  // The machine that runs the tests may have booted a moment ago.
  const child = startProgram(["agent", "--state", join(home, "state"), ...args], { home, env });
  children.push(child);
  return child;
}

async function list(...more: string[]): Promise<Record<string, unknown>[]> {
  const { stdout, stderr, code } = await runHere(["list", "--store", store(), "--json", ...more], { home });
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Record<string, unknown>[];
}

const readVersions = async () => (await list()).map(({ app_version: version }) => version);

it("reports a change at once, leaves when it is stopped, and comes back", { timeout: 240_000 }, async () => {
  await writeFile(join(home, "app.conf"), "version=1\n");
  const spec = await writeSpec();
  const first = startAgent(["--store", store(), "--spec", spec]);
  await waitForOutput(first, /reported/);
  expect(await readVersions()).toEqual(["1"]);

  await writeFile(join(home, "app.conf.new"), "version=2\n");
  await rename(join(home, "app.conf.new"), join(home, "app.conf"));
  await expect.poll(readVersions, WAIT).toEqual(["2"]);

  const status = await run(["agent", "status", "--state", join(home, "state")], { home });
  expect(status.code).toBe(0);
  expect(JSON.parse(status.stdout)).toMatchObject({ running: true, pid: first.pid, target: store() });
  const twice = await run(["agent", "--state", join(home, "state"), "--store", store()], { home });
  expect(twice).toMatchObject({ code: 1, stderr: expect.stringContaining("runs already") });

  expect(await stop(first, "SIGTERM")).toBe(0);
  expect(await list()).toEqual([]);
  expect((await run(["agent", "status", "--state", join(home, "state")], { home })).code).toBe(1);

  const second = startAgent(["--store", store(), "--spec", spec]);
  await waitForOutput(second, /reported/);
  expect(await readVersions()).toEqual(["2"]);
  await stop(second, "SIGKILL");
  expect(await readVersions()).toEqual(["2"]);
  // The one that was killed is not taken for one that runs.
  const third = startAgent(["--store", store(), "--spec", spec]);
  await waitForOutput(third, /reported/);
});

it("takes up a spec file that changes, and keeps the one before while it has mistakes", {
  timeout: 240_000,
}, async () => {
  await writeFile(join(home, "app.conf"), "version=1\n");
  const spec = await writeSpec();
  const agent = startAgent(["--store", store(), "--spec", spec]);
  await waitForOutput(agent, /reported/);
  await writeSpec("spec.yaml", "version: 1\ncollect: [");
  await waitForOutput(agent, /stays in use/);
  await writeSpec("spec.yaml", SPEC.replace("app_version", "release"));
  await expect.poll(async () => (await list())[0]?.release, WAIT).toBe("1");
});

it("takes up no half of a spec", { timeout: 240_000 }, async () => {
  await writeFile(join(home, "app.conf"), "version=1\n");
  const path = await writeSpec();
  const agent = startAgent(["--store", store(), "--spec", path]);
  await waitForOutput(agent, /reported/);
  const file = await open(path, "w");
  const seen: unknown[][] = [];
  const readFields = async () => {
    const [report] = await list();
    const fields = [report?.app_version, report?.more];
    seen.push(fields);
    return fields;
  };
  try {
    const text = SPEC.replaceAll("/HOME", home);
    // A spec by itself, which names no field.
    await file.write(text.slice(0, text.indexOf("  - file:")));
    // At once: an agent does not wait for ever for the rest, and the machine may be busy.
    await Promise.all([readFields(), readFields(), readFields()]);
    await file.write(
      text.slice(text.indexOf("  - file:")).replace("fields: {", "fields: { more: { value: x },"),
    );
  } finally {
    await file.close();
  }
  await expect.poll(readFields, WAIT).toEqual(["1", "x"]);
  expect(seen.filter(([version]) => version !== "1")).toEqual([]);
});

it("reports to a server with a key that is bound to it, and leaves there too", {
  timeout: 240_000,
}, async () => {
  await writeFile(join(home, "app.conf"), "version=1\n");
  const spec = await writeSpec();
  const server = startProgram(["serve", "--store", store(), "--listen", "127.0.0.1:0"], { home });
  children.push(server);
  const [, url = ""] = await waitForOutput(server, /(http:\/\/127\.0\.0\.1:\d+)/);
  const { stdout: key } = await runHere(["keys", "create", "--store", store(), "--scope", "ingest"], {
    home,
  });
  const agent = startAgent(["--server", url, "--spec", spec], { ROLLCALL_KEY: key.trim() });
  await waitForOutput(agent, /reported/);
  expect(await readVersions()).toEqual(["1"]);
  await writeFile(join(home, "app.conf"), "version=2\n");
  await expect.poll(readVersions, WAIT).toEqual(["2"]);
  expect(await stop(agent, "SIGTERM")).toBe(0);
  expect(await list()).toEqual([]);
});

it("ends a deploy of 30 files soon, in two reports, and sees the next change at once", {
  timeout: 240_000,
}, async () => {
  await mkdir(join(home, "conf"));
  await writeFile(join(home, "conf/m0.conf"), "version=0\n");
  const spec = await writeSpec(
    "spec.yaml",
    "version: 1\ncollect:\n  - host: { metadata: off }\n  - files: { glob: " +
      "/HOME/conf/*.conf, into: all, fields: { v: { pattern: 'version=(.*)' } } }\n",
  );
  const agent = startAgent(["--store", store(), "--spec", spec]);
  let reports = 0;
  agent.stderr?.on("data", (bytes: Buffer) => {
    reports += bytes.toString().split('"reported"').length - 1;
  });
  await waitForOutput(agent, /reported/);
  const readFiles = async () => {
    const [report] = (await list()) as { all: { v: string }[] }[];
    return report?.all.map(({ v }) => v);
  };
  for (let file = 0; file < 30; file++) {
    await writeFile(join(home, `conf/m${file}.conf`), "version=1\n");
    await wait(100);
  }
  await expect
    .poll(readFiles, { timeout: 60_000, interval: 50 })
    .toEqual(Array.from({ length: 30 }, () => "1"));
  await writeFile(join(home, "conf/m5.conf"), "version=2\n");
  await expect.poll(readFiles, { timeout: 60_000, interval: 50 }).toContain("2");
  expect(reports).toBeLessThanOrEqual(5);
});

it("reports no half of a file, and the whole when it is closed", { timeout: 240_000 }, async () => {
  await writeFile(join(home, "app.conf"), "version=1.0\n");
  const agent = startAgent(["--store", store(), "--spec", await writeSpec()]);
  await waitForOutput(agent, /reported/);
  const seen = new Set<string>();
  const readVersion = async () => {
    const [report] = (await list()) as {
      app_version?: string;
      rollcall: { collectors: { unread?: unknown[] }[] };
    }[];
    const unread = report?.rollcall.collectors[1]?.unread ?? [];
    const told = unread.length === 0 ? String(report?.app_version) : "told";
    seen.add(told);
    return told;
  };
  const file = await open(join(home, "app.conf"), "w");
  try {
    await file.write("version=1.1");
    for (let turn = 0; turn < 5; turn++) await readVersion();
    await file.write("0\n");
  } finally {
    await file.close();
  }
  await expect.poll(readVersion, WAIT).toBe("1.10");
  expect([...seen].filter((version) => version !== "told")).toEqual(["1.0", "1.10"]);
});

it("sends what it has once the store is there, the newest alone", { timeout: 240_000 }, async () => {
  await writeFile(join(home, "app.conf"), "version=1\n");
  const spec = await writeSpec();
  // A file where the folder of reports should be.
  await mkdir(join(home, "store"));
  await writeFile(join(home, "store/reports"), "");
  const agent = startAgent(["--store", store(), "--spec", spec]);
  await waitForOutput(agent, /could not be sent/);
  expect(await readdir(join(home, "state"))).toContain("spool");
  const status = await run(["agent", "status", "--state", join(home, "state")], { home });
  expect(status).toMatchObject({ code: 1, stderr: expect.stringContaining("do not get through") });
  await stop(agent, "SIGKILL");
  await writeFile(join(home, "app.conf"), "version=2\n");
  await runShell("rm store/reports", { home });
  const next = startAgent(["--store", store(), "--spec", spec]);
  await waitForOutput(next, /reported/);
  await expect.poll(readVersions, WAIT).toEqual(["2"]);
  await expect.poll(() => readdir(join(home, "state")), WAIT).not.toContain("spool");
});

it("leaves on a spot interruption notice, and returns when the notice is gone", {
  timeout: 240_000,
}, async () => {
  const paths: Record<string, string> = {
    "meta-data/instance-id": "i-0123456789abcdef0",
    "meta-data/instance-type": "g4dn.2xlarge",
    "meta-data/instance-life-cycle": "spot",
    "dynamic/instance-identity/document": JSON.stringify({
      accountId: "123456789012",
      region: "ap-northeast-1",
    }),
  };
  const service = await startMetadataServer({ paths });
  try {
    const agent = startAgent(["--store", store()], {
      AWS_EC2_METADATA_SERVICE_ENDPOINT: service.source.endpoint,
    });
    await waitForOutput(agent, /reported/);
    expect((await list()).map(({ instance_id: id }) => id)).toEqual(["i-0123456789abcdef0"]);
    paths["meta-data/spot/instance-action"] = JSON.stringify({
      action: "stop",
      time: "2026-01-01T00:02:00Z",
    });
    await waitForOutput(agent, /has left the roll/);
    expect(await list()).toEqual([]);
    const [name = ""] = await readdir(join(home, "store/departures/v1/local"));
    expect(JSON.parse(await readFile(join(home, "store/departures/v1/local", name), "utf8"))).toMatchObject({
      instance_id: "i-0123456789abcdef0",
      reason: "spot_interruption",
    });
    delete paths["meta-data/spot/instance-action"];
    await expect.poll(() => list(), WAIT).toHaveLength(1);
  } finally {
    await service.close();
  }
});

it("collects by the spec that was pushed, refuses what it may not run, and goes back with a rollback", {
  timeout: 240_000,
}, async () => {
  await writeFile(join(home, "app.conf"), "version=1\n");
  const local = await writeSpec();
  const { stdout: publicKey, code } = await runHere(["spec", "keygen", "key.pem"], { home });
  expect(code).toBe(0);
  const pushed = await writeSpec("pushed.yaml", SPEC.replace("app_version", "pushed_version"));
  const push = (...args: string[]) =>
    runHere(["spec", ...args, "--key", "key.pem", "--store", store()], { home });
  expect(await push("push", pushed)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^edition 1: sha256:\S+ to all hosts/),
  });

  const start = () => startAgent(["--store", store(), "--spec", local, "--spec-keys", publicKey.trim()]);
  const first = start();
  await waitForOutput(first, /reported/);
  expect(await list()).toMatchObject([{ pushed_version: "1", rollcall: { spec_edition: 1 } }]);
  await stop(first);

  const shell = await writeSpec(
    "shell.yaml",
    `${SPEC}  - command: { run: [/bin/sh, -c, id], fields: { x: { pattern: . } } }\n`,
  );
  expect(await push("push", shell)).toMatchObject({ code: 0 });
  const second = start();
  await waitForOutput(second, /reported/);
  const refused = { edition: 2, detail: expect.stringContaining("/bin/sh") };
  expect(await list()).toMatchObject([
    { pushed_version: "1", rollcall: { spec_edition: 1, spec_refused: refused } },
  ]);
  const status = await run(["agent", "status", "--state", join(home, "state")], { home });
  expect(JSON.parse(status.stdout)).toMatchObject({
    spec_edition: 1,
    spec_refused: expect.stringMatching(/^edition 2: .*\/bin\/sh/),
  });
  await stop(second);

  expect(await push("rollback")).toMatchObject({ code: 0, stdout: expect.stringContaining("edition 3") });
  const third = start();
  await waitForOutput(third, /reported/);
  const [report] = await list();
  expect(report).toMatchObject({ pushed_version: "1", rollcall: { spec_edition: 3 } });
  expect(report?.rollcall).not.toHaveProperty("spec_refused");
  const editions = await runHere(["spec", "editions", "--store", store()], { home });
  expect((JSON.parse(editions.stdout) as { number: number }[]).map(({ number }) => number)).toEqual([
    3, 2, 1,
  ]);
});

it("leaves once, however often it is told to stop", { timeout: 240_000 }, async () => {
  const agent = startAgent(["--store", store(), "--spec", await writeSpec()]);
  await waitForOutput(agent, /reported/);
  agent.kill("SIGINT");
  agent.kill("SIGINT");
  agent.kill("SIGTERM");
  expect(await stop(agent, "SIGTERM")).toBe(0);
  expect(await list()).toEqual([]);
});

it("lets another key publish for all hosts, and nothing that builds on what the first one said", async () => {
  const spec = await writeSpec();
  for (const key of ["old.pem", "new.pem"]) await runHere(["spec", "keygen", key], { home });
  const publish = (...args: string[]) => runHere(["spec", ...args, "--store", store()], { home });
  expect(await publish("push", spec, "--key", "old.pem")).toMatchObject({ code: 0 });
  const canary = await publish("push", spec, "--key", "new.pem", "--canary", "10%");
  expect(canary).toMatchObject({ code: 1, stderr: expect.stringContaining("push a spec for all hosts") });
  expect(await publish("push", spec, "--key", "new.pem")).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^edition 2: /),
  });
  expect(await publish("push", spec, "--key", "new.pem", "--canary", "10%")).toMatchObject({ code: 0 });

  await writeFile(join(home, "store/specs/v1/current.json"), "damaged");
  expect(await publish("push", spec, "--key", "new.pem")).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^edition 4: /),
  });
});

it("reads its settings and spec anew at SIGHUP, keeps those before where the new ones " +
  "are wrong, and heeds no SIGUSR", { timeout: 240_000 }, async () => {
  await writeFile(join(home, "app.conf"), "version=1\n");
  const config = join(home, "config.yaml");
  await writeFile(config, `store: ${store()}\nspec: ${await writeSpec()}\n`);
  const agent = startAgent(["--config", config]);
  await waitForOutput(agent, /reported/);

  await writeFile(config, "store: [\n");
  const kept = waitForOutput(agent, /those before stay in use/);
  agent.kill("SIGHUP");
  await kept;
  expect(await readVersions()).toEqual(["1"]);

  const other = await writeSpec("other.yaml", SPEC.replace("app_version", "other_version"));
  await writeFile(config, `store: ${store()}\nspec: ${other}\n`);
  const reread = waitForOutput(agent, /read anew/);
  for (const signal of ["SIGUSR1", "SIGUSR2", "SIGHUP"] as const) agent.kill(signal);
  await reread;
  await expect.poll(list, WAIT).toMatchObject([{ other_version: "1" }]);
  // At another place it leaves the first.
  await writeFile(config, `store: file:${home}/elsewhere\nspec: ${other}\n`);
  agent.kill("SIGHUP");
  await expect.poll(list, WAIT).toEqual([]);
  await expect
    .poll(() => readdir(join(home, "elsewhere/reports/v1/local")).catch(() => []), WAIT)
    .toHaveLength(1);
  expect(await stop(agent, "SIGTERM")).toBe(0);
});

it("leaves the host in the roll as long as another agent of the machine reports it", {
  timeout: 240_000,
}, async () => {
  const args = ["--store", store(), "--spec", await writeSpec()];
  const first = startAgent(args);
  const second = startProgram(["agent", "--state", join(home, "state-2"), ...args], { home });
  children.push(second);
  await Promise.all([waitForOutput(first, /"reported"/), waitForOutput(second, /"reported"/)]);
  expect(await stop(second, "SIGTERM")).toBe(0);
  expect(await list()).toHaveLength(1);
  expect(await stop(first, "SIGTERM")).toBe(0);
  expect(await list()).toEqual([]);
});

it("stops within five seconds where the server hangs", { timeout: 240_000 }, async () => {
  const sockets = new Set<Socket>();
  let isHanging = false;
  const server = createServer((request, response) => {
    if (isHanging) return;
    request.resume();
    response.writeHead(200, { "content-type": "application/json", "rollcall-api": "v1" }).end("{}");
  }).on("connection", (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  try {
    const agent = startAgent(["--server", `http://127.0.0.1:${port}`], { ROLLCALL_KEY: "rc_x" });
    await waitForOutput(agent, /"reported"/);
    isHanging = true;
    const toldAt = performance.now();
    expect(await stop(agent, "SIGTERM")).toBe(0);
    // Five seconds, and its end on a busy machine; the server would have hung for ever.
    expect(performance.now() - toldAt).toBeLessThan(20_000);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
});
