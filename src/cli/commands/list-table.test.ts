// Tests of the table of `rollcall list`: its columns, its width, and that no host can command the
// terminal.
import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import type { Store } from "../../store/store.ts";
import { type IoDoubleOptions, makeIo, makeStore, NOW, putReport } from "../../testing/io-double.ts";
import { type CommandFlags, runCommand } from "../../testing/question-double.ts";

const MINUTE = 60_000;

async function show(
  store: Store,
  options: CommandFlags = {},
  io: IoDoubleOptions = {},
  filters: readonly string[] = [],
) {
  const double = await makeIo({ isTerminal: true, columns: 200, env: { NO_COLOR: "1" }, ...io });
  await runCommand("list", filters, { store: store.location, ...options }, double);
  const [heading = "", ...rows] = double.out().trimEnd().split("\n");
  return { out: double.out(), err: double.err(), headings: heading.split(/ {2,}/), rows };
}

async function makeFleet() {
  const { store, time } = await makeStore();
  time.now = NOW - 3 * 60 * MINUTE;
  await putReport(store, "old", { instance_name: "quiet" }, time.now);
  time.now = NOW;
  await putReport(store, "a", {
    instance_name: "本番",
    app_version: "1.2",
    processes: [{ m: "A_1" }, { m: "A_2" }],
  });
  return { store, time };
}

