// The publishers' conformance suite over all of them, each with its other side: a folder, a file,
// servers on loopback.
import { createHmac } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type Docbase, startDocbase } from "../testing/docbase.ts";
import { type MessageReceiver, startMessageReceiver } from "../testing/message-receiver.ts";
import { makeHosts, makeOverview } from "../testing/overview-double.ts";
import { describePublisher, type PublisherFixture } from "../testing/publisher-conformance.ts";
import { publishersSchema } from "./config.ts";
import { folderPublisher } from "./folder.ts";
import { formatCode } from "./markdown-text.ts";
import { openPublisher } from "./registry.ts";
import { formatSlack } from "./slack.ts";
import { cutValue } from "./slack-text.ts";
import { formatMessage, signBody } from "./webhook.ts";

const noSecret = async () => undefined;

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "rollcall-publish-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

async function openOverviewPublisher(...options: Parameters<typeof openPublisher>) {
  const publisher = await openPublisher(...options);
  if ("publishChanges" in publisher) throw new Error("it publishes no overview");
  return publisher;
}

const parse = (config: object) => {
  const { test } = publishersSchema.parse({ test: config });
  if (!test) throw new Error("no publisher");
  return test;
};

describePublisher("stdout", async () => {
  let text = "";
  return {
    publisher: await openOverviewPublisher("test", parse({ kind: "stdout" }), noSecret),
    read: async () => text.replaceAll("**", ""),
    write: async (more) => {
      text = more;
    },
    fail: undefined,
    repeats: true,
    secret: undefined,
    format: formatCode,
  };
});

for (const name of ["wiki", "wiki.md"]) {
  describePublisher("markdown", async () => {
    const path = join(await makeFolder(), name);
    const folder = name.endsWith(".md") ? join(path, "..") : path;
    return {
      publisher: await openOverviewPublisher("test", parse({ kind: "markdown", path }), noSecret),
      async read() {
        const files = await readdir(folder).catch(() => []);
        const texts = files
          .filter((file) => file.endsWith(".md"))
          .sort()
          .map((file) => readFile(join(folder, file), "utf8"));
        return (await Promise.all(texts)).join("\n").replaceAll("**", "");
      },
      async fail(isFailing) {
        // A file where the folder should be.
        if (name.endsWith(".md")) await (isFailing ? mkdir(path) : rm(path, { recursive: true }));
        else await (isFailing ? writeFile(path, "") : rm(path));
      },
      repeats: false,
      secret: undefined,
      format: formatCode,
    };
  });
}

async function openWebhook(
  kind: "webhook" | "slack",
): Promise<PublisherFixture & Pick<MessageReceiver, "received">> {
  const { url, received, fail } = await startMessageReceiver();
  const secret = kind === "slack" ? `${url}/T000/B000/very-secret` : "very-secret";
  const config = parse(kind === "slack" ? { kind, token_env: "HOOK" } : { kind, url, token_env: "HOOK" });
  return {
    publisher: await openOverviewPublisher("test", config, async () => secret),
    async read() {
      const body = received.at(-1)?.body ?? "";
      if (kind === "slack") return body.replaceAll("*", "");
      if (body === "") return "";
      const { hosts, set_aside } = JSON.parse(body) as { hosts: number; set_aside: number };
      return `${body} ${hosts} hosts reported. ${set_aside} report was set aside`;
    },
    fail,
    repeats: false,
    secret: "very-secret",
    // As JSON has it.
    format: (value) => JSON.stringify(kind === "slack" ? cutValue(value) : value).slice(1, -1),
    received,
  };
}

describePublisher("webhook", () => openWebhook("webhook"));
describePublisher("slack", () => openWebhook("slack"));

