// What proxies and certificates mean for the built program: the same on Node (network.test.ts) and
// in the executable (executable-network.test.ts).
import { execFileSync } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { USUAL_METADATA } from "../src/testing/metadata-server.ts";
import { makeHome, type RunOptions, run, runShell, startProgram, stop, waitForOutput } from "./program.ts";
import { listen, startProxy } from "./proxy.ts";

const SPEC = "version: 1\ncollect:\n  - host: { metadata: off }\n";
const LOGIN = "us er:p@ss%";
const WITH_LOGIN = "http://us%20er:p%40ss%25@";
const KEY = { ROLLCALL_KEY: "rc_x" };

/** Runs the whole set. @param program the executable; without it, the program on Node */
export function describeNetwork(name: string, program?: string): void {
  describe(`${name}: proxies and certificates`, () => {
    let home: string;
    let remove: () => Promise<void>;
    beforeEach(async () => {
      ({ home, remove } = await makeHome());
      await writeFile(join(home, "spec.yaml"), SPEC);
    });
    afterEach(() => remove());

    const call = (args: readonly string[], env: RunOptions["env"] = {}) =>
      run(args, { home, env: { ...KEY, ...env }, ...(program !== undefined && { program }) });
    const report = (target: string, env: RunOptions["env"] = {}) =>
      call(["report", "--spec", "spec.yaml", "--state", "state", ...target.split(" ")], env);

    /** A Rollcall server as far as a report needs one. */
    function takeReports(): { listener: RequestListener; seen: string[] } {
      const seen: string[] = [];
      const listener: RequestListener = (request, response) => {
        seen.push(
          `${request.method} ` +
            `${request.url}${request.headers["x-api-key"] === KEY.ROLLCALL_KEY ? "" : " without the key"}`,
        );
        request.resume().on("end", () => response.writeHead(200, { "rollcall-api": "v1" }).end("{}"));
      };
      return { listener, seen };
    }

    /** A CA of a company, and certificates of it. */
    async function makeCertificates() {
      const folder = join(home, "tls");
      await mkdir(folder);
      const openssl = (line: string) =>
        execFileSync("openssl", line.split(" "), { cwd: folder, stdio: "ignore" });
      openssl(
        "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 9 -subj " +
          "/CN=corp -addext keyUsage=critical,keyCertSign",
      );
      openssl("req -newkey rsa:2048 -nodes -keyout key.pem -out csr.pem -subj /CN=rollcall.test");
      const sign = async (file: string, host: string, days: number) => {
        await writeFile(join(folder, "names"), `subjectAltName=DNS:${host}\n`);
        openssl(
          "x509 -req -in csr.pem -CA ca.pem -CAkey ca.key -CAcreateserial -out " +
            `${file} -days ${days} -extfile names`,
        );
        return await readFile(join(folder, file), "utf8");
      };
      return {
        ca: join(folder, "ca.pem"),
        key: await readFile(join(folder, "key.pem"), "utf8"),
        good: await sign("good.pem", "rollcall.test", 9),
        expired: await sign("expired.pem", "rollcall.test", -1),
        other: await sign("other.pem", "other.test", 9),
      };
    }

    it("loopback goes through no proxy, whatever stands in the environment", async () => {
      const proxy = await startProxy({ hosts: {} });
      const { listener, seen } = takeReports();
      const port = await listen(createServer(listener));
      const { url } = proxy;
      for (const env of [
        { HTTP_PROXY: url, HTTPS_PROXY: url, ALL_PROXY: url },
        { http_proxy: url, https_proxy: url, all_proxy: url, NO_PROXY: "example.com" },
      ])
        for (const host of ["127.0.0.1", "localhost"])
          expect(await report(`--server http://${host}:${port}`, env)).toMatchObject({ code: 0 });
      expect(seen).toHaveLength(4);
      expect(proxy.requests).toEqual([]);
    });

    it(
      "http is forwarded as it is and https tunnelled, with the user and password of " + "the variable's URL",
      async () => {
        const { ca, key, good } = await makeCertificates();
        const { listener, seen } = takeReports();
        const hosts = {
          "plain.test": await listen(createServer(listener)),
          "rollcall.test": await listen(createTlsServer({ key, cert: good }, listener)),
        };
        const proxy = await startProxy({ login: LOGIN, hosts });
        const url = proxy.url.replace("http://", WITH_LOGIN);
        expect(await report("--server http://plain.test", { http_proxy: url })).toMatchObject({ code: 0 });
        expect(
          await report("--server https://rollcall.test", { HTTPS_PROXY: url, SSL_CERT_FILE: ca }),
        ).toMatchObject({ code: 0 });
        expect(
          await report("--server https://rollcall.test", {
            ALL_PROXY: url.replace("http://", ""),
            NODE_EXTRA_CA_CERTS: ca,
          }),
        ).toMatchObject({ code: 0 });
        expect(proxy.requests).toEqual([
          expect.stringMatching(/^PUT http:\/\/plain\.test\/v1\/reports\//),
          "CONNECT rollcall.test:443",
          "CONNECT rollcall.test:443",
        ]);
        expect(seen).toHaveLength(3);
        expect(seen.join()).not.toContain("without the key");
      },
    );

    it("an error names the proxy, and never its password", async () => {
      const proxy = await startProxy({ login: LOGIN, hosts: {} });
      for (const server of ["http://rollcall.test", "https://rollcall.test"]) {
        const ask = async (proxyUrl: string) => {
          const { code, stderr } = await call(["list", "--server", server, "--json"], {
            HTTP_PROXY: proxyUrl,
            https_proxy: proxyUrl,
          });
          expect(code).toBe(1);
          expect(stderr).not.toMatch(/s3cret|fetch failed|verbose|\n {4}at /);
          return stderr;
        };
        expect(await ask(proxy.url)).toMatch(
          /the proxy http:\/\/127\.0\.0\.1:\d+ \((HTTP_PROXY|https_proxy)\) wants a user and password/,
        );
        expect(await ask(proxy.url.replace("http://", "http://u:s3cret@"))).toContain(
          "does not accept the user and password",
        );
        expect(await ask("socks5://u:s3cret@127.0.0.1:1")).toContain("names a SOCKS proxy");
        expect(await ask("http://")).toContain("names no proxy");
      }
    });

    it("a proxy that is away is named", { timeout: 240_000 }, async () => {
      const env = { HTTPS_PROXY: "http://u:s3cret@127.0.0.1:1" };
      const { stderr, code } = await call(
        ["doctor", "--no-send", "--json", "--server", "https://rollcall.test"],
        env,
      );
      expect(code).toBe(1);
      expect(stderr).not.toContain("s3cret");
      const { stdout } = await call(
        ["doctor", "--no-send", "--json", "--server", "https://rollcall.test"],
        env,
      );
      const findings = JSON.parse(stdout) as { check: string; detail: string }[];
      expect(findings.find(({ check }) => check === "clock")?.detail).toContain(
        "through the proxy http://127.0.0.1:1 (HTTPS_PROXY): the connection is refused (ECONNREFUSED)",
      );
      expect(findings.find(({ check }) => check === "network")?.detail).toContain(
        "through the proxy http://127.0.0.1:1 (HTTPS_PROXY)",
      );
      expect(stdout).not.toContain("s3cret");
    });

    it("S3, STS and AWS's library go the same way, but for what is near", async () => {
      const asked: string[] = [];
      const aws = createServer((request, response) => {
        const chunks: Buffer[] = [];
        request.on("data", (chunk: Buffer) => chunks.push(chunk));
        request.on("end", () => {
          const text = `${request.url} ${Buffer.concat(chunks).toString()}`;
          const action = /Action=(\w+)/.exec(text)?.[1] ?? request.method ?? "";
          asked.push(action);
          const end = new Date(Date.now() + 3_600_000).toISOString();
          if (action === "AssumeRoleWithWebIdentity") {
            response.setHeader("content-type", "text/xml");
            response.end(
              "<AssumeRoleWithWebIdentityResponse " +
                `xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>${end}</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`,
            );
          } else if (action === "GetCallerIdentity")
            response.end(
              "<GetCallerIdentityResponse><Account>123456789012</Account><UserId>AIDA</UserId></GetCallerIdentityResponse>",
            );
          // Nothing is there yet: a report looks whose place it takes.
          else if (action === "GET") response.writeHead(404).end("<Error><Code>NoSuchKey</Code></Error>");
          else response.writeHead(200, { etag: '"e"' }).end();
        });
      });
      const near = createServer((_request, response) => {
        asked.push("container");
        const Expiration = new Date(Date.now() + 3_600_000).toISOString();
        response.end(JSON.stringify({ AccessKeyId: "A", SecretAccessKey: "s", Token: "t", Expiration }));
      });
      const port = await listen(aws);
      const proxy = await startProxy({ hosts: { "s3.test": port, "sts.test": port } });
      await writeFile(join(home, "token"), "web.identity.token");
      const env = { http_proxy: proxy.url, AWS_ENDPOINT_URL_STS: "http://sts.test", AWS_REGION: "us-east-1" };
      const role = {
        AWS_ROLE_ARN: "arn:aws:iam::123456789012:role/hosts",
        AWS_WEB_IDENTITY_TOKEN_FILE: join(home, "token"),
      };
      const store = "--store s3://bucket?endpoint=http://s3.test";
      expect(await report(store, { ...env, ...role })).toMatchObject({ code: 0 });
      expect(asked).toEqual(["AssumeRoleWithWebIdentity", "GetCallerIdentity", "GET", "PUT"]);
      expect(proxy.requests).toHaveLength(4);
      const uri = `http://127.0.0.1:${await listen(near)}/credentials`;
      expect(await report(store, { ...env, AWS_CONTAINER_CREDENTIALS_FULL_URI: uri })).toMatchObject({
        code: 0,
      });
      expect(asked.slice(4)).toEqual(["container", "GetCallerIdentity", "GET", "PUT"]);
      expect(proxy.requests).toHaveLength(7);
    });

    it("publishers go through proxies and trust the same CAs", async () => {
      const { ca, key, good } = await makeCertificates();
      const bodies: string[] = [];
      const hook = createTlsServer({ key, cert: good }, (request, response) => {
        bodies.push(request.url ?? "");
        request.resume().on("end", () => response.end());
      });
      const proxy = await startProxy({ hosts: { "rollcall.test": await listen(hook) } });
      await writeFile(
        join(home, "config.yaml"),
        "store: file:store\npublishers:\n  hook:\n    kind: webhook\n    url: https://rollcall.test/hook\n",
      );
      expect(await report("--store file:store")).toMatchObject({ code: 0 });
      const args = ["publish", "hook", "--config", "config.yaml"];
      const untrusted = await call(args, { HTTPS_PROXY: proxy.url });
      expect(untrusted.code).toBe(1);
      expect(untrusted.stderr).toContain(
        "its certificate is from a CA not known here; name the CA's file in SSL_CERT_FILE",
      );
      expect(await call(args, { HTTPS_PROXY: proxy.url, SSL_CERT_FILE: ca })).toMatchObject({ code: 0 });
      expect(bodies).toEqual(["/hook"]);
    });

    it(
      "a certificate that is not trusted is told with what to do; unknown CA, expired " +
        "and another name apart",
      async () => {
        const { ca, key, good, expired, other } = await makeCertificates();
        const { listener, seen } = takeReports();
        const ask = async (cert: string, env: RunOptions["env"]) => {
          const proxy = await startProxy({
            hosts: { "rollcall.test": await listen(createTlsServer({ key, cert }, listener)) },
          });
          return await report("--server https://rollcall.test", { https_proxy: proxy.url, ...env });
        };
        const advice = "name the CA's file in SSL_CERT_FILE or NODE_EXTRA_CA_CERTS";
        const unknown = await ask(good, {});
        expect(unknown).toMatchObject({ code: 1, stdout: "" });
        expect(unknown.stderr).toContain(
          `cannot be asked: its certificate is from a CA not known here; ${advice}`,
        );
        expect(unknown.stderr.split("\n")).toHaveLength(2);
        expect((await ask(expired, { SSL_CERT_FILE: ca })).stderr).toContain(
          "its certificate has expired, or this machine's clock is ahead",
        );
        expect((await ask(other, { NODE_EXTRA_CA_CERTS: ca })).stderr).toContain(
          "its certificate is for another name than rollcall.test",
        );
        const missing = await ask(good, { NODE_EXTRA_CA_CERTS: "/nowhere.pem" });
        expect(missing.stderr).toContain(
          `${advice}; NODE_EXTRA_CA_CERTS names /nowhere.pem, which cannot be read`,
        );
        const empty = await ask(good, { SSL_CERT_FILE: join(home, "spec.yaml") });
        expect(empty.stderr).toContain("warning: SSL_CERT_FILE names");
        expect(empty.stderr).toContain("holds no certificate");
        expect(seen).toEqual([]);
        expect((await ask(good, { SSL_CERT_FILE: ca, NODE_EXTRA_CA_CERTS: "/nowhere.pem" })).code).toBe(0);
      },
    );

    it("EC2's metadata service is asked directly, in each of the variables' forms", async () => {
      const service = `
        const { createServer } = require("node:http");
        const facts = JSON.parse(process.env.FACTS);
        const serve = (id) => (request, response) => {
          if (request.method === "PUT") return response.end("TOKEN==");
          const path = request.url.replace(/^.*\\/latest\\//, "");
          const fact = path === "meta-data/instance-id" ? id : facts[path];
          response.writeHead(fact === undefined ? 404 : 200).end(fact);
        };
        createServer(serve("i-0aaaaaaaaaaaaaaa1")).listen(80, "169.254.169.254", () =>
          createServer(serve("i-0bbbbbbbbbbbbbbb2")).listen(3128, "127.0.0.1", () => console.log("ready")));`;
      await writeFile(join(home, "service.cjs"), service);
      await writeFile(join(home, "ec2.yaml"), "version: 1\ncollect:\n  - host: { metadata: required }\n");
      const command =
        program ?? `${process.execPath} ${fileURLToPath(new URL("../dist/main.js", import.meta.url))}`;
      const once = (env: string) => `env ${env} ${command} report --print --spec ec2.yaml`;
      const proxy = "http://127.0.0.1:3128";
      const lines = [
        `HTTP_PROXY=${proxy}`,
        `http_proxy=${proxy} NO_PROXY=localhost`,
        `ALL_PROXY=${proxy}`,
      ].map(once);
      const script =
        `ip link set lo up; ip addr add 169.254.169.254/32 dev lo; ${process.execPath} ` +
        "service.cjs > ready & s=$!; until [ -s ready ]; do sleep 0.1; done; " +
        `${lines.join("; ")}; kill $s`;
      const { stdout, stderr } = await runShell(`unshare -n sh -c '${script}'`, {
        home,
        env: { FACTS: JSON.stringify(USUAL_METADATA) },
      });
      const ids = stdout
        .trim()
        .split("\n")
        .map((line) => (JSON.parse(line) as { instance_id: string }).instance_id);
      expect({ ids, stderr }).toEqual({ ids: Array(3).fill("i-0aaaaaaaaaaaaaaa1"), stderr: "" });
    });

    it(
      "Retry-After is obeyed by a report and by the agent, which takes no stranger's " + "200 for an arrival",
      async () => {
        const times: number[] = [];
        const server = createServer((request, response) => {
          times.push(performance.now());
          const isLast = times.length % 3 === 0;
          request.resume().on("end", () => {
            if (times.length % 3 === 1) response.writeHead(503, { "retry-after": "2" }).end();
            else
              response
                .writeHead(200, times.length === 5 ? {} : { "rollcall-api": "v1" })
                .end(isLast ? "{}" : "<html>Sign in</html>");
          });
        });
        const url = `http://127.0.0.1:${await listen(server)}`;
        expect(await report(`--server ${url}`)).toMatchObject({ code: 0 });
        expect(times.length).toBe(2);
        expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(1900);
        times.push(0);
        const args = ["agent", "--spec", "spec.yaml", "--state", "agent", "--server", url];
        const agent = startProgram(args, { home, env: KEY, ...(program !== undefined && { program }) });
        try {
          const [log] = await waitForOutput(agent, /[\s\S]*"msg":"reported"/);
          expect(times.length).toBe(6);
          expect((times[4] ?? 0) - (times[3] ?? 0)).toBeGreaterThan(1900);
          expect(log).toContain("answered 200 without Rollcall's headers");
          expect(log).not.toMatch(/stack/);
        } finally {
          await stop(agent, "SIGKILL");
        }
      },
    );

    it("a reset in the middle of a put is tried again, in words of our own", async () => {
      let turn = 0;
      const server = createServer((request, response) => {
        turn++;
        if (turn === 1) return void request.once("data", () => request.socket.resetAndDestroy());
        if (turn === 2) return void request.socket.destroy();
        request.resume().on("end", () => response.writeHead(200, { "rollcall-api": "v1" }).end("{}"));
      });
      const { code, stderr } = await report(`--server http://127.0.0.1:${await listen(server)}`);
      expect(code).toBe(0);
      expect(turn).toBe(3);
      expect(stderr.match(/the connection was closed in the middle.*; trying again/g)).toHaveLength(2);
      expect(stderr).not.toMatch(/fetch failed|verbose|other side/);
    });
  });
}
