// Tests of who may sign in, as the settings say.
import { describe, expect, it } from "vitest";
import { UsageError } from "../program/failure.ts";
import { findSignInFault, readSignIn } from "./sign-in.ts";

type Given = Readonly<Record<string, string>>;

const ARN = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/web/50dc6c495c0c9188";
const ISSUER = { jwtIssuer: "https://login.example.com", jwtAudience: "rollcall" };

const read = (given: Given) => readSignIn({ get: (name) => given[name], sourceOf: (name) => `--${name}` });

describe("readSignIn", () => {
  it("is nobody where nothing is said", () => {
    expect(read({})).toBeUndefined();
  });

  it("takes an issuer, with what most sign with, in the usual header", () => {
    expect(read({ ...ISSUER, jwtAudience: "a, b" })).toEqual({
      sources: [
        {
          kind: "jwks",
          issuer: ISSUER.jwtIssuer,
          audiences: ["a", "b"],
          header: "authorization",
          keysAddress: undefined,
          algorithms: ["RS256", "ES256"],
        },
      ],
      grants: undefined,
    });
  });

  it("takes both kinds, and what claims give", () => {
    const both = { ...ISSUER, albSigner: ARN, albClient: "c", signInScopes: "groups=sre:admin" };
    expect(read(both)).toMatchObject({
      sources: [{ kind: "jwks" }, { kind: "aws-alb", signers: [ARN], clients: ["c"] }],
      grants: [{ claim: "groups", value: "sre", scope: "admin" }],
    });
  });

  it.each<[string, Given, string]>([
    ["an issuer for whomever", { jwtIssuer: "https://a.example" }, "--jwtIssuer: goes with --jwt-audience"],
    ["an audience of nobody", { jwtAudience: "a" }, "--jwtAudience: goes with --jwt-issuer"],
    ["an issuer without TLS", { ...ISSUER, jwtIssuer: "http://a.example" }, "begins with http://"],
    ["keys without TLS", { ...ISSUER, jwtKeys: "http://a.example/keys" }, "--jwtKeys: the address begins"],
    ["keys in a file", { ...ISSUER, jwtKeys: "file:///etc/keys" }, "not of the form"],
    ["a user with a password", { ...ISSUER, jwtKeys: "https://u:secret@a.example" }, "user or password"],
    ["no signature", { ...ISSUER, jwtAlgorithms: "none" }, '"none" is none of'],
    ["a shared secret", { ...ISSUER, jwtAlgorithms: "RS256,HS256" }, '"HS256" is none of'],
    ["no algorithm", { ...ISSUER, jwtAlgorithms: "," }, "names none"],
    ["the header of keys", { ...ISSUER, jwtHeader: "X-Api-Key" }, "--jwtHeader: should be"],
    ["cookies", { ...ISSUER, jwtHeader: "Cookie" }, "--jwtHeader: should be"],
    ["what is no header", { ...ISSUER, jwtHeader: "a b" }, "--jwtHeader: should be"],
    ["what is no load balancer", { albSigner: "web" }, "is no ARN"],
    ["one of unknown keys", { albSigner: ARN.replace("aws:", "aws-iso:") }, "say it with --alb-keys"],
    ["a client of nobody", { albClient: "c" }, "--albClient: goes with --alb-signer"],
    ["grants to nobody", { signInScopes: "a=b:read" }, "--signInScopes: goes with"],
    ["grants of what nobody gets", { ...ISSUER, signInScopes: "a=b:ingest" }, "write CLAIM=VALUE:read"],
    ["no grant", { ...ISSUER, signInScopes: "," }, "write CLAIM=VALUE:read"],
  ])("refuses %s, and says where", (_name, given, words) => {
    expect(() => read(given)).toThrow(UsageError);
    expect(() => read(given)).toThrow(words);
    expect(() => read(given)).not.toThrow("secret");
    expect(findSignInFault((name) => given[name])).toBeDefined();
  });

  it("finds no fault with what is right", () => {
    expect(findSignInFault((name) => (ISSUER as Given)[name])).toBeUndefined();
  });
});
