// The agent where things go wrong: the real address of EC2's metadata service, a full disk, kill -9
// at any moment. Needs root for namespaces.
import { spawnSync } from "node:child_process";
import { lstat, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { USUAL_METADATA } from "../src/testing/metadata-server.ts";
import { runHere } from "./command.ts";
import { makeHome, run, runShell, startProgram, stop, waitForOutput } from "./program.ts";

const PROGRAM = fileURLToPath(new URL("../dist/main.js", import.meta.url));

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

const canUnshare = spawnSync("unshare", ["-n", "-m", "ip", "link", "set", "lo", "up"]).status === 0;
const harsh = canUnshare ? describe : describe.skip;
if (!canUnshare)
  process.stderr.write(
    "skipped: tests in namespaces of their own, since this user may not make any, or ip is missing\n",
  );

harsh("in a network of its own", () => {
  /** Answers as EC2 does at its own address, then runs the program and ends as it does. */
  const SERVICE = `
    const { createServer } = require("node:http");
    const { spawn } = require("node:child_process");
    const facts = JSON.parse(process.argv[1]);
    createServer((request, response) => {
      if (request.method === "PUT") return response.end("TOKEN==");
      const fact = facts[request.url.replace("/latest/", "")];
      const isOurs = request.headers["x-aws-ec2-metadata-token"] === "TOKEN==";
      response.writeHead(isOurs ? (fact === undefined ? 404 : 200) : 401).end(isOurs ? fact : "");
    }).listen(80, "169.254.169.254", () =>
      spawn(process.execPath, process.argv.slice(2), { stdio: "inherit" })
        .on("exit", (code) => process.exit(code)));`;

  async function report(address: string, command: string) {
    await mkdir(join(home, "root/sys/class/dmi/id"), { recursive: true });
    await writeFile(join(home, "root/sys/class/dmi/id/sys_vendor"), "Amazon EC2\n");
    await writeFile(join(home, "root/sys/class/dmi/id/board_asset_tag"), "i-0fedcba9876543210\n");
    await writeFile(join(home, "service.cjs"), SERVICE);
    const line = `unshare -n sh -c 'ip link set lo up; ${address}; exec ${command}'`;
    return await runShell(line, {
      home,
      env: { FACTS: JSON.stringify(USUAL_METADATA), PROGRAM, NODE: process.execPath },
    });
  }
  const ARGS = '"$PROGRAM" report --print --root "$HOME/root"';

  it("asks the service at 169.254.169.254", async () => {
    const { stdout, code } = await report(
      "ip addr add 169.254.169.254/32 dev lo",
      `"$NODE" -e "$(cat service.cjs)" "$FACTS" ${ARGS}`,
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      instance_id: "i-0123456789abcdef0",
      instance_type: "g4dn.2xlarge",
    });
  });

  it("goes by the firmware where nobody is at that address, and says what it could not read", async () => {
    const { stdout, stderr, code } = await report("true", `"$NODE" ${ARGS}`);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ instance_id: "i-0fedcba9876543210" });
    expect(stderr).toContain("could not read instance_type");
  });
});

harsh("on a full disk", () => {
  it("keeps the report in memory, and sends it when the store is back", { timeout: 240_000 }, async () => {
    await mkdir(join(home, "state"));
    await mkdir(join(home, "store"));
    await writeFile(join(home, "store/reports"), "a file where a folder should be");
    const script =
      "mount -t tmpfs -o size=64k none state || exit 9; dd if=/dev/zero " +
      'of=state/fill bs=4k 2>/dev/null; exec "$NODE" "$PROGRAM" agent --store ' +
      '"file:$HOME/store" --state state';
    const env = { PROGRAM, NODE: process.execPath };
    const agent = startProgram(["-m", "sh", "-c", script], { home, env, program: "unshare" });
    children.push(agent);
    await waitForOutput(agent, /kept in memory/);
    await rm(join(home, "store/reports"));
    await waitForOutput(agent, /"reported"/);
  });
});

