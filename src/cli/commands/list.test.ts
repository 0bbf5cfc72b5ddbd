// Tests of `rollcall list` in a pipe: the API's own bytes, and what is said on stderr.
import { describe, expect, it } from "vitest";
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
  await putReport(store, "old", { instance_name: "silent", state: "stopped" }, time.now);
  time.now = NOW;
  await putReport(store, "a", {
    "2": "two",
    "1": 1.0,
    instance_name: "本番",
    state: "running",
    processes: [{ m: "A_1" }, { m: "A_2" }],
  });
  await putReport(store, "b", { instance_name: "stage", state: "stopped", processes: [{ m: "B_1" }] });
  return store;
}

async function list(
  store: Store,
  filters: readonly string[],
  options: CommandFlags,
  io: IoDoubleOptions = {},
) {
  const double = await makeIo(io);
  await runCommand("list", filters, { store: store.location, ...options }, double);
  return { out: double.out(), err: double.err() };
}

const ids = (json: string): string[] =>
  (JSON.parse(json) as { instance_id: string }[]).map((report) => report.instance_id);

describe("the same answer", () => {
  const questions: ReadonlyArray<readonly [string[], CommandFlags]> = [
    [[], {}],
    [[], { meta: true, state: "all" }],
    [[], { ndjson: true }],
    [["instance_name=本*"], { fields: "instance_name,processes.m" }],
    [[".state=stopped"], { state: "all" }],
    [["state=all", "within=4h"], {}],
    [["v<1.10"], { lenient: true }],
    [["instance_name!=stage", "env=prod"], { lenient: true }],
    [["instance_name=a&b#?"], { json: true }],
    [[], { within: "4h" }],
    [[], { jq: ".[].instance_id" }],
  ];
  it.each(questions)("comes from a store and a server: %j %j", async (filters, options) => {
    const store = await makeFleet();
    const { secret } = await createKey(store, { name: "test", scopes: ["read"] }, { clock: () => NOW });
    const { url } = await startTestService(store.location);
    const direct = await list(store, filters, options);
    const served = await makeIo({ env: { ROLLCALL_KEY: secret } });
    await runCommand("list", filters, { ...options, server: url }, served);
    expect(served.out()).toBe(direct.out);
    expect(served.err()).toBe(direct.err);
  });
});

it("reads the stores that the command line names beside, as those that a variable names", async () => {
  const [{ store }, { store: beside }] = [await makeStore(), await makeStore()];
  await putReport(store, "a", {});
  await putReport(beside, "b", {});
  const flagged = await list(store, [], { alsoRead: beside.location });
  expect(ids(flagged.out)).toEqual(["a", "b"]);
  // A variable's are read beside a variable's store.
  const env = { ROLLCALL_STORE: store.location, ROLLCALL_ALSO_READ: beside.location };
  expect((await list(store, [], { store: undefined }, { env })).out).toBe(flagged.out);
  const asked = list(store, [], { store: undefined, server: "http://127.0.0.1:1", alsoRead: "file:x" });
  await expect(asked).rejects.toThrow("--also-read goes with --store");
});

describe("filters and fields", () => {
  it("takes a field that is named like a parameter", async () => {
    const store = await makeFleet();
    expect(ids((await list(store, [".state=stopped"], {})).out)).toEqual(["b"]);
    expect(ids((await list(store, [".state=stopped"], { state: "all" })).out)).toEqual(["b", "old"]);
    expect(ids((await list(store, [".state=stopped", "state=silent"], {})).out)).toEqual(["old"]);
    expect(ids((await list(store, [".state=running"], {})).out)).toEqual(["a"]);
  });

  it("looks into arrays, and keeps the fields asked for", async () => {
    const store = await makeFleet();
    const { out } = await list(store, ["processes.m=A_*"], { fields: "instance_id, processes.m" });
    expect(JSON.parse(out)).toEqual([{ instance_id: "a", processes: [{ m: "A_1" }, { m: "A_2" }] }]);
  });

  it("warns of a field that no report has where its presence is asked for, and refuses it else", async () => {
    const { out, err } = await list(await makeFleet(), ["gpu=*"], {});
    expect(out).toBe("[]\n");
    expect(err).toBe('warning: no report that was asked for has a field "gpu"\n');
    await expect(list(await makeFleet(), ["instance_nmae=x"], {})).rejects.toThrow(
      "did you mean instance_name",
    );
  });

  it.each([
    [["prod"], {}, '"prod" is no filter'],
    [["=x"], {}, "has no name"],
    [["a..b=x"], {}, "is no field"],
    [[], { fields: "a,b..c" }, "fields"],
    [[], { within: "25h" }, "--within"],
    [[], { json: true, ndjson: true }, "--json and --ndjson exclude each other"],
    [[], { table: true, jq: "." }, "--table and --jq exclude each other"],
    [[], { json: true, watch: 1 }, "--watch makes no JSON array"],
    [[], { watch: 1 }, "--watch makes no JSON array"],
  ] satisfies ReadonlyArray<readonly [string[], CommandFlags, string]>)(
    "refuses %j %j",
    async (filters, options, message) => {
      const store = await makeFleet();
      await expect(list(store, filters, options)).rejects.toThrow(UsageError);
      await expect(list(store, filters, options)).rejects.toThrow(message);
    },
  );
});