describe("the table", () => {
  it("chooses columns by what the reports hold", async () => {
    const { store } = await makeFleet();
    const { out, err } = await show(store);
    expect(out).toBe(
      "INSTANCE ID  NAME  AGE  APP VERSION  M        PROCESSES\n" +
        "a            本番  0s   1.2          A_1,A_2  2\n",
    );
    expect(err).toBe(
      "1 fresh, 1 silent, 0 set aside · as of 2024-12-31 23:59:59 (Asia/Tokyo, UTC+09:00)\n" +
        `from ${store.location} (--store)\n`,
    );
  });

  it("dims its headings", async () => {
    const { store } = await makeFleet();
    expect((await show(store, {}, { env: {} })).out).toMatch(
      // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what is looked for.
      /^\u001b\[2mINSTANCE ID[^\n\u001b]*\u001b\[22m\na +本番[^\u001b]*$/,
    );
  });

  it("has STATE where a silent host is shown", async () => {
    const { store } = await makeFleet();
    const { headings, rows, err } = await show(store, { state: "all" });
    expect(headings).toContain("STATE");
    expect(rows[1]).toMatch(/^old +quiet +3h +silent/);
    expect(err).toContain("2 shown, 1 silent");
  });

  it.each([
    [4, undefined],
    [5, undefined],
    [6, "+6m"],
    [-6, "-6m"],
    [-90, "-1h30m"],
  ])("has CLOCK where a host's clock is off by %d min: %s", async (minutes, text) => {
    const { store } = await makeFleet();
    await putReport(store, "b", {}, NOW + minutes * MINUTE);
    const { headings, rows } = await show(store);
    expect(headings.includes("CLOCK")).toBe(text !== undefined);
    if (text) expect(rows[1]).toContain(text);
  });

  it("has versions before a wrong clock, on a terminal of 80 columns", async () => {
    const { store } = await makeStore();
    const id = "0123456789abcdef0123456789abcdef";
    const names = { instance_name: "prod_service1_instance001", app_version: "1.2" };
    await putReport(store, id, names, NOW + 6 * MINUTE);
    const { headings, rows } = await show(store, {}, { columns: 80 });
    // A heading may be cut, and no cell.
    expect(headings).toEqual(["INSTANCE ID", "NAME", "AGE", "APP VE…", "CLOCK"]);
    expect(rows[0]?.split(/ +/)).toEqual([id, names.instance_name, "0s", "1.2", "+6m"]);
  });

  it("shows the fields asked for, through arrays", async () => {
    const { store } = await makeFleet();
    const { out } = await show(store, { fields: "instance_name, processes.m,missing", lenient: true });
    expect(out).toBe("NAME  PROCESSES.M  MISSING\n本番  A_1,A_2\n");
  });

  it("keeps the digits that the host wrote", async () => {
    const { store } = await makeStore();
    const numbers =
      '"app_version":1.10,"build":9007199254740993,"serial":12345678901234567890,"big":1E400,"list":[1.0, ' +
      "2.50]";
    const body =
      `{"instance_id":"i-1","update_date":"${new Date(NOW).toISOString()}",${numbers},"o":{ ` +
      `"v": 1.10,"l":[1.0,null,"\\u0041"] }}`;
    await store.put("i-1.json", Buffer.from(body));
    expect((await show(store)).rows[0]?.split(/ +/)).toEqual([
      "i-1",
      "0s",
      "1.10",
      "9007199254740993",
      "12345678901234567890",
      "1E400",
      "2",
      "{2}",
    ]);
    expect(
      (await show(store, { fields: "app_version,build,serial,list,o.v,o" })).rows[0]?.split(/ +/),
    ).toEqual([
      "1.10",
      "9007199254740993",
      "12345678901234567890",
      "1.0,2.50",
      "1.10",
      '{"v":1.10,"l":[1.0,null,"A"]}',
    ]);
  });

  it("is there in a pipe with --table, with nothing cut", async () => {
    const { store } = await makeStore();
    await putReport(store, "a", { long: "x".repeat(500) });
    const double = await makeIo();
    await runCommand("list", [], { store: store.location, table: true }, double);
    expect(double.out()).toContain("x".repeat(500));
  });

  it("says where nothing matches, and writes no table", async () => {
    const { store } = await makeFleet();
    const { out, err } = await show(store, {}, {}, ["instance_name=x"]);
    expect(out).toBe("");
    expect(err).toContain("0 fresh, 0 silent");
    expect(err).toContain("no host matches\n");
  });

  it("counts what was set aside", async () => {
    const { store } = await makeFleet();
    await store.put("reports/v1/local/bad.json", Buffer.from("{"));
    expect((await show(store)).err).toContain("1 set aside");
  });
});

describe("hostile hosts", () => {
  const nasty = "\u001b[2J\u001b]0;owned\u0007\n\u009b1m\u202e\u061c\r";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  const control = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

  it.each([{}, { fields: "instance_name,deep.list" }, { state: "all" as const }])(
    "command no terminal: %j",
    async (options) => {
      const { store } = await makeStore();
      await putReport(store, "a", {
        instance_name: nasty,
        [`field${nasty}`]: nasty,
        deep: { list: [nasty, { [nasty]: nasty }] },
      });
      const { out, err, rows } = await show(store, options, { columns: 2000 });
      expect(out).not.toMatch(control);
      expect(err).not.toMatch(control);
      expect(rows).toHaveLength(1);
      expect(out).toContain("\\u001b[2J");
    },
  );

  it("command none through a field that was typed", async () => {
    const { store } = await makeFleet();
    const { err } = await show(store, {}, {}, [`${nasty}=*`]);
    expect(err).not.toMatch(control);
  });
});

describe("narrow terminals", () => {
  it.each([10, 20, 40, 60, 80, 120])("get no line wider than %d columns", async (columns) => {
    const { store } = await makeFleet();
    for (const id of ["i-0123456789abcdef0", "host"]) {
      await putReport(store, id, {
        instance_name: "本番環境サーバー".repeat(4),
        zone: "é👩‍👩‍👧".repeat(20),
        more: "x".repeat(99),
      });
    }
    const { out, rows } = await show(store, {}, { columns });
    expect(rows).toHaveLength(3);
    for (const line of out.split("\n")) expect(stringWidth(line)).toBeLessThanOrEqual(columns);
  });

  it("say which fields that were asked for have no room", async () => {
    const { store } = await makeFleet();
    const fields = "instance_name,app_version,processes.m,update_date";
    const { headings, err } = await show(store, { fields }, { columns: 20 });
    expect(headings).toEqual(["NAME", "APP VERSION"]);
    expect(err).toContain(
      "not shown: processes.m, update_date; a wider terminal has room, and --json has all\n",
    );
  });

  it("align Japanese", async () => {
    const { store } = await makeFleet();
    await putReport(store, "b", { instance_name: "stage", app_version: "1.2" });
    const { rows } = await show(store);
    const starts = rows.map((row) => stringWidth(row.slice(0, row.indexOf("1.2"))));
    expect(new Set(starts).size).toBe(1);
  });
});

describe("--watch on a terminal", () => {
  it("draws what fits, and ends when it is interrupted", async () => {
    const { store } = await makeFleet();
    for (let index = 0; index < 30; index++) await putReport(store, `host${index}`);
    const { out } = await show(
      store,
      { watch: 60 },
      { rows: 10, onStdout: (text, io) => text.includes("as of") && io.interrupt() },
    );
    expect(out).toContain("INSTANCE ID");
    expect(out).toContain("… and 26 more lines");
    expect(out).toContain("31 fresh, 1 silent, 0 set aside");
  });
});
