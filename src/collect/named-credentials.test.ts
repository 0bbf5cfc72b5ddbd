// Tests of what the host itself calls a credential, from a spec and files to the report.
import { describe, expect, it } from "vitest";
import { parseSpec } from "../specs/spec.ts";
import { makeHostDouble } from "../testing/host-double.ts";
import { makeFolder } from "../testing/temporary-folder.ts";
import { MASK } from "./mask.ts";
import { collectReport } from "./runner.ts";

/** Collects one step's field `x`, and what is told of it. */
async function collect(step: string, files: Readonly<Record<string, string>>, more = "") {
  const parsed = parseSpec(`version: 1\ncollect:\n  - host: { metadata: off }\n  - ${step}\n${more}`);
  if ("mistakes" in parsed) throw new Error(JSON.stringify(parsed.mistakes));
  const host = makeHostDouble(
    await makeFolder({ "etc/machine-id": "4c4c4544003510528031b4c04f4d3132", ...files }),
  );
  const { bytes, unread } = await collectReport(parsed.spec, host, {
    agentVersion: "1.0.0",
    specDigest: "sha256:0",
  });
  return { x: (JSON.parse(bytes.toString()) as { x: unknown }).x, unread };
}

const file = (path: string, format: string, source: string) =>
  `file: { path: ${path}, format: ${format}, fields: { x: ${source} } }`;

describe("a key", () => {
  it.each([
    ["ini", "[db]\npassword = hunter2", "db.password"],
    ["yaml", "db: { password: hunter2 }", "db.password"],
    ["yaml", "secrets: { db: { main: hunter2 } }", "secrets.db.main"],
    ["dotenv", "MY_DB_PASSWORD=hunter2", "MY_DB_PASSWORD"],
    ["json", '{"dbPassword":"hunter2"}', "dbPassword"],
    ["json", '{"env":[{"name":"A","value":"b"},{"name":"DB_PASSWORD","value":"hunter2"}]}', "env.1.value"],
    ["toml", "[db]\npassword = 12345678", "db.password"],
    ["yaml", "kind: Secret\ndata: { db: aHVudGVyMg== }", "data.db"],
    ["yaml", "items: [{ kind: Secret, stringData: { db: hunter2 } }]", "items.0.stringData.db"],
  ])("of %s is judged by each of its levels: %j", async (format, text, key) => {
    const { x, unread } = await collect(file("/etc/app.conf", format, `{ key: ${key} }`), {
      "etc/app.conf": text,
    });
    expect(x).toBe(MASK);
    expect(unread).toEqual([
      { what: "x", reason: expect.stringMatching(/^looks like a credential/) as string },
    ]);
  });

  it.each([
    ["yaml", "db: { password_file: /run/db, host: db }", "db.password_file", "/run/db"],
    ["yaml", "db: { password: '{{ db_password }}' }", "db.password", "{{ db_password }}"],
    ["yaml", "auth: { mode: oauth2 }", "auth.mode", "oauth2"],
    ["yaml", "kind: ConfigMap\ndata: { model: A_red_1.1 }", "data.model", "A_red_1.1"],
    ["yaml", "tokenizer: { model: A_red_1.1 }", "tokenizer.model", "A_red_1.1"],
    ["json", '{"env":[{"name":"MODEL","value":"A_red_1.1"}]}', "env.0.value", "A_red_1.1"],
  ])("of %s that is none stays: %j", async (format, text, key, value) => {
    expect(await collect(file("/etc/app.conf", format, `{ key: ${key} }`), { "etc/app.conf": text })).toEqual(
      {
        x: value,
        unread: [],
      },
    );
  });

  it("is let out by the report's name of its field", async () => {
    const step = file("/etc/app.ini", "ini", "{ key: db.password }");
    const answer = await collect(
      step,
      { "etc/app.ini": "[db]\npassword = hunter2" },
      "allow_credentials: [x]",
    );
    expect(answer).toEqual({ x: "hunter2", unread: [] });
  });
});