describe("docbase", () => {
  let docbase: Docbase;
  beforeAll(async () => {
    docbase = await startDocbase();
  });
  afterAll(() => docbase.stop());

  describePublisher("docbase", async () => {
    await docbase.control({ reset: true });
    return {
      publisher: await openOverviewPublisher(
        "test",
        parse({ kind: "docbase", team: "acme", base_url: docbase.url, token_env: "T" }),
        async () => "docbase-test-token",
      ),
      async read() {
        const posts = await docbase.posts();
        return posts
          .map(({ title, body }) => `${title}\n${body}`)
          .join("\n")
          .replaceAll("**", "");
      },
      fail: async (isFailing) =>
        void (await docbase.control({ plan: isFailing ? Array(50).fill("error-before") : [] })),
      repeats: false,
      secret: "docbase-test-token",
      format: formatCode,
    };
  });
});

describe("what a webhook gets", () => {
  it("is signed over the time and the body", async () => {
    const now = 1_700_000_000_123;
    const expected = createHmac("sha256", "secret").update('1700000000.{"a":1}').digest("hex");
    expect(signBody('{"a":1}', "secret", now)).toBe(`t=1700000000,v1=${expected}`);
  });

  it("can be checked as docs/publish.md shows", async () => {
    const docs = await readFile(new URL("../../docs/publish.md", import.meta.url), "utf8");
    const [, code = ""] = /```js\n([\s\S]*?)```/.exec(docs) ?? [];
    const file = join(await makeFolder(), "check.mjs");
    await writeFile(file, `${code}\nexport { isGenuine };`);
    const { isGenuine } = (await import(file)) as {
      isGenuine: (header: string, body: string, secret: string) => boolean;
    };
    const header = signBody('{"a":1}', "secret", Date.now());
    expect(isGenuine(header, '{"a":1}', "secret")).toBe(true);
    expect(isGenuine(header, '{"a":2}', "secret")).toBe(false);
    expect(isGenuine(header, '{"a":1}', "other")).toBe(false);
    expect(isGenuine(signBody('{"a":1}', "secret", Date.now() - 400_000), '{"a":1}', "secret")).toBe(false);
    for (const forged of ["", "t=1,v1=00", `t=x,v1=${"0".repeat(64)}`, header.slice(0, -2)])
      expect(isGenuine(forged, '{"a":1}', "secret")).toBe(false);
  });

  it("is the overview as JSON", async () => {
    const message = formatMessage(await makeOverview(makeHosts(2, 3)));
    expect(message).toMatchObject({
      hosts: 6,
      behind: 2,
      silent: 0,
      parts: [{ name: "service0" }, { name: "service1" }],
    });
    expect(message.versions.map(({ value, count, behind }) => [value, count, behind])).toEqual([
      ["A_red_1.10", 4, false],
      ["A_red_1.9", 2, true],
    ]);
  });
});

describe("what Slack gets", () => {
  it("stays within its limits, however much there is to say", async () => {
    const hosts = Array.from({ length: 3000 }, (_, at) => ({
      id: `i-${at}`,
      service: `service${at % 60}`,
      module: `A_${"x".repeat(300)}${at}_1.${at}`,
    }));
    const fields = Array.from({ length: 16 }, (_, at) =>
      at === 0 ? "processes.module_A_filename" : `processes.module_A_filename${" ".repeat(at)}`.trimEnd(),
    );
    const { blocks, text } = formatSlack(
      await makeOverview(hosts, { fields: [...new Set(fields)], title: "t".repeat(150) }),
    );
    expect(blocks.length).toBeLessThanOrEqual(50);
    for (const block of blocks)
      if (block.type === "header") expect(block.text.text.length).toBeLessThanOrEqual(150);
    // Slack bounds a message; ours has a known part of that.
    expect(JSON.stringify(blocks).length).toBeLessThan(50_000);
    expect(text.length).toBeLessThanOrEqual(3000);
  });

  it("mentions nobody, and shows no emoji or link: what hosts wrote is text alone", async () => {
    const value = "<!channel> @here :boom: *b* https://evil.example ";
    const { blocks, text } = formatSlack(
      await makeOverview([{ id: "i-1", service: value.replaceAll("_", " "), module: value }]),
    );
    const kinds = JSON.stringify(blocks).matchAll(/"type":"([a-z_]+)"/g);
    expect(new Set(Array.from(kinds, ([, kind]) => kind))).toEqual(
      new Set(["header", "plain_text", "rich_text", "rich_text_section", "rich_text_list", "text"]),
    );
    expect(JSON.stringify(blocks)).toContain(
      JSON.stringify({ type: "text", text: value, style: { code: true } }),
    );
    expect(text).not.toContain("channel");
  });

  it("cuts values, and keeps them in one line", () => {
    expect(cutValue("")).toBe(" ");
    expect(cutValue("a\nb\u202ec")).toBe("a b c");
    expect(cutValue("x".repeat(100))).toBe(`${"x".repeat(59)}…`);
  });
});

