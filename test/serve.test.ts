// End to end: a server, hosts that push with shell, curl and the program, kill -9, and hostile
// requests on a real socket.

import type { ChildProcess } from "node:child_process";
import { randomInt } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runHere } from "./command.ts";
import { makeHome, run, runShell, startProgram, stop, waitForOutput } from "./program.ts";

let home: string;
let remove: () => Promise<void>;
let server: { child: ChildProcess; url: string } | undefined;

beforeEach(async () => {
  ({ home, remove } = await makeHome());
});
afterEach(async () => {
  if (server) await stop(server.child, "SIGKILL");
  server = undefined;
  await remove();
});

const storeUrl = () => `file:${home}/store`;

async function serve(...args: string[]): Promise<string> {
  const child = startProgram(["serve", "--store", storeUrl(), "--listen", "127.0.0.1:0", ...args], { home });
  const [url] = await waitForOutput(child, /https?:\/\/127\.0\.0\.1:\d+/);
  server = { child, url };
  return url;
}

async function makeKey(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runHere(
    ["keys", "create", "--store", storeUrl(), "--name", "test", ...args],
    { home },
  );
  expect(stderr).not.toContain("rc_");
  expect(code).toBe(0);
  return stdout.trim();
}

const report = (id: string, more: object = {}) =>
  JSON.stringify({ update_date: new Date().toISOString(), instance_id: id, ...more });

