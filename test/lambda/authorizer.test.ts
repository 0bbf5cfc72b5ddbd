// Tokens at API Gateway from end to end: the authorizer's code as it stands in the template, under
// AWS's own runtime client, before the reader; asked by curl and by the built program, with tokens
// that an issuer on loopback signed.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, inject, it, onTestFinished } from "vitest";
import { openStore } from "../../src/store/open.ts";
import { AUDIENCE, startIssuer } from "../../src/testing/issuer.ts";
import { makeHome, run, runShell } from "../program.ts";
import { makeBucket } from "../s3/bucket.ts";
import { type FunctionOptions, startFunction } from "./function.ts";
import { startGateway } from "./gateway.ts";

const server = inject("s3");
const BUCKET = "lambda-authorizer";

async function start(options: FunctionOptions) {
  const started = await startFunction(options);
  onTestFinished(() => started.stop());
  return started;
}

/** The code of the authorizer's function, where no bucket is named that has the program. */
function unpackAuthorizer(): string {
  const text = readFileSync(new URL("../../dist/aws/rollcall-reader.template.json", import.meta.url), "utf8");
  const { Code } = JSON.parse(text).Resources.AuthorizerFunction.Properties;
  const folder = mkdtempSync(join(tmpdir(), "rollcall-authorizer-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "index.js"), Code["Fn::If"][2].ZipFile);
  return folder;
}

async function setUp(more: Readonly<Record<string, string>> = {}) {
  const issuer = await startIssuer({ now: Date.now });
  const env = {
    ROLLCALL_STORE: `s3://${BUCKET}?region=us-east-1&endpoint=${server.endpoint}`,
    ROLLCALL_AUTHORIZATION: "JWT",
    ROLLCALL_MAX_AGE: "1ms",
    AWS_ACCESS_KEY_ID: server.user.accessKeyId,
    AWS_SECRET_ACCESS_KEY: server.user.secretAccessKey,
  };
  await makeBucket(server, BUCKET);
  const store = await openStore(env.ROLLCALL_STORE, { clock: Date.now, env });
  const report = { instance_id: "i-0a1", update_date: new Date().toISOString(), app_version: "1.2.3" };
  await store.put("i-0a1.json", Buffer.from(JSON.stringify(report)));
  await store.close?.();
  const authorizer = await start({
    handler: "index.authorize",
    folder: unpackAuthorizer(),
    env: { ROLLCALL_JWT_ISSUER: issuer.issuer, ROLLCALL_JWT_AUDIENCE: AUDIENCE, ...more },
  });
  const gateway = await startGateway(await start({ handler: "index.read", env }), {}, authorizer);
  onTestFinished(() => gateway.stop());
  const { home, remove } = await makeHome();
  onTestFinished(remove);
  /** @returns the status and the body */
  const curl = async (token: string, path = "reports") => {
    const header = '-H "Authorization: Bearer $TOKEN"';
    const line = `curl -sS -w '\n%{http_code}' ${header} ${gateway.url}/${path}`;
    const { stdout, code } = await runShell(line, { home, env: { TOKEN: token } });
    expect(code).toBe(0);
    const at = stdout.lastIndexOf("\n");
    return { status: Number(stdout.slice(at + 1)), body: JSON.parse(stdout.slice(0, at) || "null") };
  };
  const list = (token: string) =>
    run(["list", "--json", "--server", gateway.url.replace(/\/v1$/, "")], {
      home,
      env: { ROLLCALL_TOKEN: token },
    });
  return { ...issuer, authorizer, gateway, home, curl, list };
}

it("opens to a token of the issuer's, for curl, the page's questions and the command line", async () => {
  const { sign, curl, list, gateway, authorizer } = await setUp();
  const token = await sign({ sub: "00u1", email: "安@example.com" });
  expect(await curl(token)).toMatchObject({ status: 200, body: [{ instance_id: "i-0a1" }] });
  expect(await curl(token, "page/v1/reports")).toMatchObject({ status: 200 });
  const { body } = await curl(token, "whoami");
  expect(body).toMatchObject({ kind: "identity", id: "00u1", name: "安@example.com", scopes: ["read"] });
  expect(Date.parse(body.expires_at)).toBeGreaterThan(Date.now());
  const listed = await list(token);
  expect([listed.code, listed.stderr]).toEqual([0, ""]);
  expect(JSON.parse(listed.stdout)).toMatchObject([{ instance_id: "i-0a1" }]);
  // What says nothing of any host is open, and needs no token.
  expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200);
  expect(authorizer.log).not.toContain(token);
});

it("is closed to all others, and says why in the log alone", async () => {
  const { sign, curl, list, gateway, authorizer, make, remove } = await setUp();
  const first = await sign();
  expect((await curl(first)).status).toBe(200);
  await make("other");
  const forged = await sign({}, { kid: "other" });
  remove("other");
  for (const [token, why] of [
    [await sign({ aud: "another" }), 'aud is \\"another'],
    [await sign({ exp: 1_000_000_000 }), "expired"],
    [await sign({ iss: "https://evil.example" }), "evil.example"],
    [forged, "no key that fits"],
    [`${first.slice(0, -20)}AAAAAAAAAAAAAAAAAAAA`, "signature is not by the key"],
  ] as const) {
    const { status, body } = await curl(token);
    expect([status, body.type], why).toEqual([401, "urn:rollcall:error:unauthorized"]);
    expect(authorizer.log).toContain(why);
  }
  for (const path of ["readyz", "whoami", "page/v1/reports"])
    expect((await curl("a.b.c", path)).status).toBe(401);
  // Nothing but a token: no key, no word of a proxy.
  const headers = { "x-api-key": "k", "x-amzn-oidc-identity": "ann", "x-forwarded-user": "ann" };
  expect((await fetch(`${gateway.url}/reports`, { headers })).status).toBe(401);
  const refused = await list(await sign({ aud: "another" }));
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("does not accept the token")]);
  expect(refused.stderr).toContain("AuthorizerLogCommand");
});

it("asks for a claim where one is named, and for the issuer before it believes anything", async () => {
  const { sign, curl, answer } = await setUp({ ROLLCALL_SIGN_IN_SCOPES: "groups=sre:read" });
  answer((response) => response.writeHead(503).end());
  const token = await sign({ groups: ["sre"] });
  expect(await curl(token)).toMatchObject({
    status: 503,
    body: { type: "urn:rollcall:error:issuer_unavailable" },
  });
  answer(undefined);
  // For five seconds what was seen is not looked at again.
  await expect.poll(async () => (await curl(token)).status, { interval: 1000 }).toBe(200);
  expect((await curl(await sign({ groups: ["staff"] }))).status).toBe(403);
});
