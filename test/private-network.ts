// Hosts in a company's private network, where only what they need exists: the built program on Node
// (private-network.test.ts) and the executable (executable-private-network.test.ts), with a real S3
// server behind AWS's own names.
import { execFileSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createServer as createTcpServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeAll, beforeEach, describe, expect, inject, it, onTestFinished } from "vitest";
import { openStore } from "../src/store/open.ts";
import { startMetadataServer, USUAL_METADATA } from "../src/testing/metadata-server.ts";
import { startStsDouble } from "../src/testing/sts-double.ts";
import { LOST, openNetwork } from "./network-namespace.ts";
import { type Finished, makeHome } from "./program.ts";
import { listen, startProxy } from "./proxy.ts";
import { makeBucket, putPolicy } from "./s3/bucket.ts";
import { assumeRole, type S3Session } from "./s3/session.ts";
import { startTamperProxy, type TamperProxy } from "./s3/tamper-proxy.ts";

const REGION = "ap-northeast-1";
const S3 = `s3.${REGION}.amazonaws.com`;
const STS = `sts.${REGION}.amazonaws.com`;
const VPCE = `bucket.vpce-1a2b3c4d-5e6f.s3.${REGION}.vpce.amazonaws.com`;
const SERVER = "rollcall.corp.test";

const ID = USUAL_METADATA["meta-data/instance-id"] ?? "";
const ACCOUNT = "123456789012";
const ROLE = "rollcall-host";
/** As the STS double says. */
const ROLE_ID = "AROA123EXAMPLE123";
const KEY = `reports/v1/${ACCOUNT}/${ROLE_ID}:${ID}.json`;

const AT = { s3: "10.0.0.10", vpce: "10.0.0.11", sts: "10.0.0.12", proxy: "10.0.0.20", server: "10.0.0.30" };
const IMDS = "169.254.169.254";

/** What is asked and never answered may take so long, on a machine with much else to do; ms. */
const PATIENCE_MS = 60_000;

interface Finding {
  readonly check: string;
  readonly outcome: string;
  readonly hop?: string;
  readonly detail: string;
  readonly fix?: string;
}

