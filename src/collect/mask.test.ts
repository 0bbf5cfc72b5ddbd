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
const HOST_KEY = `rh_${"i-0123456789abcdef0"}_${"x".repeat(43)}`;
const GOOGLE = `AIza${"x".repeat(35)}`;
const STRIPE = `sk_live_${"a1".repeat(12)}`;
const PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----";

describe("maskCredentials", () => {
  it.each([JWT, AWS_KEY, GITHUB, SLACK, ROLLCALL, HOST_KEY, GOOGLE, STRIPE, PEM, PEM.slice(0, 40)])(
    "masks %s wherever it stands",
    (secret) => {
      expect(maskCredentials("x", secret)).toBe(MASK);
      const masked = JSON.stringify(maskCredentials("x", { a: ["before", `said ${secret}`] }));
      expect(masked).not.toContain(secret);
      expect(masked).toContain(`said ${MASK}`);
    },
  );

  it("masks passwords in URLs and leaves the rest", () => {
    expect(maskCredentials("dsn", "postgres://app:hunter2@db:5432/app?x=1")).toBe(
      `postgres://app:${MASK}@db:5432/app?x=1`,
    );
    for (const url of [
      "https://example.com:8080/a@b",
      "s3://reports?endpoint=http://x:9000",
      "ssh://git@host/path",
    ])
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
    "PGPASSWORD",
    "DB_PASS",
    "secret_key",
    "authorization",
    "passwords",
    "tokens",
  ])("masks a text under the key %s", (key) => {
    expect(maskCredentials("field", { [key]: "hunter2" })).toEqual({ [key]: MASK });
    expect(maskCredentials(key, ["hunter2"])).toEqual([MASK]);
  });

  it("masks all that is below such a key, digits that are numbers among it", () => {
    expect(maskCredentials("token", { value: "x", parts: ["y", { z: "w" }], valid: true })).toEqual({
      value: MASK,
      parts: [MASK, { z: MASK }],
      valid: true,
    });
    expect(maskCredentials("field", { db_password: 12345678, pass: 1, max_tokens: 4096 })).toEqual({
      db_password: MASK,
      pass: 1,
      max_tokens: 4096,
    });
  });

  it.each([
    ["said password=hunter2 and went", `said password=${MASK} and went`],
    ['{"api_key": "a b"}', `{"api_key": ${MASK}}`],
    ["DB_PASSWORD: hunter2", `DB_PASSWORD: ${MASK}`],
    ["Authorization: Bearer abc.def-123", `Authorization: Bearer ${MASK}`],
    ["postgres://u:p@ss@host/db", `postgres://u:${MASK}@host/db`],
  ])("masks what a text says itself to be a secret: %s", (text, masked) => {
    expect(maskCredentials("message", text)).toBe(masked);
  });

  it("leaves what is no credential, and the very same object", () => {
    const value: JsonValue = {
      module: "A_red_1.1",
      token_count: 5,
      password_set: true,
      secret: "",
      keyboard: "us",
      compass: "north",
      password_file: "/etc/x",
      message: "the tokenizer: ready; secrets of success; bearer of news",
      commit: "9fceb02d0ae598e95dc970b74767f19372d61af8",
      digest: `sha256:${"0".repeat(64)}`,
      list: [1, null, "x"],
    };
    expect(maskCredentials("field", value)).toBe(value);
  });

  it("takes time in proportion to the text, whatever the text", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(
          "eyJ",
          "a://b:",
          "xoxb-",
          "-----BEGIN ",
          "AKIA",
          "ghp_",
          "://",
          "rh_",
          "rh_a_",
          "token=",
          "Bearer ",
          "a_",
          "x://y:@",
        ),
        (part) => {
          expect(typeof maskCredentials("x", part.repeat(8192 / part.length))).toBe("string");
        },
      ),
    );
  });
});