describe("rollcall serve", () => {
  it("takes what a shell script writes with jq and sends with curl -T, as docs/push.md shows", async () => {
    const url = await serve();
    const env = { ROLLCALL_SERVER: url, ROLLCALL_KEY: await makeKey("--scope", "ingest") };
    const { stdout: page } = await runShell(`cat "${join(import.meta.dirname, "../docs/push.md")}"`, {
      home,
    });
    const script = /```sh\n(#!\/bin\/sh\n[\s\S]*?)```/.exec(page)?.[1] ?? "";
    expect(script).toContain("curl -fsS -T -");
    await writeFile(join(home, "report.sh"), script);
    // A test machine need not have a machine id.
    const pushed = await runShell(
      "sed -i 's|/etc/machine-id|./id|' report.sh && echo shell-host-1 > id && sh ./report.sh",
      {
        home,
        env,
      },
    );
    expect(pushed).toMatchObject({ code: 0, stderr: "" });
    const read = await makeKey("--scope", "read");
    const answer = await runShell(
      `curl -fsS -H "x-api-key: $KEY" ${url}/v1/reports | jq -r '.[0].instance_id, .[0].kernel'`,
      {
        home,
        env: { KEY: read },
      },
    );
    expect(answer.stdout).toMatch(/^shell-host-1\n\S+\n$/);
    const refused = await runShell("sed -i 's|reports/|reports/x|' report.sh && sh ./report.sh", {
      home,
      env,
    });
    expect(refused.code).toBe(22);
  });

  it("takes a report from the program, which the program and curl list alike, byte for byte", async () => {
    const url = await serve();
    const ingest = await makeKey("--scope", "ingest");
    const read = await makeKey("--scope", "read");
    const pushed = await run(["report", "--server", url], { home, env: { ROLLCALL_KEY: ingest } });
    expect(pushed.code).toBe(0);
    const byCurl = await runShell(`curl -fsS -H "x-api-key: ${read}" ${url}/v1/reports`, { home });
    const byServer = await run(["list", "--server", url], { home, env: { ROLLCALL_KEY: read } });
    const byStore = await run(["list", "--store", storeUrl()], { home });
    expect(byCurl.stdout).toMatch(/^\[\{"update_date":/);
    expect(byServer.stdout).toBe(byCurl.stdout);
    expect(byStore.stdout).toBe(byCurl.stdout);
    const refused = await run(["report", "--server", url], { home, env: { ROLLCALL_KEY: read } });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("ingest");
    expect(refused.stderr).not.toContain(read);
  });

  it("keeps every report that it answered 2xx, though killed with -9 right after", async () => {
    const ingest = await makeKey("--scope", "ingest");
    const acknowledged = new Map<string, number>();
    for (let round = 0; round < 3; round++) {
      const url = await serve();
      const child = server?.child;
      let serial = 0;
      const killAfter = randomInt(20, 120);
      // Eight clients put as fast as they can; the kill comes between an answer and the next
      // request, wherever that is.
      await Promise.all(
        Array.from({ length: 8 }, async (_, client) => {
          for (let turn = 0; ; turn++) {
            const id = `host-${client}-${turn % 5}`;
            const number = round * 1_000_000 + serial++;
            const response = await fetch(`${url}/v1/reports/${id}`, {
              method: "PUT",
              headers: { "x-api-key": ingest },
              body: report(id, { number, filler: "x".repeat(20_000) }),
            }).catch(() => undefined);
            if (!response?.ok) return;
            acknowledged.set(id, number);
            if (serial >= killAfter) child?.kill("SIGKILL");
          }
        }),
      );
      if (child) await stop(child, "SIGKILL");
      const listed = await runHere(["list", "--store", storeUrl(), "--fields", "instance_id,number,filler"], {
        home,
      });
      const reports = new Map(
        (JSON.parse(listed.stdout) as Array<{ instance_id: string; number: number; filler: string }>).map(
          (one) => [one.instance_id, one],
        ),
      );
      expect(acknowledged.size).toBeGreaterThan(0);
      for (const [id, number] of acknowledged) {
        // A newer one may have been stored whose answer the kill cut off.
        expect(reports.get(id)?.number).toBeGreaterThanOrEqual(number);
        expect(reports.get(id)?.filler).toHaveLength(20_000);
      }
      expect(listed.stderr).not.toContain("set aside");
    }
  });

  it("refuses hostile requests on the wire and goes on", async () => {
    const url = await serve();
    const key = await makeKey("--scope", "ingest", "--scope", "read");
    const curl = async (args: string, input?: Buffer) => {
      const command = `curl -s -o /dev/null -w '%{http_code}' -H "x-api-key: ${key}" ${args}`;
      return (await runShell(command, { home, ...(input ? { input } : {}) })).stdout;
    };
    const big = Buffer.alloc(10 * 1024 * 1024, 0x20);
    expect(await curl(`-T - ${url}/v1/reports/a`, big)).toBe("413");
    await writeFile(join(home, "big.json"), big);
    expect(await curl(`-T big.json ${url}/v1/reports/a`)).toBe("413");
    expect(await curl(`--path-as-is -X PUT -d '{}' '${url}/v1/reports/../../keys/v1/x.json'`)).toMatch(
      /^40[045]$/,
    );
    expect(await curl(`--path-as-is -X PUT -d '{}' '${url}/v1/reports/..%2f..%2fx'`)).toBe("400");
    expect(await curl(`-X PUT -d '{}' '${url}/v1/reports/a%00b'`)).toBe("400");
    expect(await curl(`-H "x-filler: ${"x".repeat(20_000)}" ${url}/v1/reports`)).toBe("431");
    expect(await curl(`'${url}/v1/reports?a=${"x".repeat(9000)}'`)).toBe("400");
    expect(
      await curl(`-X PUT --data-binary @- ${url}/v1/reports/a`, Buffer.from(`{"a":${"[".repeat(500_000)}`)),
    ).toBe("422");
    expect(await curl(`-X PUT --data-binary @- ${url}/v1/reports/a`, Buffer.from(report("a")))).toBe("200");
    expect(await curl(`${url}/v1/reports`)).toBe("200");
    const { stdout } = await runShell("find store -type f -path '*reports*'", { home });
    expect(stdout.trim()).toBe("store/reports/v1/local/a.json");
  });

  it("tells a stranger nothing, and writes no key into its log", async () => {
    const child = startProgram(["serve", "--store", storeUrl(), "--listen", "127.0.0.1:0"], {
      home,
      env: { ROLLCALL_LOG_LEVEL: "debug" },
    });
    let log = "";
    child.stderr?.on("data", (bytes: Buffer) => {
      log += bytes.toString();
    });
    const [url] = await waitForOutput(child, /http:\/\/127\.0\.0\.1:\d+/);
    server = { child, url };
    const key = await makeKey("--scope", "read");
    const { stdout } = await runShell(
      `for k in "" rc_x "${key.slice(0, -3)}AAA"; do curl -s -w ' %{http_code} ` +
        `%{content_type}\\n' -H "x-api-key: $k" ${url}/v1/reports; done | sort -u`,
      { home },
    );
    expect(
      stdout
        .trim()
        .split("\n")
        .filter((line) => line.includes("401 application/problem+json")),
    ).toHaveLength(1);
    expect((await runShell(`curl -s -H 'x-api-key: ${key}' ${url}/v1/reports`, { home })).stdout).toBe(
      "[]\n",
    );
    await stop(child, "SIGTERM");
    expect(log).toContain("/v1/reports");
    expect(log).not.toContain(key);
    expect(log).not.toContain(key.split("_").at(-1));
  });

  it("speaks TLS with the files it is given, and refuses to leave loopback without", async () => {
    await runShell(
      "openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days " +
        "1 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1",
      { home },
    );
    const url = await serve("--tls-cert", `${home}/cert.pem`, "--tls-key", `${home}/key.pem`);
    expect(url).toMatch(/^https:/);
    expect((await runShell(`curl -s --cacert cert.pem ${url}/healthz`, { home })).stdout).toBe("ok\n");
    const open = await run(["serve", "--store", storeUrl(), "--listen", "0.0.0.0:0"], { home });
    expect(open.code).toBe(1);
    expect(open.stderr).toContain("--behind-proxy");
  });

  it("answers 304 to curl's own ETag options", async () => {
    const url = await serve();
    const key = await makeKey("--scope", "ingest", "--scope", "read");
    await runShell(`curl -fsS -X PUT -H "x-api-key: ${key}" -d '${report("a")}' ${url}/v1/reports/a`, {
      home,
    });
    const ask =
      "curl -fsS --compressed --etag-save e --etag-compare e -o out.json -w " +
      `'%{http_code} %{size_download}' -H "x-api-key: ${key}" ${url}/v1/reports`;
    expect((await runShell(ask, { home })).stdout).toMatch(/^200 [1-9]/);
    expect((await runShell(ask, { home })).stdout).toBe("304 0");
  });
});
