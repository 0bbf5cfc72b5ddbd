// The s3 store in a bucket that lies elsewhere than the URL says: S3's redirects, over TLS at AWS's
// own names, which a company's proxy leads to a server here.
import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { RepeatableStore } from "../../src/store/repeated-put.ts";
import { s3Store } from "../../src/store/s3.ts";
import { createFetchSender } from "../../src/store/s3-fetch.ts";
import type { SenderOptions } from "../../src/store/s3-sender.ts";
import { createUndiciSender } from "../../src/store/s3-undici.ts";
import { parseS3Url } from "../../src/store/s3-url.ts";
import { StoreError, Unavailable } from "../../src/store/store.ts";
import { makeBucket } from "./bucket.ts";
import { startTamperProxy, startTunnel, type Tamper, type TamperProxy } from "./tamper-proxy.ts";

const LIMIT = { maxBytes: 1000 };
const HOME = "s3.eu-west-1.amazonaws.com";
const xml = (code: string, more = "") =>
  Buffer.from(
    `<?xml version="1.0"?><Error><Code>${code}</Code><Message>The bucket is ` +
      `elsewhere.</Message>${more}</Error>`,
  );

/** Everywhere but at home it is redirected; at home a signature must name the region. */
const redirect =
  (status: number, body: Buffer, headers: Record<string, string>): Tamper =>
  ({ host, method, headers: sent }, answer) => {
    if (host !== HOME) return { status, headers, body: method === "HEAD" ? Buffer.alloc(0) : body };
    if (sent.authorization?.includes("/eu-west-1/s3/aws4_request")) return answer;
    return { status: 400, headers: {}, body: xml("AuthorizationHeaderMalformed") };
  };

describe.each([
  ["undici", (options: SenderOptions) => createUndiciSender(options)],
  ["fetch", (options: SenderOptions) => createFetchSender(options)],
])("s3 by %s in another region", (name, openSender) => {
  const bucket = `redirected.${name}`;
  let folder: string;
  let proxy: TamperProxy;
  let tunnel: Awaited<ReturnType<typeof startTunnel>>;
  beforeAll(async () => {
    const server = inject("s3");
    await makeBucket(server, bucket);
    folder = await mkdtemp(join(tmpdir(), "rollcall-redirect-"));
    const [keyFile, certFile] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const names = "subjectAltName=DNS:*.us-east-1.amazonaws.com,DNS:*.eu-west-1.amazonaws.com";
    const flags = [
      "-x509",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-days",
      "2",
      "-subj",
      "/CN=s3",
      "-addext",
      names,
    ];
    execFileSync("openssl", ["req", ...flags, "-keyout", keyFile, "-out", certFile], { stdio: "pipe" });
    const tls = { key: await readFile(keyFile, "utf8"), cert: await readFile(certFile, "utf8") };
    proxy = await startTamperProxy({ target: server.endpoint, tls });
    tunnel = await startTunnel(proxy.port);
  });
  afterAll(async () => {
    await tunnel.stop();
    await proxy.stop();
    await rm(folder, { recursive: true });
  });

  async function open(): Promise<RepeatableStore> {
    const server = inject("s3");
    return await s3Store({
      location: parseS3Url(`s3://${bucket}?region=us-east-1`),
      credentials: async () => server.user,
      env: { AWS_CA_BUNDLE: join(folder, "cert.pem"), HTTPS_PROXY: tunnel.url },
      clock: Date.now,
      openSender,
    });
  }

  it.each<[string, Tamper]>([
    [
      "301 with the region in a header",
      redirect(301, xml("PermanentRedirect"), { "x-amz-bucket-region": "eu-west-1" }),
    ],
    [
      "301 with an endpoint alone",
      redirect(301, xml("PermanentRedirect", `<Endpoint>${HOME}</Endpoint>`), {}),
    ],
    [
      "307 of a bucket's first hours",
      redirect(307, xml("TemporaryRedirect"), { location: `https://${bucket}.s3-eu-west-1.amazonaws.com/x` }),
    ],
    [
      "400 that names the region",
      redirect(400, xml("AuthorizationHeaderMalformed", "<Region>eu-west-1</Region>"), {}),
    ],
  ])("is read, listed and written there, and asked there from then on: %s", async (_, tamper) => {
    proxy.setTamper(tamper);
    for (const first of ["put", "get", "list"] as const) {
      const store = await open();
      proxy.asked.length = 0;
      if (first === "put") await store.put("a", Buffer.from("x"));
      else if (first === "get") expect((await store.get("a", LIMIT))?.body.toString()).toBe("x");
      else for await (const page of store.list("")) expect(page.map(({ key }) => key)).toEqual(["a"]);
      expect(proxy.asked.map(({ host }) => host)).toEqual(["s3.us-east-1.amazonaws.com", HOME]);
      // A body is sent again, whole; and many who ask at once are all led there.
      await Promise.all(Array.from({ length: 6 }, () => store.get("a", LIMIT)));
      expect(new Set(proxy.asked.slice(1).map(({ host }) => host))).toEqual(new Set([HOME]));
      await store.close?.();
    }
  });

  it("is never sent to what is not S3's, nor round in a circle", async () => {
    for (const [status, headers, message] of [
      [
        301,
        { location: "https://evil.example/x" },
        /leads to "https:\/\/evil.example", which is not followed/,
      ],
      [301, { "x-amz-bucket-region": "evil.example/" }, /it lies in "evil.example\/", not us-east-1/],
      [308, { location: "http://169.254.169.254/" }, /leads to "http:\/\/169.254.169.254"/],
    ] as const) {
      proxy.setTamper((_asked, _answer) => ({ status, headers, body: xml("PermanentRedirect") }));
      const store = await open();
      tunnel.names.length = 0;
      const error = await store.put("a", Buffer.from("x")).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(StoreError);
      expect(String(error)).toMatch(message);
      expect(new Set(tunnel.names)).toEqual(new Set(["s3.us-east-1.amazonaws.com:443"]));
      await store.close?.();
    }
    proxy.setTamper(({ host }) => {
      const region = host === HOME ? "us-east-1" : "eu-west-1";
      return { status: 301, headers: { "x-amz-bucket-region": region }, body: xml("PermanentRedirect") };
    });
    const store = await open();
    proxy.asked.length = 0;
    await expect(store.get("a", LIMIT)).rejects.toThrow(
      /it lies in "[a-z]+-[a-z]+-1", not [a-z]+-[a-z]+-1; write \?region=/,
    );
    expect(proxy.asked).toHaveLength(4);
    await store.close?.();
  });

  it("is asked again later where a redirect leads nowhere else", async () => {
    proxy.setTamper(() => ({ status: 307, headers: {}, body: xml("TemporaryRedirect") }));
    const store = await open();
    await expect(store.get("a", LIMIT)).rejects.toThrow(Unavailable);
    await store.close?.();
  });
});
