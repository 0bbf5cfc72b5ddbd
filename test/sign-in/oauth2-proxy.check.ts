// A real oauth2-proxy in front of the built server, with a provider of OpenID Connect on loopback:
// what docs/sign-in.md says of it, by curl as a browser would ask.
import { type ChildProcess, spawn } from "node:child_process";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeHome, run, runShell, startProgram, stop, waitForOutput } from "../program.ts";
import { type OidcIssuer, startOidcIssuer } from "./oidc-issuer.ts";

const PROXY = new URL("../../node_modules/.cache/oauth2-proxy/oauth2-proxy", import.meta.url).pathname;

/** A port that is free now. */
function findPort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

describe("oauth2-proxy in front", () => {
  let issuer: OidcIssuer;
  let home: Awaited<ReturnType<typeof makeHome>>;
  let server = "";
  const running: ChildProcess[] = [];

  /** Starts one. @param more what it hands on @returns its address */
  async function startProxy(...more: string[]): Promise<string> {
    const port = await findPort();
    const url = `http://127.0.0.1:${port}`;
    const child = spawn(
      PROXY,
      [
        "--provider=oidc",
        `--oidc-issuer-url=${issuer.issuer}`,
        "--client-id=rollcall",
        "--client-secret=x",
        `--cookie-secret=${"c".repeat(32)}`,
        "--cookie-secure=false",
        "--email-domain=*",
        "--skip-provider-button",
        `--http-address=127.0.0.1:${port}`,
        `--redirect-url=${url}/oauth2/callback`,
        `--upstream=${server}`,
        ...more,
      ],
      { env: { PATH: process.env.PATH ?? "", HOME: home.home } },
    );
    running.push(child);
    await expect
      .poll(() =>
        fetch(`${url}/ping`).then(
          ({ status }) => status,
          () => 0,
        ),
      )
      .toBe(200);
    return url;
  }

  /** @returns the status and the body, as curl has it with these arguments */
  async function ask(line: string): Promise<{ status: number; body: string }> {
    const { stdout, stderr, code } = await runShell(`curl -sS -m 30 -w '\n%{http_code}' ${line}`, home);
    expect([code, stderr]).toEqual([0, ""]);
    const at = stdout.lastIndexOf("\n");
    return { status: Number(stdout.slice(at + 1)), body: stdout.slice(0, at) };
  }

  beforeAll(async () => {
    issuer = await startOidcIssuer({
      sub: "u-1",
      email: "ann@example.com",
      email_verified: true,
      groups: ["sre"],
    });
    home = await makeHome();
    const child = startProgram(
      [
        ...["serve", "--store", "file:store", "--listen", "127.0.0.1:0"],
        ...[
          "--jwt-issuer",
          issuer.issuer,
          "--jwt-audience",
          "rollcall",
          "--sign-in-scopes",
          "groups=sre:admin",
        ],
      ],
      { ...home },
    );
    running.push(child);
    const [, url = ""] = await waitForOutput(child, /serving at (http:\/\/[\d.]+:\d+)/);
    server = url;
  });

  afterAll(async () => {
    await Promise.all(running.map((child) => stop(child, "SIGTERM")));
    issuer.stop();
    await home.remove();
  });

  it("sends a browser to the provider, and hands its token on", async () => {
    const proxy = await startProxy("--pass-authorization-header", "--skip-jwt-bearer-tokens");
    const stranger = await ask(`${proxy}/v1/reports`);
    expect(stranger.status).toBe(302);

    const signedIn = await ask(`-L -c jar -b jar ${proxy}/v1/whoami`);
    expect([signedIn.status, JSON.parse(signedIn.body)]).toEqual([
      200,
      expect.objectContaining({ kind: "identity", id: "u-1", name: "ann@example.com", scopes: ["admin"] }),
    ]);
    expect(await ask(`-b jar ${proxy}/v1/reports`)).toEqual({ status: 200, body: "[]\n" });

    // What a page elsewhere has the browser send comes with the proxy's token too.
    const make = `-b jar -d '{"name":"x","scopes":["read"]}' ${proxy}/v1/keys`;
    expect((await ask(make)).status).toBe(403);
    expect((await ask(`-H 'Sec-Fetch-Site: cross-site' ${make}`)).status).toBe(403);
    expect((await ask(`-H 'Origin: https://evil.example' ${make}`)).status).toBe(403);
    expect((await ask(`-H 'Sec-Fetch-Site: same-origin' ${make}`)).status).toBe(201);

    const token = await issuer.sign({
      sub: "job",
      email: "job@example.com",
      email_verified: true,
      aud: "rollcall",
      groups: ["sre"],
    });
    const program = await ask(`-H 'Authorization: Bearer ${token}' ${proxy}/v1/whoami`);
    expect(JSON.parse(program.body)).toMatchObject({ kind: "identity", id: "job" });
    const other = await issuer.sign({
      sub: "job",
      email: "job@example.com",
      email_verified: true,
      aud: "other",
    });
    expect((await ask(`-H 'Authorization: Bearer ${other}' ${proxy}/v1/whoami`)).status).not.toBe(200);
  });

  it("is passed by: without a token nobody is anybody, whatever else is sent", async () => {
    const names = [
      "X-Forwarded-User",
      "X-Forwarded-Email",
      "X-Forwarded-Preferred-Username",
      "Remote-User",
      "X-Amzn-Oidc-Identity",
    ];
    const headers = names.map((name) => `-H '${name}: ann@example.com'`).join(" ");
    expect((await ask(`${server}/v1/reports`)).status).toBe(401);
    expect((await ask(`${headers} ${server}/v1/reports`)).status).toBe(401);
    const token = await issuer.sign({ sub: "ann", aud: "other", groups: ["sre"] });
    const refused = await ask(`-H 'Authorization: Bearer ${token}' ${server}/v1/reports`);
    expect([refused.status, refused.body]).toEqual([401, expect.stringContaining("aud is")]);
  });

  it("hands on plain headers alone, where nothing else is said: they sign nobody in", async () => {
    const proxy = await startProxy("--pass-user-headers");
    const { status, body } = await ask(`-L -c jar2 -b jar2 ${proxy}/v1/whoami`);
    expect([status, body]).toEqual([401, expect.stringContaining("or a token")]);
  });

  it("the command line asks the server with a token", async () => {
    const token = await issuer.sign({ sub: "ann", aud: "rollcall", groups: ["sre"] });
    const list = (env: Record<string, string>) =>
      run(["list", "--json", "--server", server], { ...home, env });
    expect(await list({ ROLLCALL_TOKEN: token })).toMatchObject({ code: 0, stdout: "[]\n" });
    const expired = await list({ ROLLCALL_TOKEN: `${token.slice(0, -20)}AAAAAAAAAAAAAAAAAAAA` });
    expect([expired.code, expired.stderr]).toEqual([1, expect.stringContaining("does not accept the token")]);
    expect(expired.stderr).not.toContain(token.slice(0, 40));
  });
});