harsh("under a mount", () => {
  it("sees within a minute that a folder was mounted over, and then at once what changes there", {
    timeout: 240_000,
  }, async () => {
    await mkdir(join(home, "conf"));
    await mkdir(join(home, "other"));
    await writeFile(join(home, "conf/app.conf"), "version=1\n");
    await writeFile(join(home, "other/app.conf"), "version=2\n");
    const spec =
      "version: 1\ncollect:\n  - host: { metadata: off }\n  - file: { path: " +
      `${home}/conf/app.conf, fields: { v: { pattern: 'version=(.*)' } } }\n`;
    await writeFile(join(home, "spec.yaml"), spec);
    const script =
      'mount --make-rprivate / || exit 9; exec "$NODE" "$PROGRAM" agent --store ' +
      '"file:$HOME/store" --spec spec.yaml --state state';
    const env = { PROGRAM, NODE: process.execPath };
    const agent = startProgram(["-m", "sh", "-c", script], { home, env, program: "unshare" });
    children.push(agent);
    await waitForOutput(agent, /"reported"/);
    const within = (command: string) =>
      spawnSync("nsenter", ["-t", String(agent.pid), "-m", "sh", "-c", command], { cwd: home });
    const list = async () => {
      const { stdout } = await runHere(["list", "--store", `file:${home}/store`, "--json"], { home });
      return (JSON.parse(stdout) as { v: string }[]).map(({ v }) => v);
    };
    expect(within(`mount --bind ${home}/other ${home}/conf`).status).toBe(0);
    await expect.poll(list, { timeout: 150_000, interval: 500 }).toEqual(["2"]);
    await writeFile(join(home, "other/app.conf"), "version=3\n");
    await expect.poll(list, { timeout: 60_000, interval: 200 }).toEqual(["3"]);
  });
});

harsh("with a state folder that is read-only", () => {
  it("reports, says once that nothing is kept, and agent status knows that it runs", {
    timeout: 240_000,
  }, async () => {
    await mkdir(join(home, "state"));
    const script =
      'mount -t tmpfs -o ro none state || exit 9; "$NODE" "$PROGRAM" agent --store ' +
      '"file:$HOME/store" --state state & agent=$!; ' +
      'until "$NODE" "$PROGRAM" agent status --state state 2>&1 | grep "an agent ' +
      'runs"; do sleep 0.2; done; kill $agent; wait $agent';
    const env = { PROGRAM, NODE: process.execPath };
    const { code, stdout, stderr } = await runShell(`unshare -m sh -c '${script.replaceAll("'", "'\\''")}'`, {
      home,
      env,
    });
    expect(code).toBe(0);
    expect(stdout).toMatch(/an agent runs \(process \d+\), but cannot write its state folder/);
    expect(stderr.match(/state folder cannot be written/g)).toHaveLength(1);
    expect(stderr).toContain("the host has left the roll");
  });
});

harsh("root's doctor in another user's folder", () => {
  it("follows no link and waits for no pipe, and what it writes is the folder's owner's", {
    timeout: 240_000,
  }, async () => {
    const secret = join(home, "secret");
    await writeFile(secret, "root's own", { mode: 0o600 });
    await mkdir(join(home, "state"));
    for (const name of [
      "key",
      "key.new",
      "status.json",
      "status.json.new",
      "spool",
      "spec.json",
      "identity.json",
    ])
      await symlink(secret, join(home, "state", name));
    await runShell("mkfifo state/observed.json; chown -hR 65534:65534 state", { home });
    const { code, stderr } = await run(["doctor", "--store", `file:${home}/store`, "--state", "state"], {
      home,
    });
    expect([code, stderr]).toEqual([0, ""]);
    expect(await readFile(secret, "utf8")).toBe("root's own");
    expect((await stat(secret)).uid).toBe(0);
    for (const name of await readdir(join(home, "state")))
      expect((await lstat(join(home, "state", name))).uid).toBe(65_534);
  });
});

it("is killed at any moment, and what it keeps is whole", { timeout: 240_000 }, async () => {
  await mkdir(join(home, "store"));
  await writeFile(join(home, "store/reports"), "away");
  const start = () => {
    const agent = startProgram(["agent", "--store", `file:${home}/store`, "--state", "state"], { home });
    children.push(agent);
    return agent;
  };
  for (let turn = 0; turn < 15; turn++) {
    const agent = start();
    await wait(300 + Math.random() * 300);
    await stop(agent, "SIGKILL");
    const names: readonly string[] = await readdir(join(home, "state")).catch(() => []);
    if (names.includes("status.json")) JSON.parse(await readFile(join(home, "state/status.json"), "utf8"));
    if (names.includes("spool")) {
      const [header = "", body = ""] = (await readFile(join(home, "state/spool"), "utf8")).split(/\n(.*)/s);
      expect(Buffer.byteLength(body)).toBe((JSON.parse(header) as { length: number }).length);
    }
  }
  await rm(join(home, "store/reports"));
  await waitForOutput(start(), /"reported"/);
  const { stdout } = await runHere(["list", "--store", `file:${home}/store`, "--json"], { home });
  expect(JSON.parse(stdout)).toHaveLength(1);
});
