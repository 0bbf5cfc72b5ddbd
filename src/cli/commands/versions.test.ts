// Tests of `rollcall versions` and `rollcall coverage`: the same answer from a store and a server,
// tables, lists of expected hosts.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { createKey } from "../../access/keys.ts";
import type { Store } from "../../store/store.ts";
import {
  type IoDoubleOptions,
  makeIo,
  makeStore,
  NOW,
  putReport,
  startTestService,
} from "../../testing/io-double.ts";
import { type CommandFlags, runCommand } from "../../testing/question-double.ts";
import { CommandError, UsageError } from "../program/failure.ts";

const HOUR = 3_600_000;

async function makeFleet(): Promise<Store> {
  const { store, time } = await makeStore();
  time.now = NOW - 3 * HOUR;
  await putReport(store, "i-4", { app_version: "1.0" }, time.now);
  time.now = NOW;
  await putReport(store, "i-1", {
    instance_name: "prod_web_1",
    app_version: "1.9",
    state: "x",
    processes: [{ m: "A_red_2" }],
  });
  await putReport(store, "i-2", { instance_name: "prod_web_2", app_version: "1.10" });
  await putReport(store, "i-3", { instance_name: "\u001b[31mdev_web_3", app_version: "1.10" });
  return store;
}

async function ask(
  store: Store,
  words: readonly string[],
  options: CommandFlags = {},
  io: IoDoubleOptions = {},
) {
  const double = await makeIo(io);
  await runCommand("versions", words, { store: store.location, ...options }, double);
  return { out: double.out(), err: double.err() };
}

describe("rollcall versions", () => {
  const questions: ReadonlyArray<readonly [string[], CommandFlags]> = [
    [[], {}],
    [["app_version"], { by: "env" }],
    [["app_version", "env=prod"], { hosts: true }],
    [["app_version", "state=all"], {}],
    [["app_version", ".state=x"], { state: "all" }],
    [["app_version"], { within: "4h" }],
    [["nothing"], { lenient: true }],
  ];
  it.each(questions)("answers the same from a store and a server: %j %j", async (words, options) => {
    const store = await makeFleet();
    const { secret } = await createKey(store, { name: "test", scopes: ["read"] }, { clock: () => NOW });
    const { url } = await startTestService(store.location);
    const direct = await ask(store, words, options);
    const served = await makeIo({ env: { ROLLCALL_KEY: secret } });
    await runCommand("versions", words, { ...options, server: url }, served);
    expect(served.out()).toBe(direct.out);
    expect(served.err()).toBe(direct.err);
    expect(JSON.parse(direct.out)).not.toEqual([]);
  });

  it("finds the fields that hold versions", async () => {
    const { out } = await ask(await makeFleet(), []);
    expect(new Set((JSON.parse(out) as { field: string }[]).map(({ field }) => field))).toEqual(
      new Set(["app_version", "processes.m"]),
    );
  });

  it("is a matrix on a terminal, which no host can make a mess of", async () => {
    const { out, err } = await ask(
      await makeFleet(),
      ["app_version"],
      { by: "env" },
      { isTerminal: true, columns: 100, env: { NO_COLOR: "1" } },
    );
    expect(out.split("\n")).toEqual([
      "VALUE  HOSTS  OF VARIANT  BEHIND  prod  \\u001b[31mdev",
      "1.10       2         67%             1              1",
      "1.9        1         33%  1.10       1",
      "",
    ]);
    expect(err).toMatch(
      /^3 hosts; 1 more is silent: rollcall coverage · as of 2024-12-31 23:59:59 \(Asia\/Tokyo, UTC\+09:00\)\nfrom .* \(--store\)\n$/,
    );
  });

  it.each([
    ["fresh", "3 hosts; 1 more is silent: rollcall coverage"],
    ["silent", "1 host, silent: rollcall coverage"],
    ["all", "4 hosts; 1 of them is silent: rollcall coverage"],
  ])("counts silent hosts once where state is %s", async (state, summary) => {
    const { err } = await ask(
      await makeFleet(),
      ["app_version"],
      { state },
      { isTerminal: true, columns: 80 },
    );
    expect(err.split(" · ")[0]).toBe(summary);
  });

  it("shows what is behind alone, in yellow, with whose it is", async () => {
    const { out } = await ask(
      await makeFleet(),
      ["app_version"],
      { behind: true, hosts: true },
      { isTerminal: true, columns: 80 },
    );
    expect(out).toContain("\u001b[33m1.9        1         33%  1.10\u001b[39m\n    i-1 prod_web_1\n");
    expect(out.match(/i-\d/g)).toEqual(["i-1"]);
  });

  it("names all hosts below their value, on a terminal as narrow as it may be", async () => {
    const { store } = await makeStore();
    for (let at = 10; at < 40; at++) await putReport(store, `i-0123456789abcde${at}`, { app_version: "1.9" });
    const { out } = await ask(
      store,
      ["app_version"],
      { hosts: true },
      { isTerminal: true, columns: 40, env: { NO_COLOR: "1" } },
    );
    expect(out.match(/i-0123456789abcde\d\d/g)).toHaveLength(30);
    for (const line of out.split("\n")) expect(line.length).toBeLessThanOrEqual(40);
  });

  it("says which columns have no room", async () => {
    const narrow = { isTerminal: true, columns: 30, env: { NO_COLOR: "1" } };
    const { out, err } = await ask(await makeFleet(), ["app_version"], { by: "env" }, narrow);
    expect(out.split("\n")[0]).toBe("VALUE  HOSTS  OF VARIANT");
    expect(err).toContain(
      "not shown: BEHIND, prod, \\u001b[31mdev; a wider terminal has room, and --json has all\n",
    );
  });

  it("warns of a label or field that no host has", async () => {
    const { out, err } = await ask(await makeFleet(), ["app_version"], { by: "nosuch,env", lenient: true });
    expect(JSON.parse(out)).toHaveLength(2);
    expect(err).toBe('warning: no report that was asked for has a label or field "nosuch"\n');
  });

  it("shows the newest of the service, and watches as list does", async () => {
    const store = await makeFleet();
    await putReport(store, "i-5", { instance_name: "prod_batch_1", app_version: "0.2" });
    await putReport(store, "i-6", { instance_name: "prod_batch_2", app_version: "0.1" });
    const { out } = await ask(
      store,
      ["app_version"],
      { watch: 60 },
      {
        isTerminal: true,
        columns: 80,
        rows: 24,
        env: { NO_COLOR: "1" },
        onStdout: (text, io) => text.includes("as of") && io.interrupt(),
      },
    );
    expect(out).toMatch(/\n0\.2 +1 +50%\n/);
    expect(out).toMatch(/\n0\.1 +1 +50% +0\.2\n/);
    expect(out).toContain("5 hosts; 1 more is silent");
  });

  it.each([
    [["=x"], {}, "has no name"],
    [["a..b"], {}, "is no field"],
    [[], { by: "a,b,c,d" }, "names more than 3"],
    [[], { json: true, table: true }, "exclude each other"],
    [[], { watch: 1 }, "--watch"],
    [[], { behind: true }, "--behind is for the table"],
  ])("says what is wrong with %j %j", async (words, options, message) => {
    await expect(ask(await makeFleet(), words, options)).rejects.toThrow(UsageError);
    await expect(ask(await makeFleet(), words, options)).rejects.toThrow(message);
  });
});

