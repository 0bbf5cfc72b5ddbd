// Tests of `rollcall config check`.
import { describe, expect, it } from "vitest";
import { makeIo } from "../../testing/io-double.ts";
import { runConfigCheck } from "./config-check.ts";

async function check(files: Record<string, string>, terminal = false, env: Record<string, string> = {}) {
  const io = await makeIo({ files, env, isTerminal: terminal, ...(terminal && { columns: 100 }) });
  const failure = await runConfigCheck({ config: "config.yaml" }, io).then(
    () => undefined,
    (error: Error) => error.message,
  );
  return { failure, out: io.out(), err: io.err().replaceAll(`${io.cwd}/`, "") };
}

describe("rollcall config check", () => {
  it.each([
    ["store: file:a\nalso_read: file:b,file:a\n", "config.yaml:2:12: also_read: names a store twice"],
    ["also_read: [file:b, /srv/old]\n", "also_read: write a store's URL"],
    ["server: https://x.example\nalso_read: file:b\n", "also_read: goes with store, and server is set"],
    ["legacy_store: app-configs\n", "legacy_store: write a store's URL"],
  ])("finds what is wrong with other stores: %j", async (text, message) => {
    expect((await check({ "config.yaml": text })).err).toContain(message);
  });

  it(
    "shows every mistake at once, of form and of meaning, with line and column and " + "what to write",
    async () => {
      const { failure, err } = await check({
        "config.yaml": `store: s3:/reports
server: https://rollcall.example.com
listen: 8787
within: 2 hours
max_agee: 1m
log_level: inf
spec: spec.yaml
labels:
  - field: a..b
    pattern: "(x)"
publishers:
  wiki:
    kind: docbase
    token_env: TOKEN
    every: 10s
  slack:
    kind: slack
`,
        "spec.yaml": "version: 1\ncolect: []\n",
      });
      const told = err.split("\n").filter((line) => line.startsWith("config.yaml:"));
      expect(told).toEqual([
        expect.stringContaining("config.yaml:1:8: store: "),
        expect.stringContaining("config.yaml:2:9: server: store is set as well; leave one out"),
        expect.stringContaining("config.yaml:3:9: listen: write a text"),
        expect.stringContaining("config.yaml:4:9: within: write a span of time"),
        expect.stringContaining('config.yaml:5:1: max_agee: unknown key "max_agee"; did you mean "max_age"?'),
        expect.stringContaining("config.yaml:6:12: log_level: write one of"),
        expect.stringContaining("config.yaml:7:7: spec: the spec has mistakes: spec.yaml:2:1: "),
        expect.stringContaining("config.yaml:9:12: labels[0].field: write a field"),
        expect.stringContaining("config.yaml:10:14: labels[0].pattern: the pattern has no named group"),
        expect.stringContaining("config.yaml:13:5: publishers.wiki.team: is missing"),
        expect.stringContaining("config.yaml:15:12: publishers.wiki.every: write a duration"),
        expect.stringContaining(
          "config.yaml:17:11: publishers.slack.kind: needs the URL of Slack's incoming webhook",
        ),
      ]);
      expect(failure).toMatch(/config\.yaml has 12 mistakes/);
    },
  );

  it("looks for publishers' secrets where the configuration says they are, and shows none", async () => {
    const publisher = (name: string, file: string) =>
      `  ${name}: { kind: docbase, team: acme, token_file: ${file} }\n`;
    const { err } = await check({
      "config.yaml":
        "publishers:\n  odd: { kind: odd }\n" +
        `${publisher("a", "nowhere")}${publisher("b", "two-words")}${publisher("c", "token")}`,
      "two-words": "hunter2 hunter2\n",
      token: "hunter2\n",
    });
    expect(err).toContain("config.yaml:3:47: publishers.a.token_file: cannot read the secret: ENOENT");
    expect(err).toContain("config.yaml:4:47: publishers.b.token_file: two-words holds no secret");
    expect(err).not.toMatch(/publishers\.c|hunter2/);
  });

  it("looks at what values mean, and at the files that they name", async () => {
    const { err } = await check({
      "config.yaml": `store: s3:/reports
server: https://rollcall.example.com
listen: localhost
within: 2 hours
max_age: "0s"
spec: spec.yaml
key_file: nowhere
expect: hosts.txt
spec_keys: ed25519:x
allow_commands: bin/app
`,
      "spec.yaml": "version: 1\ncolect: []\n",
      "hosts.txt": "i 1\n",
    });
    for (const line of [
      "config.yaml:1:8: store: ",
      "config.yaml:2:9: server: store is set as well; leave one out",
      "config.yaml:3:9: listen: write HOST:PORT",
      'config.yaml:4:9: within: write a span of time such as "30m"',
      "config.yaml:5:10: max_age: write a span",
      "config.yaml:6:7: spec: the spec has mistakes: spec.yaml:2:1: ",
      "config.yaml:7:11: key_file: cannot be read: ENOENT",
      'config.yaml:8:9: expect: the file line 1: "i 1" is no host id',
      "config.yaml:9:12: spec_keys: write keys as rollcall spec keygen prints them",
      "config.yaml:10:17: allow_commands: write absolute paths",
    ])
      expect(err).toContain(line);
  });

  it("says of a span that is too long what the longest is", async () => {
    const { err } = await check({ "config.yaml": "within: 30h\nmax_age: 99999999d\n" });
    const words = 'reports expire after 24 hours; ask for at most "24h"';
    expect(err).toContain(`config.yaml:1:9: within: ${words}`);
    expect(err).toContain(`config.yaml:2:10: max_age: ${words}`);
  });

  it("shows no secret that stands where it should not", async () => {
    const { failure, err } = await check({
      "config.yaml": `publishers:
  a: { kind: docbase, team: acme, token: SECRET-a }
  b:
    kind: slack
    url: https://hooks.slack.com/services/T0/B0/SECRET
  c: { kind: webhook, url: "https://u:SECRET@example.com" }
  d:
    kind: docbase
    team: acme
    docbase_pass: SECRET
`,
    });
    expect(failure).toMatch(/mistakes/);
    expect(err).toContain("config.yaml:2:35: publishers.a.token: unknown key");
    expect(err).toContain("publishers.a.kind: needs DocBase's token: write token_file: FILE");
    expect(err).toContain("config.yaml:6:28: publishers.c.url: write a URL that begins with https://");
    expect(err).toContain("config.yaml:10:5: publishers.d.docbase_pass: unknown key");
    expect(err).not.toContain("SECRET");
  });

  it("shows no key", async () => {
    const { err } = await check({ "config.yaml": "key: hunter2hunter2\nenrol_key: [rc_secretsecret]\n" });
    expect(err).toContain("config.yaml:");
    expect(err).not.toMatch(/hunter2|secretsecret/);
  });

  it("tells what is in force, and from where", async () => {
    const files = {
      "config.yaml":
        "store: file:/srv/rollcall\nkey: rc_abcdefgh_secret\nlabels:\n  - { field: " +
        "a, pattern: '(?<tier>.+)' }\n",
    };
    const { failure, out } = await check(files, false, { ROLLCALL_WITHIN: "1h" });
    expect(failure).toBeUndefined();
    const shown = JSON.parse(out);
    expect(shown.labels).toEqual(["tier"]);
    expect(shown.settings).toContainEqual({ setting: "within", value: "1h", from: "ROLLCALL_WITHIN" });
    expect(shown.settings).toContainEqual({
      setting: "apiKey",
      value: "(hidden)",
      from: expect.stringContaining("key in "),
    });
    expect(out).not.toContain("secret");
    const terminal = await check(files, true);
    expect(terminal.out).toMatch(/config\.yaml: ok\n\n.*SETTING +VALUE +FROM/);
  });

  it("has nothing to say of a file that is not there and nobody named", async () => {
    const io = await makeIo();
    await runConfigCheck({}, io);
    expect(JSON.parse(io.out())).toEqual({ settings: [], labels: ["env", "service"], publishers: [] });
  });

  it("says what each publisher publishes where, and what is wrong with it", async () => {
    const config = `publishers:
  wiki: { kind: docbase, team: acme, token_file: token, every: 1h, fields: [app_version] }
  pages: { kind: markdown, path: /srv/wiki, parts: "" }
  hook: { kind: webhook, url: "https://hooks.example/a-secret-path", token_env: HOOK }
  slack: { kind: slack, token_file: slack }
`;
    const files = {
      "config.yaml": config,
      token: "t0ken-value\n",
      slack: "https://hooks.slack.example/T0/B0",
    };
    const { failure, out } = await check(files, false, { HOOK: "hush" });
    expect(failure).toBeUndefined();
    const { publishers } = JSON.parse(out);
    expect(publishers).toMatchObject([
      {
        name: "wiki",
        kind: "docbase",
        every: "1h",
        where: "the team acme at api.docbase.io, pages with the tag rollcall-wiki",
        fields: ["app_version"],
        by: "env",
        parts: "service",
        secret: "token_file token, which can be read",
      },
      { name: "pages", where: "the folder /srv/wiki, rollcall-pages.md and files beside it", secret: null },
      { name: "hook", where: "https://hooks.example", secret: "token_env HOOK, which is set in this shell" },
      { name: "slack", every: "by hand" },
    ]);
    expect(out).not.toMatch(/a-secret-path|t0ken-value|hush|B0/);
    const terminal = await check(files, true);
    expect(terminal.out).toContain("  wiki: docbase, every 1h\n    where: the team acme at api.docbase.io,");
    expect(terminal.out).toContain("    shows: What runs where: app_version by env, for each service\n");
    expect(terminal.out).toContain("token_env HOOK, which is not set in this shell");
    const wrong = await check({ ...files, slack: "no-url" });
    expect(wrong.err).toContain(
      "config.yaml:5:37: publishers.slack.token_file: the secret of publishers.slack is no URL",
    );
    expect(wrong.failure).toContain("has a mistake");
  });
});
