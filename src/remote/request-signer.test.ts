// Tests of signed requests, on a server that checks each signature with another program's code
// (aws4) over what has arrived, as AWS does; curl's own signature must hold there as well.
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import aws4 from "aws4";
import { describe, expect, it, onTestFinished } from "vitest";
import { createClient } from "./client.ts";
import { createRequestSigner, type RequestSignerOptions } from "./request-signer.ts";

const CREDENTIALS = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "secret/of+example",
  sessionToken: "token==",
};
const REGION = "ap-northeast-1";

/** Signs what has arrived anew, with the date and the headers that its own signature names. */
function isGood({ method = "", url = "", headers }: IncomingMessage): boolean {
  const given = headers.authorization ?? "";
  const names = /SignedHeaders=([a-z0-9;-]+)/.exec(given)?.[1]?.split(";") ?? [];
  const signed = Object.fromEntries(names.map((name) => [name, String(headers[name] ?? "")]));
  const again = aws4.sign(
    { method, path: url, host: headers.host ?? "", service: "execute-api", region: REGION, headers: signed },
    CREDENTIALS,
  );
  const signature = (text: unknown) => /Signature=([0-9a-f]{64})/.exec(String(text))?.[1];
  return signature(given) !== undefined && signature(again.headers?.Authorization) === signature(given);
}

async function serve(answer: (request: IncomingMessage) => { status: number; location?: string }) {
  const seen: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    seen.push(request);
    const { status, location } = answer(request);
    response.writeHead(status, { "rollcall-api": "v1", ...(location && { location }) }).end("[]");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`), seen };
}

const makeSigner = (server: URL, more: Partial<RequestSignerOptions> = {}) =>
  createRequestSigner({ server, region: REGION, clock: Date.now, load: async () => CREDENTIALS, ...more });

const connect = (url: URL) =>
  createClient({
    url,
    key: "rc_abcdefghijkl_secret",
    sign: makeSigner(url),
    signal: new AbortController().signal,
    retries: 0,
  });

describe("signed requests", () => {
  it.each([
    "/v1/reports",
    "/v1/reports?within=1h&app_version=1.2.3&app_version=*",
    "/v1/versions?by=a%20b&field=processes.*.module%2FA&env=%E9%9D%92+red&x=a%2Bb'()!~",
    "/v1/reports/i-0123%40x",
    "/v1/reports?b=2&a=",
  ])("hold by another program's code: %s", async (path) => {
    const { url, seen } = await serve((request) => ({ status: isGood(request) ? 200 : 403 }));
    await connect(url).request(path);
    expect(seen[0]?.headers["x-api-key"]).toBeUndefined();
    expect(seen[0]?.headers["x-amz-security-token"]).toBe(CREDENTIALS.sessionToken);
    const arrived = new URL(seen[0]?.url ?? "", "http://server");
    expect([...arrived.searchParams].sort()).toEqual([...new URL(path, url).searchParams].sort());
  });

  it("hold as curl's do", async () => {
    const { url } = await serve((request) => ({ status: isGood(request) ? 200 : 403 }));
    const { accessKeyId, secretAccessKey, sessionToken } = CREDENTIALS;
    const { stdout } = await promisify(execFile)("curl", [
      ...["-sS", "-o", "/dev/null", "-w", "%{http_code}"],
      ...["--aws-sigv4", `aws:amz:${REGION}:execute-api`, "--user", `${accessKeyId}:${secretAccessKey}`],
      ...["-H", `x-amz-security-token: ${sessionToken}`, `${url}/reports?within=1h`],
    ]);
    expect(stdout).toBe("200");
  });

  it("go to no other place: neither a signature, nor a token, nor a key", async () => {
    const other = await serve(() => ({ status: 200 }));
    const { url } = await serve(({ url: path }) =>
      path?.includes("elsewhere") ? { status: 200 } : { status: 303, location: `${other.url}/elsewhere` },
    );
    await connect(url).request("/v1/reports");
    expect(other.seen).toHaveLength(1);
    const { authorization, "x-amz-security-token": token, "x-api-key": key } = other.seen[0]?.headers ?? {};
    expect([authorization, token, key]).toEqual([undefined, undefined, undefined]);
  });

  it("are told from keys where they are refused", async () => {
    const { url } = await serve(() => ({ status: 401 }));
    const error = await connect(url)
      .request("/v1/reports")
      .catch((thrown: Error) => thrown);
    expect(String(error)).not.toMatch(/API key|secret/);
  });
});

describe("the region", () => {
  const ask = async (server: string, region = "auto") => {
    const sign = makeSigner(new URL(server), { region });
    const { headers } = await sign("GET", new URL(`${server}/v1/reports`), undefined);
    return /\/(\w+-[\w-]+)\/execute-api\//.exec(headers.authorization ?? "")?.[1];
  };
  it.each([
    ["https://a1b2c3.execute-api.ap-northeast-1.amazonaws.com", "ap-northeast-1"],
    ["https://a1b2c3-vpce-0123.execute-api.eu-west-1.amazonaws.com", "eu-west-1"],
    ["https://a1b2c3.execute-api.cn-north-1.amazonaws.com.cn", "cn-north-1"],
    ["https://a1b2c3.execute-api.us-gov-west-1.amazonaws.com", "us-gov-west-1"],
  ])("is in the server's name: %s", async (server, region) => {
    expect(await ask(server)).toBe(region);
  });

  it("is named where the server's name says none, and is one", async () => {
    expect(await ask("https://rollcall.example.com", "eu-west-1")).toBe("eu-west-1");
    await expect(ask("https://rollcall.example.com")).rejects.toThrow(/ROLLCALL_SIGV4=/);
    await expect(ask("https://rollcall.example.com", "yes")).rejects.toThrow(/should be an AWS region/);
    // A name that only looks like AWS's own.
    await expect(ask("https://a.execute-api.eu-west-1.amazonaws.com.evil.example")).rejects.toThrow();
  });
});