async function cover(store: Store, options: CommandFlags = {}, io: IoDoubleOptions = {}) {
  const double = await makeIo(io);
  await runCommand("coverage", [], { store: store.location, ...options }, double);
  return double.out();
}

describe("rollcall coverage", () => {
  it("tells who reported and who did not, from a store and a server", async () => {
    const store = await makeFleet();
    const { secret } = await createKey(store, { name: "test", scopes: ["read"] }, { clock: () => NOW });
    const { url } = await startTestService(store.location);
    const files = { "hosts.txt": "i-1\ni-2\ni-4\ni-9\n" };
    const direct = JSON.parse(await cover(store, { expect: "hosts.txt" }, { files }));
    const served = await makeIo({ env: { ROLLCALL_KEY: secret }, files });
    await runCommand("coverage", [], { server: url, expect: "hosts.txt" }, served);
    expect(JSON.parse(served.out())).toEqual(direct);
    expect(direct).toMatchObject({
      fresh: 3,
      expected: 4,
      reported: 2,
      missing: [
        { id: "i-4", since: new Date(NOW - 3 * HOUR).toISOString() },
        { id: "i-9", since: null },
      ],
      unexpected: ["i-3"],
      silent: [{ id: "i-4", account: "local" }],
      counts: { silent: 1, departed: 0, set_aside: 0, missing: 2 },
    });
  });

  it("says it in a sentence on a terminal", async () => {
    const store = await makeFleet();
    const terminal = { isTerminal: true, columns: 80, env: { NO_COLOR: "1" } };
    expect(await cover(store, { expect: "-" }, { ...terminal, stdin: '["i-1","i-2","i-9"]' })).toBe(
      `2 of 3 reported; this one did not (1 silent)

Expected, and not heard of:
HOST  LAST REPORT
i-9   never, within a day

Silent:
HOST  LAST REPORT  ACCOUNT
i-4   3h ago       local

Reported, and not expected:
HOST  NAME
i-3   \\u001b[31mdev_web_3
`,
    );
  });

  it("fails with --exit-code where somebody is missing, and only then", async () => {
    const store = await makeFleet();
    await expect(cover(store, { expect: "-", exitCode: true }, { stdin: "i-1\ni-9\n" })).rejects.toThrow(
      "1 expected hosts did not report",
    );
    await cover(store, { expect: "-", exitCode: true }, { stdin: "i-1\n" });
  });

  it("fails with --exit-code where nobody knows who should be there", async () => {
    await expect(cover(await makeFleet(), { exitCode: true })).rejects.toThrow("no list of expected hosts");
  });

  it("says what the server's list of expected hosts lacks, on stderr", async () => {
    const answer = await cover(await makeFleet());
    const server = createServer((_, response) => {
      const headers = {
        "rollcall-api": "v1",
        "rollcall-as-of": new Date(NOW).toISOString(),
        "rollcall-warning": "nobody is said to be missing: line 3",
      };
      response.writeHead(200, headers).end(answer);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const double = await makeIo({ env: { ROLLCALL_KEY: "rc_x" } });
    await runCommand(
      "coverage",
      [],
      { server: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
      double,
    );
    expect(double.out()).toBe(answer);
    expect(double.err()).toBe("warning: nobody is said to be missing: line 3\n");
  });

  it("takes the answer of rollcall list --json for a list, and not its own", async () => {
    const store = await makeFleet();
    const listing = await makeIo();
    await runCommand("list", [], { store: store.location, json: true }, listing);
    const files = { "earlier.json": listing.out(), "coverage.json": await cover(store) };
    await putReport(store, "i-5", {});
    expect(JSON.parse(await cover(store, { expect: "earlier.json" }, { files }))).toMatchObject({
      expected: 3,
      reported: 3,
      unexpected: ["i-5"],
    });
    const asking = cover(store, { expect: "coverage.json" }, { files });
    await expect(asking).rejects.toThrow(CommandError);
    await expect(asking).rejects.toThrow("give that of rollcall list --json");
  });

  it.each([
    [{ expect: "nowhere.txt" }, {}, "the expected hosts (nowhere.txt): cannot be read"],
    [{ expect: "-" }, { stdin: "i 1" }, "line 1"],
    [{ expectEc2: true }, {}, "--expect-ec2 needs regions"],
    [{ expectEc2: "tokyo" }, {}, '"tokyo" is no region'],
  ])("says what is wrong with %j", async (options, io, message) => {
    await expect(cover(await makeFleet(), options, io)).rejects.toThrow(message);
  });

  describe("with EC2", () => {
    const KEYS = { AWS_ACCESS_KEY_ID: "AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY: "secret" };

    /** Answers as EC2's documentation shows. */
    async function startEc2(
      answer: (query: URLSearchParams, authorization: string) => [number, string],
    ): Promise<string> {
      const server = createServer((request, response) => {
        const { searchParams } = new URL(request.url ?? "", "http://ec2");
        const [status, body] = answer(searchParams, request.headers.authorization ?? "");
        response.writeHead(status, { "content-type": "text/xml" }).end(body);
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      onTestFinished(() => void server.close());
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    }

    it("asks for the running instances, page by page", async () => {
      const seen: string[] = [];
      const endpoint = await startEc2((query, authorization) => {
        seen.push(query.get("NextToken") ?? "");
        expect(authorization).toMatch(/Credential=AKIDEXAMPLE\/\d{8}\/us-east-1\/ec2\/aws4_request/);
        expect(query.getAll("Filter.1.Value.2")).toEqual(["running"]);
        const id = query.has("NextToken") ? "i-0123456789abcdef2" : "i-0123456789abcdef1";
        const more = query.has("NextToken") ? "" : "<nextToken>a+b/c==</nextToken>";
        return [
          200,
          `<DescribeInstancesResponse><instancesSet><item><instanceId>${id}</instanceId></item></instancesSet>${more}</DescribeInstancesResponse>`,
        ];
      });
      const out = JSON.parse(
        await cover(
          await makeFleet(),
          { expectEc2: "us-east-1" },
          { env: { ...KEYS, AWS_ENDPOINT_URL_EC2: endpoint } },
        ),
      );
      expect(seen).toEqual(["", "a+b/c=="]);
      expect(out.missing.map(({ id }: { id: string }) => id)).toEqual([
        "i-0123456789abcdef1",
        "i-0123456789abcdef2",
      ]);
    });

    it("names the right that is missing", async () => {
      const endpoint = await startEc2(() => [
        403,
        "<Response><Errors><Error><Code>UnauthorizedOperation</Code></Error></Errors></Response>",
      ]);
      const asking = cover(
        await makeFleet(),
        { expectEc2: true },
        { env: { ...KEYS, AWS_REGION: "us-east-1", AWS_ENDPOINT_URL_EC2: endpoint } },
      );
      await expect(asking).rejects.toThrow("need ec2:DescribeInstances");
    });
  });
});