describe("--jq and --ndjson", () => {
  it("writes strings raw and other values compact", async () => {
    const store = await makeFleet();
    expect((await list(store, [], { jq: ".[].instance_name" })).out).toBe("本番\nstage\n");
    expect((await list(store, [], { jq: ".[0].processes, length" })).out).toBe(
      '[{"m":"A_1"},{"m":"A_2"}]\n2\n',
    );
    expect((await list(store, [], { jq: "empty" })).out).toBe("");
  });

  it("keeps the digits that the host wrote, in each form and in jq", async () => {
    const { store } = await makeStore();
    const numbers = '"v":1.10,"build":9007199254740993,"serial":12345678901234567890';
    const body = `{"instance_id":"i-1","update_date":"${new Date(NOW).toISOString()}",${numbers}}`;
    await store.put("i-1.json", Buffer.from(body));
    const fields = "v,build,serial";
    expect((await list(store, [], { fields, json: true })).out).toBe(`[{${numbers}}]\n`);
    expect((await list(store, [], { fields, ndjson: true })).out).toBe(`{${numbers}}\n`);
    expect((await list(store, [], { fields, jq: ".[]" })).out).toBe(`{${numbers}}\n`);
    expect((await list(store, [], { jq: ".[] | [.v, .build, .serial] | @tsv" })).out).toBe(
      "1.10\t9007199254740993\t12345678901234567890\n",
    );
    expect((await list(store, ["v=1.10", "build=9007199254740993"], { fields: "v", jq: "length" })).out).toBe(
      "1\n",
    );
    expect((await list(store, ["v=1.1"], { fields: "v", jq: "length" })).out).toBe("0\n");
    expect((await list(store, ["build=9007199254740992"], { jq: "length" })).out).toBe("0\n");
  });

  it.each([".[", "error(1)", ".foo"])("gives jq's own message for %j", async (jq) => {
    const failing = list(await makeFleet(), [], { jq });
    await expect(failing).rejects.toThrow(CommandError);
    await expect(failing).rejects.toThrow(/^--jq: (?!Non-zero).{3}/);
  });

  it("writes a report a line", async () => {
    const { out, err } = await list(await makeFleet(), [], { ndjson: true });
    const lines = out.split("\n");
    expect(lines.pop()).toBe("");
    expect(lines.map((line) => (JSON.parse(line) as { instance_id: string }).instance_id)).toEqual([
      "a",
      "b",
    ]);
    expect(err).toBe("");
  });

  it("writes lines again and again until it is interrupted", async () => {
    const store = await makeFleet();
    const double = await makeIo({ onStdout: (text, io) => text.split('"b"').length > 2 && io.interrupt() });
    await runCommand("list", [], { store: store.location, ndjson: true, watch: 0.01 }, double);
    expect(double.out().trim().split("\n")).toHaveLength(4);
  });
});

describe("where reports are", () => {
  it("says that there is no store yet", async () => {
    const failing = makeIo().then((io) => runCommand("list", [], {}, io));
    await expect(failing).rejects.toThrow(CommandError);
    await expect(failing).rejects.toThrow("there is no store yet: run `rollcall start`");
  });

  it.each([
    [{ store: "s3:bucket" }, 'write "s3://BUCKET/PREFIX?region=REGION"'],
    [{ store: "/srv/x" }, 'for a folder write "file:/srv/x"'],
    [{ server: "example.com" }, "should be a URL"],
    [{ server: "http://user:secret@example.com" }, "with no key in it"],
    [{ server: "http://:secret@example.com" }, "with no key in it"],
  ])("refuses %j", async (options, message) => {
    const failing = makeIo().then((io) => runCommand("list", [], options, io));
    await expect(failing).rejects.toThrow(CommandError);
    await expect(failing).rejects.toThrow(message);
    await expect(failing).rejects.not.toThrow("secret");
  });
});