describe("markdown in a folder", () => {
  it("leaves alone what it did not make", async () => {
    const path = await makeFolder();
    await writeFile(join(path, "rollcall-test.md"), "# mine\n");
    const publisher = folderPublisher({ name: "test", path, touchMs: 1000 });
    const run = publisher.publish(await makeOverview(makeHosts(1, 1)), {
      state: { value: undefined, save: async () => undefined, renew: async () => undefined },
      clock: () => 0,
      sleep: async () => undefined,
      random: () => 0,
      signal: new AbortController().signal,
      deadline: 1,
      isDryRun: false,
      onStep: () => undefined,
      write: async () => undefined,
    });
    await expect(run).rejects.toThrow("was not made by Rollcall");
    expect(await readFile(join(path, "rollcall-test.md"), "utf8")).toBe("# mine\n");
  });
});

describe("the configuration", () => {
  it.each([
    [{ wiki: { kind: "docbase", token_env: "X" } }, "team"],
    [{ wiki: { kind: "docbase", team: "acme" } }, "needs DocBase's token"],
    [{ wiki: { kind: "slack" } }, "needs the URL of Slack's"],
    [{ wiki: { kind: "docbase", team: "acme", token_env: "X", groups: [1] } }, "scope: group alone"],
    [{ wiki: { kind: "docbase", team: "acme", token_env: "X", max_body_bytes: 1e9 } }, "8192 to 3000000"],
    [{ wiki: { kind: "stdout", every: "1h" } }, "by hand alone"],
    [{ wiki: { kind: "markdown", path: "/w.md", every: 30 } }, "write a duration"],
    [{ wiki: { kind: "markdown", path: "/proc/x" } }, "where files can be written"],
    [
      { a: { kind: "markdown", path: "/w.md" }, b: { kind: "markdown", path: "/w.md" } },
      "a writes there as well",
    ],
    [{ wiki: { kind: "webhook", url: "https://u:p@example.com" } }, "without user and password"],
    [{ wiki: { kind: "docbase", team: "acme", token: "secret" } }, "token"],
    [{ wiki: { kind: "docbase", team: "acme", token_file: "/a", token_env: "B" } }, "leave one out"],
    [{ wiki: { kind: "docbase", team: "acme", scope: "group" } }, "needs the numbers of groups"],
    [{ wiki: { kind: "docbase", team: "acme", base_url: "http://example.com" } }, "https://"],
    [{ wiki: { kind: "docbase", team: "acme", max_body_bytes: 100 } }, "8192"],
    [{ wiki: { kind: "docbase", team: "acme", every: "10s" } }, "at least 1m"],
    [{ wiki: { kind: "markdown", path: "wiki" } }, "absolute path"],
    [{ wiki: { kind: "webhook", url: "ftp://example.com" } }, "https://"],
    [{ wiki: { kind: "wiki" } }, "kind"],
    [{ "Wi ki": { kind: "stdout" } }, "Wi ki"],
    [{ wiki: { kind: "stdout", fields: ["a..b"] } }, "write a field"],
    [{ wiki: { kind: "stdout", fields: ["a,b"] } }, "write a field"],
    [{ wiki: { kind: "stdout", by: "env,service" } }, "write a label"],
    [{ wiki: { kind: "stdout", parts: "field..a" } }, "write a label"],
  ])("refuses %j", (config, message) => {
    const outcome = publishersSchema.safeParse(config);
    expect(outcome.success).toBe(false);
    expect(JSON.stringify(outcome.error?.issues)).toContain(message);
  });
});
