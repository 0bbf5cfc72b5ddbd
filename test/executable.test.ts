// The executable that hosts run, itself: Bun puts its own modules in the place of some of Node's,
// so what the source does under Node proves little. Its files begin with executable-.
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { openStore } from "../src/store/open.ts";
import { startMetadataServer, USUAL_METADATA } from "../src/testing/metadata-server.ts";
import { runHere } from "./command.ts";
import { BUILD_TIMEOUT_MS, buildExecutables, EXECUTABLE } from "./executable-build.ts";
import { type Finished, makeHome, run, startProgram, stop, waitForOutput } from "./program.ts";
import { makeBucket } from "./s3/bucket.ts";
import { assumeRole } from "./s3/session.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const program = EXECUTABLE;

let home: string;
let remove: () => Promise<void>;
const children: ReturnType<typeof startProgram>[] = [];
let built: Finished;
beforeAll(async () => {
  built = await buildExecutables();
}, BUILD_TIMEOUT_MS);
beforeEach(async () => {
  ({ home, remove } = await makeHome());
});
afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => stop(child, "SIGKILL")));
  await remove();
});

const ID = USUAL_METADATA["meta-data/instance-id"] ?? "";

/** Where Debian's package libfaketime has it. */
const FAKETIME = ["x86_64", "aarch64"].map(
  (machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketime.so.1`,
);

const WAIT = { timeout: 60_000, interval: 100 };

describe("the executable", () => {
  it("runs with nothing else on the host", async () => {
    const { stdout, stderr, code } = await run(["--version"], { home, program, env: { PATH: "/nowhere" } });
    expect({ stdout, stderr, code }).toEqual({
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
      stderr: "",
      code: 0,
    });
  });

  it("is built for both architectures with no network, from what a lock vouches for", async () => {
    expect(built).toMatchObject({ stderr: "", code: 0 });
    expect(built.stdout).toMatch(/rollcall-linux-x64: \d+ MB\n.*rollcall-linux-arm64: \d+ MB\n/);
    const machine = (name: string) =>
      readFile(join(ROOT, `dist-bin/rollcall-linux-${name}`)).then((bytes) => bytes.readUInt16LE(18));
    // ELF's e_machine: EM_X86_64 and EM_AARCH64.
    expect([await machine("x64"), await machine("arm64")]).toEqual([62, 183]);
  });

  it("takes nothing from the folder that it is started in", async () => {
    await writeFile(join(home, "bunfig.toml"), 'preload = ["./evil.js"]\n');
    await writeFile(join(home, "evil.js"), 'console.log("evil");\n');
    await writeFile(join(home, ".env"), "ROLLCALL_STORE=s3://evil\nROLLCALL_LOG_LEVEL=evil\n");
    await writeFile(join(home, "package.json"), '{ "name": "evil", "imports": { "#a": "./evil.js" } }\n');
    const [own, node] = [
      await run(["config", "check", "--json"], { home, program }),
      await run(["config", "check", "--json"], { home }),
    ];
    expect(own).toEqual(node);
    expect(own.stdout + own.stderr).not.toContain("evil");
  });

  it("makes the very report that the program on Node makes", async () => {
    const metadata = await startMetadataServer();
    try {
      const args = [
        "report",
        "--print",
        "--root",
        join(ROOT, "test/fixture-host"),
        "--spec",
        join(ROOT, "test/fixture-host.spec.yaml"),
      ];
      const env = { AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata.source.endpoint };
      const [own, node] = [await run(args, { home, env, program }), await run(args, { home, env })];
      const tidy = (text: string) =>
        text.replace(/"duration_ms":\d+/g, "").replace(/"update_date":"[^"]+"/, "");
      expect(own.code).toBe(0);
      // Compared as values first: then a failure says which field it is.
      const parse = (text: string) => JSON.parse(text.replace(/"duration_ms":\d+/g, '"duration_ms":0'));
      expect({ ...parse(own.stdout), update_date: "" }).toEqual({ ...parse(node.stdout), update_date: "" });
      expect(tidy(own.stdout)).toBe(tidy(node.stdout));
      expect(own.stdout.length).toBeGreaterThan(1000);
      expect(own.stderr).toBe(node.stderr);
    } finally {
      await metadata.close();
    }
  });

  it("runs a script without #! as the program on Node does", async () => {
    await writeFile(join(home, "app"), "echo version 1.2.3\n", { mode: 0o755 });
    const spec =
      "version: 1\ncollect:\n  - host: { metadata: off }\n  - command: { run: " +
      `[${home}/app], fields: { v: { pattern: 'version (.*)' } } }\n`;
    await writeFile(join(home, "spec.yaml"), spec);
    const args = ["report", "--print", "--spec", "spec.yaml"];
    for (const { stdout } of [await run(args, { home, program }), await run(args, { home })]) {
      expect(JSON.parse(stdout)).toMatchObject({ v: "1.2.3" });
    }
  });

  it("watches on when the clock is set back", { timeout: 240_000 }, async () => {
    const library = FAKETIME.find((path) => existsSync(path));
    // npm test installs it.
    if (library === undefined) throw new Error("libfaketime is missing: apt-get install libfaketime");
    const times = join(home, "times");
    await writeFile(times, "+0s\n");
    const file = join(home, "app.conf");
    await writeFile(file, "version=1\n");
    const spec =
      `version: 1\ncollect:\n  - host: { metadata: off }\n  - file: { path: ${file}, ` +
      "fields: { v: { pattern: 'version=(.*)' } } }\n";
    await writeFile(join(home, "spec.yaml"), spec);
    const env = {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: times,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    };
    const args = ["agent", "--store", "file:store", "--spec", "spec.yaml", "--state", "state"];
    const agent = startProgram(args, { home, env, program });
    children.push(agent);
    await waitForOutput(agent, /"reported"/);
    const expectSeen = async (version: string) => {
      const seen = waitForOutput(agent, /"reported"/);
      const began = performance.now();
      await writeFile(file, `version=${version}\n`);
      await seen;
      // Well before the poll.
      expect(performance.now() - began).toBeLessThan(45_000);
    };
    for (const [turn, time] of ["-1h", "-5h", "+3h", "-2h"].entries()) {
      await writeFile(times, `${time}\n`);
      await expectSeen(`${turn}.0`);
      await expectSeen(`${turn}.1`);
    }
  });

  it("explains a spec's mistakes in the same words", async () => {
    await writeFile(
      join(home, "bad.yaml"),
      "version: 1\ncollect:\n  - hots:\n  - file: { path: a, fields: { x: { pattern: '(' } } }\n",
    );
    const [own, node] = [
      await run(["spec", "check", "bad.yaml"], { home, program }),
      await run(["spec", "check", "bad.yaml"], { home }),
    ];
    expect(own).toEqual(node);
    expect(own.code).toBe(1);
  });

  it("reports to a bucket, sees a change at once, and leaves", { timeout: 240_000 }, async () => {
    const s3 = inject("s3");
    await makeBucket(s3, "executable");
    const store = `s3://executable?endpoint=${s3.endpoint}&region=us-east-1`;
    const env = { AWS_ACCESS_KEY_ID: s3.user.accessKeyId, AWS_SECRET_ACCESS_KEY: s3.user.secretAccessKey };
    const file = join(home, "app.conf");
    await writeFile(file, "version=1\n");
    const spec =
      `version: 1\ncollect:\n  - host: { metadata: off }\n  - file: { path: ${file}, ` +
      "fields: { v: { pattern: 'version=(.*)' } } }\n";
    await writeFile(join(home, "spec.yaml"), spec);
    const list = async () => {
      const { stdout, stderr, code } = await runHere(["list", "--store", store, "--json"], { home, env });
      if (code !== 0) throw new Error(stderr);
      return (JSON.parse(stdout) as { v: string }[]).map(({ v }) => v);
    };
    const agent = startProgram(["agent", "--store", store, "--spec", "spec.yaml", "--state", "state"], {
      home,
      env,
      program,
    });
    children.push(agent);
    await waitForOutput(agent, /reported/);
    expect(await list()).toEqual(["1"]);
    await writeFile(file, "version=2\n");
    await expect.poll(list, WAIT).toEqual(["2"]);
    const status = await run(["agent", "status", "--state", "state"], { home, program });
    expect(JSON.parse(status.stdout)).toMatchObject({ running: true, pid: agent.pid });
    expect(await stop(agent, "SIGTERM")).toBe(0);
    expect(await list()).toEqual([]);
  });

  it("on EC2 takes the role's credentials, and writes the one key that its session may write", {
    timeout: 240_000,
  }, async () => {
    const s3 = inject("s3");
    await makeBucket(s3, "executable-role");
    const { accessKeyId, secretAccessKey, sessionToken } = await assumeRole(s3, "hosts", ID);
    const Expiration = new Date(Date.now() + 3_600_000).toISOString();
    const credentials = {
      Code: "Success",
      AccessKeyId: accessKeyId,
      SecretAccessKey: secretAccessKey,
      Token: sessionToken,
      Expiration,
    };
    const metadata = await startMetadataServer({
      paths: {
        ...USUAL_METADATA,
        "meta-data/iam/security-credentials/": "hosts",
        "meta-data/iam/security-credentials/hosts": JSON.stringify(credentials),
      },
    });
    // The RADOS Gateway does not know GetCallerIdentity: this answers as AWS documents it.
    const caller = `<GetCallerIdentityResponse><Account>123456789012</Account><UserId>AROAEXAMPLE:${ID}</UserId></GetCallerIdentityResponse>`;
    const sts = createServer((_request, response) => void response.end(caller));
    await new Promise<void>((resolve) => sts.listen(0, "127.0.0.1", resolve));
    const env = {
      AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata.source.endpoint,
      AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${(sts.address() as AddressInfo).port}`,
    };
    const url = `s3://executable-role?endpoint=${s3.endpoint}&region=us-east-1`;
    try {
      const agent = startProgram(["agent", "--store", url, "--state", "state"], { home, env, program });
      children.push(agent);
      await waitForOutput(agent, /"reported"/);
      await stop(agent);
      const keys: string[] = [];
      const owner = {
        AWS_ACCESS_KEY_ID: s3.user.accessKeyId,
        AWS_SECRET_ACCESS_KEY: s3.user.secretAccessKey,
      };
      const store = await openStore(url, { clock: Date.now, env: owner });
      for await (const page of store.list("")) keys.push(...page.map(({ key }) => key));
      await store.close?.();
      const name = `v1/123456789012/AROAEXAMPLE:${ID}.json`;
      expect(keys).toEqual([`departures/${name}`, `reports/${name}`]);
    } finally {
      await metadata.close();
      sts.close();
    }
  });

  it("enrols with a server, follows a signed spec from there, and undoes one that breaks", {
    timeout: 240_000,
  }, async () => {
    const store = `file:${home}/store`;
    const server = startProgram(["serve", "--store", store, "--listen", "127.0.0.1:0"], { home });
    children.push(server);
    const [, url = ""] = await waitForOutput(server, /(http:\/\/127\.0\.0\.1:\d+)/);
    const { stdout: enrolKey } = await runHere(["keys", "create", "--store", store, "--scope", "enrol"], {
      home,
    });
    const { stdout: publicKey } = await runHere(["spec", "keygen", "key.pem"], { home });
    const push = async (name: string, text: string) => {
      await writeFile(join(home, name), text);
      const pushed = await runHere(["spec", "push", name, "--key", "key.pem", "--store", store], { home });
      expect(pushed.code).toBe(0);
    };
    await push("good.yaml", "version: 1\ncollect:\n  - host: { metadata: off }\n  - os:\n");
    const list = async () =>
      JSON.parse((await runHere(["list", "--store", store, "--json"], { home })).stdout) as Record<
        string,
        unknown
      >[];
    const args = ["agent", "--server", url, "--spec-keys", publicKey.trim(), "--state", "state"];
    const start = () => {
      const agent = startProgram(args, { home, program, env: { ROLLCALL_ENROL_KEY: enrolKey.trim() } });
      children.push(agent);
      return agent;
    };
    const first = start();
    await waitForOutput(first, /"reported"/);
    expect(await list()).toMatchObject([
      { os: { kernel: expect.any(String) }, rollcall: { spec_edition: 1 } },
    ]);
    await stop(first);
    await push(
      "broken.yaml",
      "version: 1\ncollect:\n  - host: { metadata: off }\n  - file: { path: " +
        "/nowhere, fields: { x: { pattern: . } } }\n",
    );
    const second = start();
    await waitForOutput(second, /"reported"/);
    const refused = { edition: 2, detail: expect.stringContaining("undone") };
    expect(await list()).toMatchObject([{ os: {}, rollcall: { spec_edition: 1, spec_refused: refused } }]);
  });

  it("goes through a server that is slow, breaks off, and is away, to the newest report", {
    timeout: 240_000,
  }, async () => {
    let turn = 0;
    const bodies: string[] = [];
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        turn++;
        if (turn === 1) return void request.socket.destroy();
        if (turn === 2) return void response.writeHead(503).end();
        bodies.push(Buffer.concat(chunks).toString());
        response.writeHead(200, { "rollcall-api": "v1" }).end("{}");
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const agent = startProgram(["agent", "--server", url, "--state", "state"], {
      home,
      program,
      env: { ROLLCALL_KEY: "rc_x" },
    });
    children.push(agent);
    await waitForOutput(agent, /"reported"/);
    expect(bodies).toHaveLength(1);
    expect(JSON.parse(bodies[0] ?? "")).toHaveProperty("instance_id");
    await stop(agent);
    server.close();
  });
});
