// Tests of tokens by an issuer with published keys: an issuer on loopback with real keys, tokens
// that it signed, and what attackers send.
import { createHmac, sign as signBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AUDIENCE, encode, startIssuer } from "../testing/issuer.ts";
import { runs } from "../testing/runs.ts";
import { AccessError } from "./access-error.ts";
import { createJwksVerifier, type JwksIdentityOptions } from "./jwks-identity.ts";
import { SIGNATURE_ALGORITHMS } from "./signed-token.ts";
import {
  MAX_KEY_DOCUMENT_BYTES,
  REFETCH_AFTER_MS,
  RETRY_FETCH_MS,
  SIGNING_KEYS_FRESH_MS,
  SIGNING_KEYS_GOOD_MS,
} from "./signing-keys.ts";
import { MAX_TOKEN_LENGTH } from "./token-bounds.ts";

async function setUp(more: Partial<JwksIdentityOptions> = {}, fetch = globalThis.fetch) {
  let now = Date.UTC(2026, 0, 31, 23, 59, 59);
  const issuer = await startIssuer({ now: () => now });
  const options: JwksIdentityOptions = {
    kind: "jwks",
    issuer: issuer.issuer,
    audiences: [AUDIENCE],
    header: "authorization",
    algorithms: ["RS256", "ES256"],
    ...more,
  };
  const verifier = createJwksVerifier(options, { clock: () => now, fetch });
  /** @returns the claims, or the error's code and message */
  const verify = async (token: string | Promise<string>): Promise<unknown> => {
    try {
      return (await verifier.verify(await token)).claims;
    } catch (error) {
      if (!(error instanceof AccessError)) throw error;
      const text = await token;
      if (text.length > 20) expect(error.message).not.toContain(text);
      return `${error.code}: ${error.message}`;
    }
  };
  const seconds = () => Math.floor(now / 1000);
  return { ...issuer, verifier, verify, seconds, advance: (ms: number) => (now += ms) };
}

const refused = (words: string) => expect.stringMatching(new RegExp(`^token_refused: .*${words}`));
const away = (words: string) => expect.stringMatching(new RegExp(`^issuer_unavailable: .*${words}`));

describe("a token that the issuer signed", () => {
  it("opens, with what it claims, and the keys are fetched once", async () => {
    const { sign, verify, asked } = await setUp();
    for (let time = 0; time < 3; time++)
      expect(await verify(sign({ email: "ann@example.com" }))).toMatchObject({
        sub: "ann",
        email: "ann@example.com",
      });
    expect(asked).toEqual(["/.well-known/openid-configuration", "/keys"]);
  });

  it("opens where it is for several, of whom this server is one", async () => {
    const { sign, verify } = await setUp({ audiences: ["other", AUDIENCE] });
    expect(await verify(sign({ aud: ["someone", AUDIENCE] }))).toMatchObject({ sub: "ann" });
    expect(await verify(sign({ aud: "other" }))).toMatchObject({ sub: "ann" });
  });

  it.each(SIGNATURE_ALGORITHMS.filter((one) => !/384|512|^Ed25519/.test(one)))("opens by %s", async (alg) => {
    const { sign, verify, make } = await setUp({ algorithms: [alg] });
    await make("own", alg);
    expect(await verify(sign({}, { kid: "own" }))).toMatchObject({ sub: "ann" });
  });

  it.each([
    ["for another audience", { aud: "other" }, 'aud is "other"'],
    ["for several others", { aud: ["a", "b"] }, 'aud is \\["a","b"\\]'],
    ["for nobody", { aud: undefined }, "no aud"],
    ["for an object", { aud: { rollcall: AUDIENCE } }, "aud is"],
    ["of nobody", { iss: undefined }, "is of nothing"],
    ["of another issuer", { iss: "https://evil.example" }, 'is of "https://evil.example"'],
    ["without an end", { exp: undefined }, "no exp"],
    ["whose end is a text", { exp: "4000000000" }, "exp is"],
  ])("is refused: %s", async (_name, claims, words) => {
    const { sign, verify } = await setUp();
    expect(await verify(sign(claims))).toEqual(refused(words));
  });

  it("opens up to a minute before its beginning and after its end, and no longer", async () => {
    const { sign, verify, seconds } = await setUp();
    expect(await verify(sign({ exp: seconds() - 59 }))).toMatchObject({ sub: "ann" });
    expect(await verify(sign({ exp: seconds() - 60 }))).toEqual(refused("expired \\(2026-01-31T23:58:59"));
    expect(await verify(sign({ nbf: seconds() + 60 }))).toMatchObject({ sub: "ann" });
    expect(await verify(sign({ nbf: seconds() + 61 }))).toEqual(refused("not valid yet"));
  });
});

