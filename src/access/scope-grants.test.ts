// Tests of what a token's claims give.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runs } from "../testing/runs.ts";
import { grantScopes, parseScopeGrants } from "./scope-grants.ts";

const give = (claims: Readonly<Record<string, unknown>>, ...grants: string[]) =>
  grantScopes(claims, parseScopeGrants(grants));

describe("grantScopes", () => {
  it("lets whoever is signed in read where nothing is said, and nothing else", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (claims) => {
        expect(grantScopes(claims, undefined)).toEqual(["read"]);
      }),
      { numRuns: runs(100) },
    );
  });

  it.each<[string, Readonly<Record<string, unknown>>, string[], string[]]>([
    ["a value", { hd: "example.com" }, ["hd=example.com:read"], ["read"]],
    ["one of several", { groups: ["a", "sre"] }, ["groups=sre:admin", "groups=a:read"], ["read", "admin"]],
    ["another value", { groups: ["srex"] }, ["groups=sre:admin"], []],
    ["part of a value", { hd: "example.com.evil" }, ["hd=example.com:read"], []],
    ["words of a text", { name: "x sre" }, ["name=sre:admin"], []],
    ["words of a scope", { scope: "openid rollcall.read" }, ["scope=rollcall.read:read"], ["read"]],
    ["words of scp", { scp: "a b" }, ["scp=b:read"], ["read"]],
    [
      "a claim with a URL for a name",
      { "https://x.test/roles": ["adm"] },
      ["https://x.test/roles=adm:admin"],
      ["admin"],
    ],
    ["a claim with a colon", { "cognito:groups": ["staff"] }, ["cognito:groups=staff:read"], ["read"]],
    [
      "a claim that lies deeper",
      { realm_access: { roles: ["sre"] } },
      ["realm_access.roles=sre:admin"],
      ["admin"],
    ],
    ["a whole name before dots", { "a.b": "x", a: { b: "y" } }, ["a.b=x:read"], ["read"]],
    ["a truth", { email_verified: true }, ["email_verified=true:read"], ["read"]],
    ["what is inherited", {}, ["constructor.name=Object:admin"], []],
    ["lists in lists", { groups: [["sre"]] }, ["groups=sre:admin"], []],
    ["an object", { groups: { sre: true } }, ["groups=sre:admin"], []],
    ["nothing", {}, ["groups=sre:admin"], []],
  ])("%s", (_name, claims, grants, scopes) => {
    expect(give(claims, ...grants)).toEqual(scopes);
  });

  it("never gives admin by a grant that reads", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.string(),
        fc.string(),
        (claims, claim, value) => {
          expect(grantScopes(claims, [{ claim, value, scope: "read" }])).not.toContain("admin");
        },
      ),
      { numRuns: runs(200) },
    );
  });
});

describe("parseScopeGrants", () => {
  it("gives back what was written", () => {
    const text = fc.string({ minLength: 1 }).filter((one) => !/[=:\n\r\u2028\u2029]/.test(one));
    fc.assert(
      fc.property(text, text, fc.constantFrom("read" as const, "admin" as const), (claim, value, scope) => {
        expect(parseScopeGrants([`${claim}=${value}:${scope}`])).toEqual([{ claim, value, scope }]);
      }),
      { numRuns: runs(200) },
    );
  });

  it.each([
    "",
    "admin",
    "groups=sre",
    "groups:admin",
    "=x:read",
    "groups=:read",
    "groups=sre:ingest",
    "groups=sre:Admin",
  ])("takes %j for none", (text) => {
    expect(parseScopeGrants([text])).toBeUndefined();
  });
});
