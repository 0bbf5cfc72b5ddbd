// Tests of API Gateway's authorizer: events and answers as AWS's pages have them, tokens that an
// issuer on loopback signed with real keys, and what attackers send.
import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { ScopeGrant } from "../access/scope-grants.ts";
import { createSignedIdentities } from "../access/signed-identity.ts";
import { REFETCH_AFTER_MS, SIGNING_KEYS_GOOD_MS } from "../access/signing-keys.ts";
import { AUDIENCE, encode, startIssuer } from "../testing/issuer.ts";
import { type AuthorizerEvent, createAuthorizer } from "./gateway-authorizer.ts";
import { parseIdentity } from "./gateway-identity.ts";

const API = "arn:aws:execute-api:us-east-1:123456789012:abcdef123";

/** As on AWS's page "Input to an API Gateway Lambda authorizer", of the type TOKEN. */
const makeEvent = (authorizationToken: string, path = "GET/reports"): AuthorizerEvent => ({
  type: "TOKEN",
  authorizationToken,
  methodArn: `${API}/v1/${path}`,
});

async function setUp({ grants }: { readonly grants?: readonly ScopeGrant[] } = {}) {
  let now = Date.UTC(2026, 0, 31, 23, 59, 59);
  const issuer = await startIssuer({ now: () => now });
  const lines: string[] = [];
  const write = (...said: unknown[]) => void lines.push(JSON.stringify(said));
  const authorize = createAuthorizer({
    identities: createSignedIdentities({
      sources: [
        {
          kind: "jwks",
          issuer: issuer.issuer,
          audiences: [AUDIENCE],
          header: "authorization",
          algorithms: ["RS256", "ES256"],
        },
      ],
      grants,
      clock: () => now,
      fetch: globalThis.fetch,
    }),
    log: { info: write, error: write },
  });
  const ask = async (token: string | Promise<string>, path?: string) =>
    await authorize(makeEvent(`Bearer ${await token}`, path));
  const seconds = () => Math.floor(now / 1000);
  return { ...issuer, authorize, ask, lines, seconds, advance: (ms: number) => (now += ms) };
}

describe("a token that counts", () => {
  it("opens the whole stage, and the reader is told whose it is and until when", async () => {
    const { ask, sign, lines } = await setUp();
    const token = await sign({ sub: "00u1", email: "ann@example.com" });
    const answer = await ask(token, "GET/page/v1/reports");
    expect(answer).toEqual({
      principalId: "00u1",
      policyDocument: {
        Version: "2012-10-17",
        Statement: [{ Action: "execute-api:Invoke", Effect: "Allow", Resource: `${API}/v1/*` }],
      },
      context: { identity: expect.any(String) },
    });
    expect(parseIdentity(answer.context.identity)).toEqual({
      id: "00u1",
      name: "ann@example.com",
      expires_at: "2026-02-01T00:59:59.000Z",
    });
    // What is kept for one method and path must be the answer for any other.
    for (const path of ["HEAD/reports", "GET/readyz", "HEAD/page/v1/versions"])
      expect(await ask(token, path)).toEqual(answer);
    expect(lines).toEqual([]);
  });

  it("of somebody to whom no claim gives anything denies the whole stage", async () => {
    const { ask, sign, lines } = await setUp({ grants: [{ claim: "groups", value: "sre", scope: "read" }] });
    expect((await ask(sign({ groups: ["sre"] }))).policyDocument.Statement[0].Effect).toBe("Allow");
    const { policyDocument } = await ask(sign({ sub: "eve", groups: ["staff"] }));
    expect(policyDocument.Statement).toEqual([
      { Action: "execute-api:Invoke", Effect: "Deny", Resource: `${API}/v1/*` },
    ]);
    expect(lines).toEqual([expect.stringContaining("no claim gives any scope")]);
  });

  it("may be signed by a new key, and by one that is gone for half an hour at most", async () => {
    const { ask, make, remove, sign, advance, answer } = await setUp();
    const old = await sign({ exp: 4_000_000_000 });
    await ask(old);
    advance(REFETCH_AFTER_MS);
    await make("second", "RS256");
    expect((await ask(sign({}, { kid: "second" }))).principalId).toBe("ann");
    remove("first");
    answer((response) => response.writeHead(503).end());
    advance(SIGNING_KEYS_GOOD_MS - 1);
    expect((await ask(old)).principalId).toBe("ann");
    answer(undefined);
    advance(REFETCH_AFTER_MS);
    await expect(ask(old)).rejects.toThrow(/^Unauthorized$/);
  });
});

describe("what does not count is 401 to whoever asks, and told why in the log alone", () => {
  it.each([
    ["for another audience", { aud: "other" }, 'aud is \\\\\\"other'],
    ["of another issuer", { iss: "https://evil.example" }, "evil.example"],
    ["ended", { exp: 1_000_000_000 }, "expired"],
    ["without an end", { exp: undefined }, "no exp"],
    ["not begun", { nbf: 4_000_000_000 }, "not valid yet"],
    ["of nobody", { sub: undefined }, "names nobody"],
  ])("%s", async (_name, claims, words) => {
    const { ask, sign, lines } = await setUp();
    const token = await sign(claims);
    await expect(ask(token)).rejects.toThrow(/^Unauthorized$/);
    expect(lines).toEqual([expect.stringMatching(words)]);
    expect(lines.join()).not.toContain(token);
  });

  it("with no signature, with the public key as a secret, by a key that nobody has", async () => {
    const { ask, sign, make, remove, issuer, exportKey, seconds, lines, advance } = await setUp();
    await ask(sign());
    const claims = encode({ iss: issuer, aud: AUDIENCE, sub: "ann", exp: seconds() + 60 });
    for (const alg of ["none", "None", ""])
      for (const signature of ["", "AA"])
        await expect(ask(`${encode({ alg, kid: "first" })}.${claims}.${signature}`)).rejects.toThrow(
          /^Unauthorized$/,
        );
    const input = `${encode({ alg: "HS256", kid: "first" })}.${claims}`;
    const hmac = createHmac("sha256", await exportKey())
      .update(input)
      .digest("base64url");
    await expect(ask(`${input}.${hmac}`)).rejects.toThrow(/^Unauthorized$/);
    await make("unknown");
    const forged = await sign({}, { kid: "unknown" });
    remove("unknown");
    advance(REFETCH_AFTER_MS);
    await expect(ask(forged)).rejects.toThrow(/^Unauthorized$/);
    expect(lines.at(-1)).toContain("no key that fits");
  });

  it.each(["", "Bearer", "Bearer ", "Basic YW5uOmFubg==", "Bearer a.b", "rc_key", "Bearer a.b.c d"])(
    "in the header there is %j",
    async (value) => {
      const { authorize, asked } = await setUp();
      await expect(authorize(makeEvent(value))).rejects.toThrow(/^Unauthorized$/);
      expect(asked).toEqual([]);
    },
  );
});

it("stays closed while the issuer is away, and says so", async () => {
  const { ask, sign, answer, lines } = await setUp();
  answer((response) => response.writeHead(503).end());
  const token = await sign();
  // Any other text than Unauthorized: API Gateway answers AUTHORIZER_FAILURE.
  await expect(ask(token)).rejects.toThrow(/cannot be had/);
  expect(lines).toEqual([expect.stringContaining("cannot be checked now")]);
});

it("takes no events of another type", async () => {
  const { authorize } = await setUp();
  const request = { ...makeEvent("Bearer a.b.c"), type: "REQUEST" };
  await expect(authorize(request)).rejects.toThrow(/of the type TOKEN/);
});