describe("what attackers send", () => {
  it("is no JWT: the issuer is not even asked", async () => {
    const { verify, asked } = await setUp();
    const texts = ["", ".", "..", "a.b", "a.b.c.d", "a.b.c, a.b.c", "a b.c.d", "é.b.c", "a.b.", "e30.e30.AA"];
    for (const text of texts) expect(await verify(text), text).toEqual(refused(""));
    expect(await verify("A".repeat(MAX_TOKEN_LENGTH + 1))).toEqual(refused(`${MAX_TOKEN_LENGTH} characters`));
    expect(await verify(`${encode("[]")}.${encode("[]")}.AA`)).toEqual(refused(""));
    expect(asked).toEqual([]);
  });

  it("has alg none, in whatever letters", async () => {
    const { verify, issuer, seconds, asked } = await setUp();
    const claims = encode({ iss: issuer, aud: AUDIENCE, sub: "ann", exp: seconds() + 60 });
    for (const alg of ["none", "None", "nOnE", "NONE", "", undefined, null, 5, ["ES256"]])
      for (const signature of ["", "AA"])
        expect(await verify(`${encode({ alg, kid: "first" })}.${claims}.${signature}`)).toEqual(refused(""));
    expect(asked).toEqual([]);
  });

  it("is made with the public key as a secret (HS256)", async () => {
    const { verify, issuer, seconds, exportKey } = await setUp();
    const pem = await exportKey();
    const claims = { iss: issuer, aud: AUDIENCE, sub: "ann", exp: seconds() + 60 };
    for (const alg of ["HS256", "HS384", "HS512"]) {
      const input = `${encode({ alg, kid: "first" })}.${encode(claims)}`;
      const mac = createHmac(alg.replace("HS", "sha"), pem).update(input).digest("base64url");
      expect(await verify(`${input}.${mac}`)).toEqual(refused("RS256, ES256 are taken"));
    }
  });

  it("is signed by a key of the attacker's, which the header brings along", async () => {
    const { verify, sign, issuer } = await setUp();
    const evil = await startIssuer({ now: () => Date.now() });
    const claims = { iss: issuer };
    const jwk = { kty: "EC", crv: "P-256", x: "AA", y: "AA" };
    for (const header of [{}, { jku: `${evil.issuer}/keys` }, { x5u: evil.issuer }, { jwk }]) {
      const token = evil.sign({ ...claims, exp: 4_000_000_000 }, { header });
      expect(await verify(token)).toEqual(refused("signature is not by the key"));
    }
    expect(evil.asked).toEqual([]);
    expect(await verify(sign())).toMatchObject({ sub: "ann" });
  });

  it("was changed in one place, whichever", async () => {
    const { verify, sign } = await setUp();
    const token = await sign({ groups: ["staff"] });
    const [head = "", body = "", signature = ""] = token.split(".");
    const claims = JSON.parse(Buffer.from(body, "base64url").toString());
    expect(await verify(`${head}.${encode({ ...claims, groups: ["admins"] })}.${signature}`)).toEqual(
      refused("signature is not by the key"),
    );
    await fc.assert(
      fc.asyncProperty(fc.nat(token.length - 1), fc.constantFrom(..."AZaz09-_."), async (at, letter) => {
        const changed = token.slice(0, at) + letter + token.slice(at + 1);
        const bytes = (text: string) =>
          text.split(".").map((part) => Buffer.from(part, "base64url").toString("hex"));
        // The last letter of base64 has bits that say nothing; those are not what is signed.
        fc.pre(changed !== token && bytes(changed).join() !== bytes(token).join());
        expect(await verify(changed)).toEqual(refused(""));
      }),
      { numRuns: runs(200) },
    );
  });

  it("has a critical header that nobody here knows, or a body that is not encoded", async () => {
    const { verify, issuer, seconds, privateKey } = await setUp();
    const claims = encode({ iss: issuer, aud: AUDIENCE, sub: "ann", exp: seconds() + 60 });
    const headers = [
      { crit: ["exp"], exp: 1 },
      { crit: ["b64"], b64: false },
      { crit: [] },
      { crit: "b64" },
      { crit: ["http://example.com/x"] },
    ];
    for (const more of headers) {
      const input = `${encode({ alg: "ES256", kid: "first", ...more })}.${claims}`;
      const { KeyObject } = await import("node:crypto");
      const key = KeyObject.from(privateKey() as Parameters<typeof KeyObject.from>[0]);
      const signature = signBytes("sha256", Buffer.from(input), { key, dsaEncoding: "ieee-p1363" });
      expect(await verify(`${input}.${signature.toString("base64url")}`), JSON.stringify(more)).toEqual(
        refused(""),
      );
    }
  });

  it("names keys that nobody has: the issuer is asked once in half a minute", async () => {
    const { verify, sign, asked, advance, make, remove } = await setUp();
    expect(await verify(sign())).toMatchObject({ sub: "ann" });
    await make("other");
    const other = await sign({}, { kid: "other" });
    remove("other");
    for (let time = 0; time < 20; time++) expect(await verify(other)).toEqual(refused("no key that fits"));
    expect(asked.filter((path) => path === "/keys")).toHaveLength(1);
    advance(REFETCH_AFTER_MS);
    for (let time = 0; time < 20; time++) expect(await verify(other)).toEqual(refused("no key that fits"));
    expect(asked.filter((path) => path === "/keys")).toHaveLength(2);
    for (const kid of ["../../secret", "a".repeat(5000), "__proto__"]) {
      await make(kid);
      const token = await sign({}, { kid });
      remove(kid);
      expect(await verify(token)).toEqual(refused("no key that fits"));
    }
    expect(asked.every((path) => path === "/keys" || path === "/.well-known/openid-configuration")).toBe(
      true,
    );
  });

  it("names no key where there are several", async () => {
    const { verify, sign, make } = await setUp();
    await make("second");
    expect(await verify(sign({}, { header: { kid: undefined } }))).toEqual(refused("names no key"));
  });

  it("is any text at all", async () => {
    const { verify } = await setUp();
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string({ unit: "binary", maxLength: 200 }),
          fc
            .tuple(fc.json(), fc.json(), fc.base64String())
            .map(([head, body, end]) => [encode(head), encode(body), end.replace(/[+/=]/g, "")].join(".")),
        ),
        async (text) => {
          expect(await verify(text)).toEqual(refused(""));
        },
      ),
      { numRuns: runs(200) },
    );
  });
});