describe("a pattern", () => {
  it.each([
    ["password=hunter2", "password=(\\S+)"],
    ["db: x\npassword = hunter2\n", "(?m)^pass\\w+ = (.*)$"],
    ["MODEL=a\nDB_PASSWORD=hunter2", "DB_\\w+=(.*)"],
    ["a=1\nDB_PASSWORD=hunter2", "\\n\\w+=(.*)"],
    ["say hunter2", "(?P<password>hunter\\d)"],
    ["DB_PASSWORD:\n  value: hunter2", "DB_PASSWORD:\\s+value: (\\S+)"],
    ["url: postgres://app:hunter2@db/x", "app:(.*)@"],
    ["requirepass hunter2", "hunter\\d"],
    ["-----BEGIN PRIVATE KEY-----\nTUlJRXZR\n-----END PRIVATE KEY-----", "TUl\\w+"],
    ['{"db":{"password":"hunter2"}}', 'd":"(\\w+)'],
  ])("is judged by its words and what stands around the match: %j", async (text, pattern) => {
    const { x, unread } = await collect(file("/etc/app", "text", `{ pattern: '${pattern}' }`), {
      "etc/app": text,
    });
    expect(x).toBe(MASK);
    expect(unread.length).toBe(1);
  });

  it.each([
    ["password=hunter2\nversion=1.10", "version=(.*)", "1.10"],
    ["token_count: 512", "token_count: (\\d+)", "512"],
    ["version 1.10 password hunter2", "version (\\S+)", "1.10"],
  ])("whose match is none stays: %j", async (text, pattern, value) => {
    expect(await collect(file("/etc/app", "text", `{ pattern: '${pattern}' }`), { "etc/app": text })).toEqual(
      {
        x: value,
        unread: [],
      },
    );
  });

  it("over a whole text masks only the credentials in it", async () => {
    const text = "MY_DB_PASSWORD=hunter3\r\nAWS_SECRET_ACCESS_KEY=hunter4\r\nMODEL=A_red_1.1\r\n";
    const { x } = await collect(file("/etc/app.env", "text", "{ pattern: '(?s)(.*)' }"), {
      "etc/app.env": text,
    });
    expect(x).toBe(`MY_DB_PASSWORD=${MASK}\nAWS_SECRET_ACCESS_KEY=${MASK}\nMODEL=A_red_1.1\n`);
  });
});

describe("a file", () => {
  it.each([
    "/run/secrets/db",
    "/etc/app/secrets/a.txt",
    "/home/app/.pgpass",
    "/etc/ssl/private/server.key",
    "/etc/ssl/server.pem",
    "/home/app/.aws/credentials",
    "/home/app/.ssh/id_ed25519",
    "/etc/shadow",
    "/etc/app/db_password",
    "/etc/rollcall/token",
  ])("whose path says so holds nothing else: %s", async (path) => {
    const { x } = await collect(file(path, "text", "{ pattern: '.+' }"), { [path.slice(1)]: "hunter2" });
    expect(x).toBe(MASK);
  });

  it.each([
    "/etc/passwd",
    "/etc/ssl/certs/ca.pem",
    "/etc/app/fullchain.pem",
    "/etc/app/tokenizer.json",
    "/etc/keys.yaml",
    "/etc/secretary",
  ])("of other names is read: %s", async (path) => {
    expect((await collect(file(path, "text", "{ pattern: '.+' }"), { [path.slice(1)]: "A_red_1.1" })).x).toBe(
      "A_red_1.1",
    );
  });

  it("among many is masked in its own object", async () => {
    const step =
      "files: { glob: /etc/app/*, into: x, format: yaml, fields: { name: { path: " +
      "name }, pw: { key: db.password, optional: true }, v: { key: v, optional: true " +
      "} } }";
    const files = {
      "etc/app/a": "v: 1.2.3",
      "etc/app/b": "{ v: 1.2.3, db: { password: hunter2 } }",
      "etc/app/db.secret": "v: hunter2",
    };
    expect((await collect(step, files)).x).toEqual([
      { name: "a", v: "1.2.3" },
      { name: "b", pw: MASK, v: "1.2.3" },
      { name: "db.secret", v: MASK },
    ]);
    expect((await collect(step, files, "allow_credentials: [x]")).x).toContainEqual({
      name: "b",
      pw: "hunter2",
      v: "1.2.3",
    });
  });
});

it("a command's output is judged as a text is", async () => {
  const parsed = parseSpec(
    "version: 1\ncollect:\n  - host: { metadata: off }\n  - command: { run: [/a], " +
      "fields: { x: { pattern: 'hunter.' } } }",
  );
  if ("mistakes" in parsed) throw new Error(JSON.stringify(parsed.mistakes));
  const root = await makeFolder({ "etc/machine-id": "4c4c4544003510528031b4c04f4d3132" });
  const run = () => Promise.resolve({ stdout: Buffer.from("password: hunter2\n"), stderr: Buffer.alloc(0) });
  const { bytes } = await collectReport(parsed.spec, makeHostDouble(root, { run }), {
    agentVersion: "1.0.0",
    specDigest: "sha256:0",
  });
  expect(JSON.parse(bytes.toString())).toMatchObject({ x: MASK });
});
