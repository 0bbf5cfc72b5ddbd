// Bad days of a server, run against the built program: the same on Node (server.test.ts) and in the
// executable (executable-hostile.test.ts).
import type { ChildProcess } from "node:child_process";
import { mkdir, readdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runHere } from "../command.ts";
import {
  findPort,
  makeHome,
  type RunOptions,
  run,
  runShell,
  startProgram,
  stop,
  waitForOutput,
} from "../program.ts";

const WAIT = { timeout: 120_000, interval: 100 };

/**
 * A share of a second, many times over: what a log's reader that stands still would have stopped.
 */
const REQUESTS = 1000;

/** Runs the whole set. @param program the executable; without it, the program on Node */
export function describeServer(name: string, program?: string): void {
  describe(`${name}: a server's bad days`, () => {
    let home: string;
    let remove: () => Promise<void>;
    const children: ChildProcess[] = [];
    beforeEach(async () => {
      ({ home, remove } = await makeHome());
    });
    afterEach(async () => {
      await Promise.all(children.splice(0).map((child) => stop(child, "SIGKILL")));
      await remove();
    });

    const options = (env: RunOptions["env"] = {}): RunOptions => ({
      home,
      env,
      ...(program !== undefined && { program }),
    });
    const command =
      program ?? `${process.execPath} ${fileURLToPath(new URL("../../dist/main.js", import.meta.url))}`;

    async function makeKey(scope: string): Promise<string> {
      const args = ["keys", "create", "--store", "file:store", "--scope", scope];
      const { stdout, code } = await (program === undefined ? runHere(args, { home }) : run(args, options()));
      expect(code).toBe(0);
      return stdout.trim();
    }

    /** Starts a server and gathers its log. */
    async function serve(args: readonly string[] = [], env: RunOptions["env"] = {}) {
      const child = startProgram(
        ["serve", "--store", "file:store", "--listen", "127.0.0.1:0", ...args],
        options(env),
      );
      children.push(child);
      const log: string[] = [];
      child.stderr?.on("data", (bytes: Buffer) => log.push(bytes.toString()));
      const [url] = await waitForOutput(child, /https?:\/\/127\.0\.0\.1:\d+/);
      return { child, url, log: () => log.join("") };
    }

    /**
     * Starts a server whose stderr is what a line of shell says, and finds where it listens by its
     * process.
     */
    async function serveInto(redirection: string, port: number): Promise<ChildProcess> {
      const line = `exec ${command} serve --store file:store --listen 127.0.0.1:${port} ${redirection}`;
      const child = startProgram(["-c", line], {
        home,
        program: "/bin/bash",
        env: { ROLLCALL_LOG_LEVEL: "debug" },
      });
      children.push(child);
      await expect.poll(() => ask(`http://127.0.0.1:${port}/healthz`), WAIT).toBe(200);
      return child;
    }

    const ask = (url: string, key = "", init: RequestInit = {}) =>
      fetch(url, { ...init, headers: { "x-api-key": key } }).then(
        async (response) => {
          await response.arrayBuffer();
          return response.status;
        },
        () => 0,
      );

    it("answers, and ends at SIGTERM, while its log is on a full disk", async () => {
      const port = findPort(0);
      const child = await serveInto("2> /dev/full", port);
      for (let count = 0; count < 20; count++)
        expect(await ask(`http://127.0.0.1:${port}/healthz`)).toBe(200);
      expect(await stop(child, "SIGTERM")).toBe(0);
    });

    it("answers, and ends at SIGTERM, while the reader of its log stands still, or is gone", async () => {
      const port = findPort(1);
      const still = await serveInto("2> >(sleep 30 > /dev/null 2>&1)", port);
      for (let count = 0; count < REQUESTS; count++)
        expect(await ask(`http://127.0.0.1:${port}/healthz`)).toBe(200);
      expect(await stop(still, "SIGTERM")).toBe(0);
      const gone = await serveInto("2> >(true > /dev/null 2>&1)", port);
      for (let count = 0; count < 20; count++)
        expect(await ask(`http://127.0.0.1:${port}/healthz`)).toBe(200);
      expect(await stop(gone, "SIGTERM")).toBe(0);
    });

    it("tells how many lines were lost when its log can be written again", async () => {
      const port = findPort(2);
      // A file may grow to a bound: the limit that is softest is lifted from outside.
      const child = await serveInto("2>> log", port);
      const limit = async (bytes: string) => {
        const { code } = await runShell(`prlimit --pid ${child.pid} --fsize=${bytes}:unlimited`, { home });
        expect(code).toBe(0);
      };
      await limit("1000");
      for (let count = 0; count < 20; count++)
        expect(await ask(`http://127.0.0.1:${port}/healthz`)).toBe(200);
      await limit("unlimited");
      expect(await ask(`http://127.0.0.1:${port}/healthz`)).toBe(200);
      const { stdout } = await runShell("cat log", { home });
      expect(stdout).toMatch(
        /"dropped":\d+,"reason":"EFBIG","msg":"\d+ log lines could not be written"\}\n\{.*"msg":"answered"\}\n$/,
      );
      expect(await stop(child, "SIGTERM")).toBe(0);
    });

    it(
      "gives 503 or what is known while its folder is away, makes no other, and goes " + "on when it is back",
      async () => {
        const [read, ingest] = [await makeKey("read"), await makeKey("ingest")];
        const { url } = await serve();
        const put = (id: string) =>
          ask(`${url}/v1/reports/${id}`, ingest, {
            method: "PUT",
            body: JSON.stringify({ update_date: new Date().toISOString(), instance_id: id }),
          });
        expect(await put("a")).toBe(200);
        expect(await ask(`${url}/v1/reports`, read)).toBe(200);
        await rename(join(home, "store"), join(home, "away"));
        await mkdir(join(home, "store"));
        // Longer than a view of the roll stands.
        await expect.poll(() => ask(`${url}/v1/reports`, read), WAIT).toBe(503);
        for (const path of ["reports", "reports/a", "versions", "coverage", "problems"]) {
          expect(await ask(`${url}/v1/${path}`, read), path).toBe(503);
          expect(await ask(`${url}/v1/${path}?partial=ok`, read), path).toBe(200);
        }
        expect(await put("b")).toBe(503);
        expect(await readdir(join(home, "store"))).toEqual([]);
        expect((await runHere(["list", "--store", "file:store"], { home })).stderr).toContain(
          "is empty and no store",
        );
        await runShell("rmdir store && mv away store", { home });
        expect(await put("b")).toBe(200);
        await expect.poll(() => ask(`${url}/v1/reports`, read), WAIT).toBe(200);
      },
    );

    it("ends with 1 and one line on a store that its user may not read, and so does start", async () => {
      await makeKey("read");
      // Root without its privileges, and another's folder; whoever is not root is shut out by the
      // mode alone.
      const isRoot = process.getuid?.() === 0;
      await runShell(isRoot ? "chown -R 65534 store && chmod 700 store" : "chmod 000 store", { home });
      const drop = isRoot ? "setpriv --bounding-set=-all --inh-caps=-all -- " : "";
      for (const verb of ["serve", "start"]) {
        const line = `${drop}${command} ${verb} --store file:store --listen 127.0.0.1:0`;
        const { code, stdout, stderr } = await runShell(line, { home });
        expect({ code, stdout, stderr }, verb).toEqual({
          code: 1,
          stdout: "",
          stderr: expect.stringMatching(
            /^rollcall: \[store\] \[file\] cannot [^\n]*store[^\n]*EACCES: this user may not[^\n]*\n$/,
          ),
        });
      }
      if (!isRoot) await runShell("chmod 700 store", { home });
    });

    it(
      "serves a renewed certificate at SIGHUP, and no other signal than SIGTERM and " + "SIGINT ends it",
      async () => {
        const make = (subject: string) =>
          runShell(
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes " +
              `-keyout key.pem -out cert.pem -days 2 -subj /CN=${subject}`,
            { home },
          );
        const meet = async (url: string) => {
          const { stdout } = await runShell(
            `curl -skv ${url}/healthz 2>&1 | sed -n 's/.*subject: CN *= *//p'`,
            { home },
          );
          return stdout.trim();
        };
        await make("old");
        const { child, url, log } = await serve(["--tls-cert", "cert.pem", "--tls-key", "key.pem"]);
        expect(await meet(url)).toBe("old");
        await make("new");
        for (const signal of ["SIGUSR1", "SIGUSR2", "SIGHUP"] as const) child.kill(signal);
        await expect.poll(() => meet(url), WAIT).toBe("new");
        await writeFile(join(home, "cert.pem"), "none");
        child.kill("SIGHUP");
        await expect.poll(log, WAIT).toContain("cert.pem holds no certificate in PEM");
        expect(await meet(url)).toBe("new");
        expect(log()).not.toContain("ebugger");
        expect(await stop(child, "SIGTERM")).toBe(0);
      },
    );

    it(
      "is seen to have died in the middle of an answer, through nginx as it comes and " + "by HTTP/1.0",
      async () => {
        const key = await makeKey("read");
        // More than the sockets on the way hold: what they hold arrives though the server is dead.
        const reports = 4000;
        for (let index = 0; index < reports; index++) {
          const report = {
            update_date: new Date().toISOString(),
            instance_id: `i-${index}`,
            pad: "x".repeat(10_000),
          };
          await writeFile(join(home, `store/i-${index}.json`), JSON.stringify(report));
        }
        const { child, url } = await serve();
        const front = findPort(3);
        const folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
          (one) => `${one}_temp_path ${home}/t-${one};`,
        );
        const upstream = `location / { proxy_pass ${url}; proxy_max_temp_file_size 0; }`;
        await writeFile(
          join(home, "nginx.conf"),
          `daemon off; master_process off; pid ${home}/pid; error_log ${home}/nginx.log;
worker_processes 1; events { worker_connections 64; }
http { access_log off; ${folders.join(" ")} server { listen 127.0.0.1:${front}; ${upstream} } }`,
        );
        children.push(
          startProgram(["-c", "exec nginx -c $PWD/nginx.conf"], {
            home,
            program: "/bin/bash",
            env: { PATH: `${process.env.PATH}:/usr/sbin` },
          }),
        );
        await expect.poll(() => ask(`http://127.0.0.1:${front}/healthz`), WAIT).toBe(200);
        const lines = (more: string) =>
          runShell(`curl -s -H 'x-api-key: ${key}' -H 'accept: application/x-ndjson' ${more}`, { home });
        const whole = await lines(`http://127.0.0.1:${front}/v1/reports | wc -l`);
        expect(Number(whole.stdout)).toBe(reports);
        // Slow enough that the answer is under way when the server dies, whatever the machine does.
        const slow = [
          `http://127.0.0.1:${front}/v1/reports`,
          `--http1.0 ${url}/v1/reports`,
          `--http1.0 --compressed '${url}/v1/reports?meta=true'`,
        ];
        const asked = slow.map((where, at) =>
          lines(`--limit-rate 4M -o out-${at} -w '%{http_code}' ${where}`),
        );
        await expect
          .poll(async () => (await readdir(home)).filter((one) => one.startsWith("out-")).length, WAIT)
          .toBeGreaterThanOrEqual(2);
        await stop(child, "SIGKILL");
        const [throughNginx, plain] = await Promise.all(asked);
        for (const one of [throughNginx, plain]) expect(one).toMatchObject({ code: 18, stdout: "200" });
      },
    );
  });
}
