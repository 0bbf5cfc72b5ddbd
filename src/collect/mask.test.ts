// Tests of masking: credentials do not leave the host; what only looks a little like one does.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MASK, maskCredentials } from "./mask.ts";
import type { JsonValue } from "./value.ts";

const JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U";
// Put together here, so that no scanner takes this file for a leak.
const AWS_KEY = `AKIA${"IOSFODNN7EXAMPLE"}`;
const GITHUB = `ghp_${"a1B2".repeat(9)}`;
const SLACK = `xoxb-${"123456789012"}-abcdefABCDEF`;
const ROLLCALL = `rc_${"abcdefghijkl"}_${"x".repeat(43)}`;
const PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----";

describe("maskCredentials", () => {
  it.each([JWT, AWS_KEY, GITHUB, SLACK, ROLLCALL, PEM, PEM.slice(0, 40)])("masks %s wherever it stands", (secret) => {
    expect(maskCredentials("x", secret)).toBe(MASK);
    const masked = JSON.stringify(maskCredentials("x", { a: ["before", `said ${secret}`] }));
    expect(masked).not.toContain(secret);
    expect(masked).toContain(`said ${MASK}`);
  });

  it("masks passwords in URLs and leaves the rest", () => {
    expect(maskCredentials("dsn", "postgres://app:hunter2@db:5432/app?x=1")).toBe(`postgres://app:${MASK}@db:5432/app?x=1`);
    for (const url of ["https://example.com:8080/a@b", "s3://reports?endpoint=http://x:9000", "ssh://git@host/path"])
      expect(maskCredentials("url", url)).toBe(url);
  });

  it.each([
    "password",
    "DB_PASSWORD",
    "db.secret",
    "api_key",
    "apiKey",
    "dbPassword",
    "x-api-key",
    "auth_token",
    "privateKey",
    "aws_secret_access_key",
  ])("masks a text under the key %s", (key) => {
    expect(maskCredentials("field", { [key]: "hunter2" })).toEqual({ [key]: MASK });
    expect(maskCredentials(key, ["hunter2"])).toEqual([MASK]);
  });

  it("leaves what is no credential, and the very same object", () => {
    const value: JsonValue = {
      module: "A_red_1.1",
      token_count: 5,
      password_set: true,
      secret: "",
      keyboard: "us",
      commit: "9fceb02d0ae598e95dc970b74767f19372d61af8",
      digest: `sha256:${"0".repeat(64)}`,
      list: [1, null, "x"],
    };
    expect(maskCredentials("field", value)).toBe(value);
  });

  it("takes time in proportion to the text, whatever the text", () => {
    fc.assert(
      fc.property(fc.constantFrom("eyJ", "a://b:", "xoxb-", "-----BEGIN ", "AKIA", "ghp_", "://"), (part) => {
        expect(typeof maskCredentials("x", part.repeat(8192 / part.length))).toBe("string");
      }),
    );
  });
});
