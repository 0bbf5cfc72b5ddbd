// Tests of masking by lists: made-up credentials of many forms, and ordinary values that look a
// little like one.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { SAMPLES } from "../testing/credential-samples.ts";
import { findCredentials } from "./credential-text.ts";
import { MASK, maskCredentials } from "./mask.ts";

/** As it stands in a report. */
const quote = (text: string) => JSON.stringify(text).slice(1, -1);

describe("made-up credentials", () => {
  it("are as many as were tried on lifelike hosts, and more", () => {
    expect(SAMPLES.length).toBeGreaterThan(300);
  });

  it.each(SAMPLES.map((sample, at) => [at, sample.field, sample] as const))(
    "%d %s",
    (_, __, { field, value, secrets }) => {
      const masked = JSON.stringify(maskCredentials(field, value));
      expect(masked).toContain(MASK);
      for (const secret of secrets) {
        expect(masked).not.toContain(quote(secret));
        // Nor a good part of it.
        if (secret.length > 20)
          for (let at = 8; at + 8 <= secret.length; at += 8)
            expect(masked).not.toContain(quote(secret.slice(at, at + 8)));
      }
      expect(maskCredentials(field, JSON.parse(masked))).toEqual(JSON.parse(masked));
    },
  );

  it.each([
    ["eos_token", "</s>"],
    ["bos_token", "<|begin_of_text|>"],
    ["pad_token", "[PAD]"],
    ["separator_token", "|"],
    ["existingSecret", "app-db"],
    ["scopes", "secrets:read tokens:write"],
    ["encrypt", "true"],
    ["nsswitch", "passwd: files systemd"],
  ])("are not what %s has: %s", (name, value) => {
    expect(maskCredentials(name, value)).toBe(value);
    expect(maskCredentials("text", `a=1\n${name}=${value}\nb=2`)).toBe(`a=1\n${name}=${value}\nb=2`);
  });

  it("leave what stands around them", () => {
    expect(maskCredentials("environment", "A=1\nMY_DB_PASSWORD=hunter3\nMODEL=A_red_1.1\n")).toBe(
      `A=1\nMY_DB_PASSWORD=${MASK}\nMODEL=A_red_1.1\n`,
    );
    expect(maskCredentials("args", ["run", "--password", "x y", "--port", "80"])).toEqual([
      "run",
      "--password",
      MASK,
      "--port",
      "80",
    ]);
    expect(maskCredentials("args", ["mysql", "-u", "root", "-phunter2", "app"])).toEqual([
      "mysql",
      "-u",
      "root",
      `-p${MASK}`,
      "app",
    ]);
    expect(maskCredentials("env", [{ name: "DB_PASSWORD", value: "x" }])).toEqual([
      { name: "DB_PASSWORD", value: MASK },
    ]);
    expect(maskCredentials("url", "https://x.example.com/a?page=2&X-Amz-Signature=abc123&z=1")).toBe(
      `https://x.example.com/a?page=2&X-Amz-Signature=${MASK}&z=1`,
    );
    expect(maskCredentials("dsn", "host=db password=hunter2 dbname=app")).toBe(
      `host=db password=${MASK} dbname=app`,
    );
  });
});

/**
 * Names and values as they stand in files, package lists and units of a plain machine, and what
 * applications have beside.
 */
const ORDINARY = readFileSync("test/masking/ordinary-values.tsv", "utf8")
  .trim()
  .split("\n")
  .map((line) => line.split("\t") as [name: string, value: string]);

describe("ordinary values", () => {
  it("are 1,000, of which at most 2 are masked", () => {
    expect(ORDINARY.length).toBe(1000);
    const masked = ORDINARY.filter(([name, value]) => maskCredentials(name, value) !== value);
    expect(masked.length, JSON.stringify(masked)).toBeLessThanOrEqual(2);
  });

  it("stay within a file's whole text too", () => {
    const text = ORDINARY.map(([name, value]) => `${name}=${value}`).join("\n");
    const masked = findCredentials(text).map(({ start, end }) => text.slice(start, end));
    expect(masked.length, JSON.stringify(masked)).toBeLessThanOrEqual(2);
  });
});

/** What texts may be made of so that a pattern takes long. */
const HOSTILE: readonly string[] = [
  ...[
    "eyJ",
    "eyJ-",
    "eyJaaaaaaaaaaaa.",
    "a://b:",
    "x://y:@",
    "postgres://a:b",
    "-----BEGIN ",
    "-----BEGIN PRIVATE KEY-----",
    "LS0tLS1CRUdJTi",
  ],
  ...[
    "PuTTY-User-Key-File-3: ",
    "---- BEGIN ",
    "token=",
    "token =\n",
    "password:",
    "Bearer ",
    "Basic ",
    "password='",
    '\\"password\\":\\"',
  ],
  ...[
    "name: password, ",
    "name: password\n",
    "<a ",
    "<password>",
    '<a name="password">',
    "--password ",
    "mysql -p",
    "curl -u a:",
    "openssl pass:",
  ],
  ...[
    "password: |\n",
    "password: [",
    "password: {",
    "[",
    '("password",',
    "user >",
    "login a password ",
    'secret "',
    "IDENTIFIED BY '",
  ],
  ...[
    "export A_B ",
    "A_B c\n",
    "\n",
    " ",
    "=",
    ":",
    "?key=",
    "a b c d:",
    "$6$",
    "IQoJb3JpZ2lu/",
    "+ASt",
    "1//0",
    "1:AA",
    "a.",
    "a-",
    "0",
  ],
];

describe("hostile texts", () => {
  it.each(HOSTILE)("%j takes time in proportion to the text", (part) => {
    const text = part.repeat(131_072 / part.length);
    const start = process.cpuUsage();
    findCredentials(text);
    // A tenth of that, of this process; what is quadratic takes minutes.
    expect(process.cpuUsage(start).user / 1000).toBeLessThan(5000);
  });
});