/** Runs the whole set. @param program the executable; without it, the program on Node */
export function describePrivateNetwork(name: string, program?: string): void {
  describe(`${name} in a private network`, () => {
    const server = inject("s3");
    // With a dot the bucket stands in the path, and AWS's names need no wildcard.
    const bucket = `private.${program === undefined ? "node" : "executable"}`;
    const command =
      program ?? `${process.execPath} ${fileURLToPath(new URL("../dist/main.js", import.meta.url))}`;
    let session: S3Session;
    let home: string;
    let remove: () => Promise<void>;
    let ca: string;
    let tls: { key: string; cert: string };
    let aws: TamperProxy;
    let metadata: Awaited<ReturnType<typeof startMetadataServer>>;

    beforeAll(async () => {
      await makeBucket(server, bucket);
      session = await assumeRole(server, `hosts-${bucket}`, ID);
      // As the store's stack has it, filled in for this instance.
      const own = ["reports", "departures"].map(
        (area) => `arn:aws:s3:::${bucket}/${area}/v1/${ACCOUNT}/${ROLE_ID}?${ID}.json`,
      );
      const deny = { Effect: "Deny", Principal: { AWS: "*" }, Action: "s3:PutObject", NotResource: own };
      await putPolicy(server, bucket, [deny]);
    });
    beforeEach(async () => {
      ({ home, remove } = await makeHome());
      await writeFile(join(home, "spec.yaml"), "version: 1\ncollect:\n  - host: { metadata: required }\n");
      ca = join(home, "ca.pem");
      const names = [S3, STS, VPCE, SERVER].map((one) => `DNS:${one}`).join(",");
      const more = `-addext subjectAltName=${names}`;
      execFileSync(
        "openssl",
        `req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out ca.pem -days 2 -subj /CN=aws ${more}`.split(
          " ",
        ),
        { cwd: home, stdio: "ignore" },
      );
      tls = { key: await readFile(join(home, "key.pem"), "utf8"), cert: await readFile(ca, "utf8") };
      aws = await startTamperProxy({ target: server.endpoint, tls });
      metadata = await startMetadataServer({ paths: describeRole() });
    });
    afterEach(async () => {
      await metadata.close();
      await aws.stop();
      await remove();
    });

    /** What EC2 says of the instance's role, whose credentials are a session's of the S3 server. */
    function describeRole(): Record<string, string> {
      const { accessKeyId, secretAccessKey, sessionToken } = session;
      return {
        ...USUAL_METADATA,
        "meta-data/iam/info": JSON.stringify({ InstanceProfileId: "AIPA123EXAMPLE123" }),
        "meta-data/iam/security-credentials/": ROLE,
        [`meta-data/iam/security-credentials/${ROLE}`]: JSON.stringify({
          Code: "Success",
          AccessKeyId: accessKeyId,
          SecretAccessKey: secretAccessKey,
          Token: sessionToken,
          Expiration: new Date(Date.now() + 3_600_000).toISOString(),
        }),
      };
    }

    const imds = () => ({ [`${IMDS}:80`]: Number(new URL(metadata.source.endpoint).port) });
    /** A gateway endpoint for S3, and nothing else: STS's name is known, and leads nowhere. */
    const gateway = () => ({
      names: { [S3]: AT.s3, [STS]: LOST },
      services: { ...imds(), [`${AT.s3}:443`]: aws.port },
    });
    const store = `'s3://${bucket}?region=${REGION}'`;
    const ENV = () => ({
      AWS_EC2_METADATA_SERVICE_ENDPOINT: `http://${IMDS}`,
      AWS_CA_BUNDLE: ca,
      SSL_CERT_FILE: ca,
    });
    const report = (more = "", target = `--store ${store}`) =>
      `${command} report --spec spec.yaml --state state ${target} ${more}`;

    async function listKeys(): Promise<string[]> {
      const direct = await openStore(`s3://${bucket}?endpoint=${server.endpoint}`, {
        clock: Date.now,
        env: {
          AWS_ACCESS_KEY_ID: server.user.accessKeyId,
          AWS_SECRET_ACCESS_KEY: server.user.secretAccessKey,
        },
      });
      const keys: string[] = [];
      for await (const page of direct.list("reports/")) keys.push(...page.map(({ key }) => key));
      for (const key of keys) await direct.delete(key);
      await direct.close?.();
      return keys;
    }

    /** With the ms that it took from now on. */
    async function timed(running: Promise<Finished>): Promise<Finished & { readonly ms: number }> {
      const beganAt = performance.now();
      return { ...(await running), ms: performance.now() - beganAt };
    }

    /** @param state a folder of its own where another program runs beside it */
    async function examine(
      run: Awaited<ReturnType<typeof openNetwork>>,
      more: string,
      { env = {}, state = "state" } = {},
    ) {
      const { stdout, stderr } = await run(
        `${command} doctor --json --spec spec.yaml --state ${state} ${more}`,
        { ...ENV(), ...env },
      );
      expect(stdout + stderr).not.toContain("s3cret");
      const findings = JSON.parse(stdout) as Finding[];
      return (check: string) => findings.find((finding) => finding.check === check);
    }

    it("S3's gateway endpoint alone is enough where the role's id is set", async () => {
      const run = await openNetwork(home, gateway());
      const done = await run(report(`--role-ids ${ACCOUNT}/${ROLE}=${ROLE_ID}`), ENV());
      expect(done).toMatchObject({ code: 0, stderr: expect.stringContaining(`reported ${ID}`) });
      expect(await listKeys()).toEqual([KEY]);
      expect(new Set(aws.asked.map(({ host }) => host))).toEqual(new Set([S3]));
      const of = await examine(run, `--store ${store} --role-ids ${ROLE_ID}`);
      expect(of("credentials")).toMatchObject({
        outcome: "ok",
        detail: `${ROLE_ID}:${ID} in ${ACCOUNT}, by --role-ids`,
      });
      expect(of("sts")).toMatchObject({ outcome: "skipped", detail: expect.stringContaining("need not be") });
      expect(of("send")).toMatchObject({ outcome: "ok" });
      expect(await listKeys()).toEqual([KEY]);
    });

    it("what STS said once is kept; without it nothing is written, and it is told what to do", async () => {
      const { accessKeyId, secretAccessKey, sessionToken } = session;
      const principal = `assumed-role/${ROLE}/${ID}`;
      const known = { accessKeyId, secretAccessKey, sessionToken, account: ACCOUNT, principal };
      const sts = await startStsDouble([known]);
      onTestFinished(() => sts.close());
      const stsTls = await startTamperProxy({ target: sts.endpoint, tls });
      onTestFinished(() => stsTls.stop());
      const closed = await openNetwork(home, gateway());
      const open = await openNetwork(home, {
        names: { [S3]: AT.s3, [STS]: AT.sts },
        services: { ...gateway().services, [`${AT.sts}:443`]: stsTls.port },
      });

      // Beside each other: all they do is wait.
      const [refused, of] = await Promise.all([
        timed(closed(report(), ENV())),
        examine(closed, `--store ${store} --no-send`, { state: "examined" }),
      ]);
      expect(refused.ms).toBeLessThan(PATIENCE_MS);
      expect(refused).toMatchObject({ code: 1, stdout: "" });
      expect(refused.stderr).toContain(`no answer from https://${STS}`);
      expect(refused.stderr).toContain(`set --role-ids to ${ACCOUNT}/${ROLE}=AROA…`);
      expect(refused.stderr).toContain(`com.amazonaws.${REGION}.sts`);
      expect(await listKeys()).toEqual([]);
      expect(of("credentials")).toMatchObject({
        outcome: "failed",
        hop: "sts",
        fix: expect.stringContaining("--role-ids"),
      });

      expect(await open(report(), ENV())).toMatchObject({ code: 0 });
      expect(sts.requests).toHaveLength(1);
      expect(await listKeys()).toEqual([KEY]);
      expect(await closed(report(), ENV())).toMatchObject({ code: 0 });
      expect(await listKeys()).toEqual([KEY]);
      // A wrong id in the settings is refused by the bucket; STS knows better, where it is open.
      const wrong = "--role-ids AROA999WRONG99999";
      const denied = await closed(report(wrong), ENV());
      expect(denied).toMatchObject({ code: 1, stderr: expect.stringContaining("is that the role's id?") });
      expect(await open(report(wrong), ENV())).toMatchObject({
        code: 0,
        stderr: expect.stringContaining(`STS has ${ROLE_ID}:${ID}`),
      });
      expect(await listKeys()).toEqual([KEY]);
      const refusal = await examine(closed, `--store ${store} ${wrong}`);
      expect(refusal("send")).toMatchObject({ outcome: "failed", hop: "policy" });
    });

    it("an interface endpoint for S3 is AWS: the key is the instance's own", async () => {
      const run = await openNetwork(home, {
        names: { [VPCE]: AT.vpce, [STS]: LOST },
        services: { ...imds(), [`${AT.vpce}:443`]: aws.port },
      });
      const target = `--store 's3://${bucket}?endpoint=https://${VPCE}' --role-ids ${ROLE_ID}`;
      expect(await run(report("", target), ENV())).toMatchObject({ code: 0 });
      expect(await listKeys()).toEqual([KEY]);
      expect(aws.asked.at(-1)?.headers.authorization).toContain(`/${REGION}/s3/aws4_request`);
    });

    it("S3 and a server through the proxy of each variable, where nothing but the proxy exists", async () => {
      const seen: string[] = [];
      const plain = createServer((request, response) => {
        seen.push(`${request.method} ${request.headers.host}`);
        request.resume().on("end", () => response.writeHead(200, { "rollcall-api": "v1" }).end("{}"));
      });
      const hosts = { [S3]: aws.port, [SERVER]: await listen(plain) };
      const proxy = await startProxy({ hosts, login: "corp:s3cret" });
      const run = await openNetwork(home, {
        names: { "proxy.corp.test": AT.proxy },
        services: { ...imds(), [`${AT.proxy}:3128`]: Number(new URL(proxy.url).port) },
      });
      const url = "http://corp:s3cret@proxy.corp.test:3128";
      for (const variable of ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]) {
        const done = await run(report(`--role-ids ${ROLE_ID}`), { ...ENV(), [variable]: url });
        expect(done, variable).toMatchObject({ code: 0 });
        expect(await listKeys(), variable).toEqual([KEY]);
      }
      expect(new Set(proxy.requests)).toEqual(new Set([`CONNECT ${S3}:443`]));
      for (const variable of ["HTTP_PROXY", "http_proxy", "all_proxy"]) {
        const env = { ...ENV(), [variable]: url, ROLLCALL_KEY: "rc_x" };
        expect(await run(report("", `--server http://${SERVER}`), env), variable).toMatchObject({ code: 0 });
      }
      expect(seen).toEqual(Array(3).fill(`PUT ${SERVER}`));
      // The metadata service was asked by each, and no proxy for it.
      expect(
        metadata.requests.filter((one) => one === "GET meta-data/instance-id").length,
      ).toBeGreaterThanOrEqual(7);
      expect(proxy.requests.join()).not.toContain(IMDS);
    });

    it("NO_PROXY leads past a proxy that is away: names below, ports, networks", async () => {
      const run = await openNetwork(home, {
        ...gateway(),
        services: {
          ...gateway().services,
          [`${AT.server}:8787`]: await listen(
            createServer((request, response) => {
              request.resume().on("end", () => response.writeHead(200, { "rollcall-api": "v1" }).end("{}"));
            }),
          ),
        },
      });
      const away = {
        HTTPS_PROXY: "http://10.99.0.20:3128",
        http_proxy: "http://10.99.0.20:3128",
        ROLLCALL_KEY: "rc_x",
      };
      for (const noProxy of [".amazonaws.com", "example.com, amazonaws.com:443", "*"]) {
        const env = { ...ENV(), ...away, NO_PROXY: noProxy };
        expect(await run(report(`--role-ids ${ROLE_ID}`), env), noProxy).toMatchObject({ code: 0 });
      }
      for (const noProxy of ["10.0.0.0/16", `${AT.server}:8787`]) {
        const env = { ...ENV(), ...away, no_proxy: noProxy };
        expect(await run(report("", `--server http://${AT.server}:8787`), env), noProxy).toMatchObject({
          code: 0,
        });
      }
    });

    it.each([
      [
        "407",
        "HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\n\r\n",
        /does not accept the user and password/,
      ],
      ["502", "HTTP/1.1 502 Bad Gateway\r\n\r\n", /answered 502 and opened no way/],
      ["a hang", undefined, /proxy\.corp\.test/],
    ])("a proxy that answers %s is named, without its password", async (_name, answer, words) => {
      const proxy = createTcpServer((client) => {
        client.on("error", () => undefined);
        client.once("data", () => answer !== undefined && client.end(answer));
      });
      await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
      onTestFinished(() => void proxy.close());
      const { port } = proxy.address() as { port: number };
      const run = await openNetwork(home, {
        names: { "proxy.corp.test": AT.proxy },
        services: { ...imds(), [`${AT.proxy}:3128`]: port },
      });
      const env = { ...ENV(), HTTPS_PROXY: "http://corp:s3cret@proxy.corp.test:3128" };
      // Beside each other: all they do is wait.
      const [{ code, stderr, ms }, of] = await Promise.all([
        timed(run(report(`--role-ids ${ROLE_ID}`), env)),
        examine(run, `--store ${store} --role-ids ${ROLE_ID} --no-send`, { env, state: "examined" }),
      ]);
      expect(ms).toBeLessThan(2 * PATIENCE_MS);
      expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringMatching(words) });
      expect(stderr).toContain("http://proxy.corp.test:3128 (HTTPS_PROXY)");
      expect(stderr).not.toContain("s3cret");
      expect(of("clock")).toMatchObject({
        outcome: "failed",
        hop: expect.stringMatching(/^(?:proxy|http)$/),
      });
    });

    describe("the doctor names the hop that is closed, and what opens it", () => {
      const roleIds = `--store ${store} --role-ids ${ROLE_ID} --no-send`;
      const names = { [S3]: AT.s3, [STS]: LOST };
      const withS3 = (port: number) => ({ ...imds(), [`${AT.s3}:443`]: port });

      it("one from which nothing comes back", async () => {
        const silent = createTcpServer((client) => void client.on("error", () => undefined));
        await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
        onTestFinished(() => void silent.close());
        const { port } = silent.address() as { port: number };
        const networks = {
          nothing: await openNetwork(home, { names: {}, services: imds() }),
          lost: await openNetwork(home, { names: { [S3]: LOST }, services: imds() }),
          mute: await openNetwork(home, { names, services: withS3(port) }),
          // A container that is a hop too far from the metadata service.
          far: await openNetwork(home, { names, services: { [`${AT.s3}:443`]: aws.port } }),
        };
        // Beside each other: all they do is wait.
        const [nothing, lost, mute, container] = await Promise.all([
          examine(networks.nothing, roleIds, { state: "nothing" }),
          examine(networks.lost, roleIds, { state: "lost" }),
          examine(networks.mute, roleIds, { state: "mute" }),
          examine(networks.far, roleIds, {
            env: { AWS_EC2_METADATA_SERVICE_ENDPOINT: "http://10.99.0.254" },
            state: "far",
          }),
        ]);
        expect(nothing("network")).toMatchObject({ hop: "dns", fix: expect.stringContaining("resolv.conf") });
        expect(lost("network")).toMatchObject({
          hop: "tcp",
          fix: expect.stringContaining("gateway endpoint"),
        });
        expect(mute("clock")).toMatchObject({ hop: "http", fix: expect.stringContaining("firewall") });
        expect(container("metadata service")).toMatchObject({
          outcome: "failed",
          fix: expect.stringContaining("hop limit"),
        });
        expect(container("credentials")).toMatchObject({
          hop: "credentials",
          fix: expect.stringContaining("hop-limit 2"),
        });
      });

      it("one that refuses", async () => {
        const closed = await openNetwork(home, { names, services: { ...imds(), [`${AT.s3}:80`]: aws.port } });
        expect((await examine(closed, roleIds))("network")).toMatchObject({
          hop: "tcp",
          detail: expect.stringContaining("refused"),
        });
      });

      it("one that is not trusted", async () => {
        const trusted = await openNetwork(home, { names, services: withS3(aws.port) });
        const untrusting = await examine(trusted, roleIds, { env: { AWS_CA_BUNDLE: "", SSL_CERT_FILE: "" } });
        expect(untrusting("network")).toMatchObject({ outcome: "ok" });
        expect(untrusting("clock")).toMatchObject({
          hop: "tls",
          fix: expect.stringContaining("SSL_CERT_FILE"),
        });
      });
    });
  });
}