describe("the issuer", () => {
  it("changes its keys: the new one opens at once, and the old one no longer than ten minutes", async () => {
    const { verify, sign, make, remove, advance } = await setUp();
    const old = await sign();
    expect(await verify(old)).toMatchObject({ sub: "ann" });
    await make("second");
    advance(REFETCH_AFTER_MS);
    expect(await verify(sign({}, { kid: "second" }))).toMatchObject({ sub: "ann" });
    remove("first");
    expect(await verify(old)).toMatchObject({ sub: "ann" });
    advance(SIGNING_KEYS_FRESH_MS);
    expect(await verify(old)).toEqual(refused("no key that fits"));
  });

  it("is away: its keys are good for half an hour, and then it cannot be told", async () => {
    const { verify, sign, answer, asked, advance, make } = await setUp();
    expect(await verify(sign())).toMatchObject({ sub: "ann" });
    answer((response) => response.destroy());
    advance(SIGNING_KEYS_FRESH_MS);
    const before = asked.length;
    for (let time = 0; time < 10; time++) expect(await verify(sign())).toMatchObject({ sub: "ann" });
    expect(asked.length - before).toBe(1);
    // Whether there is such a key by now, nobody can tell.
    await make("second");
    expect(await verify(sign({}, { kid: "second" }))).toEqual(away("the description of"));
    advance(SIGNING_KEYS_GOOD_MS - SIGNING_KEYS_FRESH_MS);
    expect(await verify(sign())).toEqual(away("the description of"));
    answer(undefined);
    advance(RETRY_FETCH_MS);
    expect(await verify(sign())).toMatchObject({ sub: "ann" });
  });

  it("is slow", async () => {
    const soon: typeof fetch = (url, init) => {
      const signals = [AbortSignal.timeout(100), ...(init?.signal ? [init.signal] : [])];
      expect(signals).toHaveLength(2);
      return fetch(url, { ...init, signal: AbortSignal.any(signals) });
    };
    const { verify, sign, answer } = await setUp({}, soon);
    answer(() => undefined);
    expect(await verify(sign())).toEqual(away("no answer within"));
  });

  it.each<[string, (issuer: string) => unknown, string]>([
    [
      "sends keys without end",
      () => `{"keys":[${" ".repeat(10 * 1024 * 1024)}]}`,
      `${MAX_KEY_DOCUMENT_BYTES} bytes`,
    ],
    ["sends a thousand keys", () => ({ keys: Array(1000).fill({ kty: "EC" }) }), "100 keys"],
    ["sends a page", () => "<html>sign in</html>", "no JSON"],
    ["sends no list", () => ({ keys: {} }), "no list"],
    ["sends what are no keys", () => ({ keys: [1, "x"] }), "in the form of a JWKS"],
    ["sends null", () => null, "no JSON"],
    [
      "sends a key that is none",
      () => ({ keys: [{ kty: "EC", crv: "P-256", kid: "first", x: "A", y: "A" }] }),
      "cannot be used",
    ],
    ["sends a secret", () => ({ keys: [{ kty: "oct", kid: "first", k: "AAAA" }] }), "no key that fits"],
  ])("%s", async (_name, make, words) => {
    const { verify, sign, answer, issuer } = await setUp();
    answer((response, path) => {
      const given = path === "/keys" ? make(issuer) : { issuer, jwks_uri: `${issuer}/keys` };
      response.on("error", () => undefined);
      response.end(typeof given === "string" ? given : JSON.stringify(given));
    });
    expect(await verify(sign())).toEqual(expect.stringContaining(words));
  });

  it.each<[string, (issuer: string) => object, string]>([
    [
      "is called otherwise",
      (issuer) => ({ issuer: `${issuer}/`, jwks_uri: `${issuer}/keys` }),
      "written just as that",
    ],
    [
      "has its keys where anybody could change them",
      (issuer) => ({ issuer, jwks_uri: "http://keys.example/" }),
      "begins with http://",
    ],
    ["has its keys in a file", (issuer) => ({ issuer, jwks_uri: "file:///etc/passwd" }), "not of the form"],
    ["says nothing of keys", (issuer) => ({ issuer }), "is not there"],
  ])("%s", async (_name, make, words) => {
    const { verify, sign, answer, issuer } = await setUp();
    answer((response) => response.end(JSON.stringify(make(issuer))));
    expect(await verify(sign())).toEqual(away(words));
  });

  it("leads elsewhere, and nobody follows", async () => {
    const { verify, sign, answer } = await setUp();
    const evil = await startIssuer({ now: () => Date.now() });
    answer((response, path) => response.writeHead(302, { location: `${evil.issuer}${path}` }).end());
    expect(await verify(sign())).toEqual(away("answered 302"));
    expect(evil.asked).toEqual([]);
  });

  it("is no address, where its keys have one", async () => {
    const keys = await startIssuer({ now: () => Date.UTC(2026, 0, 31) });
    const { verify } = await setUp({ issuer: "the company", keysAddress: `${keys.issuer}/keys` });
    const exp = Date.UTC(2026, 1, 2) / 1000;
    expect(await verify(keys.sign({ iss: "the company", exp }))).toMatchObject({ sub: "ann" });
  });
});
