// Tests of every question over HTTP: its forms, HEAD, 304, names that nobody knows, partial, docs.
import { readFile } from "node:fs/promises";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { createClones } from "../access/clones.ts";
import { createHistory } from "../history/history.ts";
import { BUILT_IN_RULES } from "../questions/label-rule.ts";
import { compileLabels } from "../questions/labels.ts";
import { createPast } from "../questions/past-sources.ts";
import type { Question } from "../questions/question.ts";
import { QUESTIONS } from "../questions/registry.ts";
import { createRoll } from "../roll/roll.ts";
import { signEdition } from "../specs/edition.ts";
import { makeKeyPair, parsePrivateKey } from "../specs/spec-key.ts";
import { CURRENT_EDITION_KEY } from "../store/layout.ts";
import { memoryStore } from "../store/memory.ts";
import { type Store, StoreError } from "../store/store.ts";
import { makeTestRecorder } from "../testing/test-recorder.ts";
import { createApp } from "./app.ts";
import { createGatewayKeyring } from "./gateway-handler.ts";
import { createReadRoutes } from "./read-routes.ts";

const NOW = Date.UTC(2024, 2, 1, 12);
const FILES = {
  "reports/v1/local/i-1.json": { instance_id: "i-1", instance_name: "prod_web_1", app_version: "1.10.0" },
  "reports/v1/local/i-2.json": { instance_id: "i-2", instance_name: "dev_web_1", app_version: "1.9.0" },
  // Misfiled.
  "reports/v1/local/i-8.json": { instance_id: "i-9" },
};

async function setUp({ isBroken = false, rules = BUILT_IN_RULES } = {}) {
  let now = NOW;
  const clock = () => now;
  const store = memoryStore({ clock });
  const recorder = makeTestRecorder({ store, clock, roll: createRoll({ store, clock, maxAgeMs: 0 }) });
  const record = async () => expect((await recorder.record()).kind).toBe("recorded");
  now = NOW - 60_000;
  await record();
  now = NOW;
  for (const [key, report] of Object.entries(FILES))
    await store.put(key, Buffer.from(JSON.stringify({ ...report, update_date: "2024-03-01T12:00:00Z" })));
  await record();
  const broken: Store = {
    ...store,
    get: async () => {
      throw new StoreError("it does not answer");
    },
  };
  const own = isBroken ? broken : store;
  const app = createApp(
    {
      store: own,
      roll: createRoll({ store: own, clock }),
      keyring: createGatewayKeyring("key"),
      clones: createClones({ clock }),
      past: createPast(createHistory({ store: own, clock })),
      labels: compileLabels(rules),
      readExpected: async () => new Set(["i-1", "i-7"]),
      clock,
      log: pino({ level: "silent" }),
      version: "0",
      windowMs: 7_200_000,
      deadlineMs: 25_000,
    },
    createReadRoutes(),
  );
  return {
    store,
    record,
    advance: (ms: number) => {
      now += ms;
    },
    ask: async (path: string, headers: Record<string, string> = {}, method = "GET") =>
      await app.request(path, { method, headers: { "x-api-key": "local", ...headers } }),
  };
}

/** What a question has to be given. */
const NEEDED: Readonly<Record<string, string>> = {
  field: "app_version",
  at: new Date(NOW - 60_000).toISOString(),
};

const pathOf = ({ names, parameters }: Question) => {
  const needed = parameters.filter(({ isRequired }) => isRequired);
  const query = needed.map(({ name }) => `?${name}=${NEEDED[name]}`).join("");
  return names.path.replace("{id}", "i-1") + query;
};

/** The path with a parameter more. */
const append = (path: string, parameter: string) => `${path}${path.includes("?") ? "&" : "?"}${parameter}`;

describe.each(QUESTIONS.map((question) => [question.name, question] as const))("%s", (_name, question) => {
  const path = pathOf(question);

  it("answers as JSON, lines and CSV, by Accept and by format", async () => {
    const { ask } = await setUp();
    for (const [accept, type, format] of [
      ["*/*", "application/json", "json"],
      ["application/x-ndjson", "application/x-ndjson", "ndjson"],
      ["text/csv", "text/csv; charset=utf-8", "csv"],
    ] as const) {
      const answer = await ask(path, { accept });
      expect(answer.status).toBe(200);
      expect(answer.headers.get("content-type")).toBe(type);
      expect(answer.headers.get("rollcall-as-of")).toBe(new Date(NOW).toISOString());
      const named = await ask(append(path, `format=${format}`), { accept: "text/html" });
      expect(await named.text()).toBe(await answer.text());
      expect(named.headers.get("content-type")).toBe(type);
    }
  });

  it("answers HEAD as GET without the body, and 304 while nothing has changed", async () => {
    const { ask, advance, store, record } = await setUp();
    for (const accept of ["application/json", "application/x-ndjson", "text/csv"]) {
      const answer = await ask(path, { accept });
      const etag = answer.headers.get("etag") ?? "";
      expect(etag).toMatch(/^(W\/)?"[\w-]+"$/);
      const head = await ask(path, { accept }, "HEAD");
      expect(head.headers.get("etag")).toBe(etag);
      expect(await head.text()).toBe("");
      advance(5000);
      const again = await ask(path, { accept, "if-none-match": etag });
      expect(again.status).toBe(304);
      // What is recorded is of the last entry.
      const isOfHistory = question.name === "changes" || question.name === "trend";
      const [before, after] = [answer, again].map((one) => one.headers.get("rollcall-as-of"));
      expect(before === after).toBe(isOfHistory);
    }
    const { headers } = await ask(path);
    const body = { instance_id: "i-1", update_date: "2024-03-01T12:00:09Z", app_version: "2.0.0" };
    await store.put("reports/v1/local/i-1.json", Buffer.from(JSON.stringify(body)));
    await store.put("reports/v1/local/i-0.json", Buffer.from("no JSON"));
    await store.put(
      "reports/v1/local/i-3.json",
      Buffer.from(JSON.stringify({ ...body, instance_id: "i-3" })),
    );
    advance(90_000);
    await record();
    expect((await ask(path, { "if-none-match": headers.get("etag") ?? "" })).status).toBe(200);
  });

  it("takes labels, and describes them, or says that it has none", async () => {
    const { ask } = await setUp();
    if (!question.parameters.some(({ anyName }) => anyName)) {
      const refused = await ask(append(path, "env=prod"));
      expect([refused.status, await refused.json()]).toEqual([
        400,
        expect.objectContaining({ parameter: "env" }),
      ]);
      return;
    }
    for (const filter of ["env=prod", "account=local", "region=not:eu-west-1", "label.service=web"]) {
      const answer = await ask(append(path, filter));
      expect([filter, answer.status]).toEqual([filter, 200]);
      if (filter === "env=prod") expect(await answer.text()).not.toContain("i-2");
    }
    const refused = await ask(append(path, "evn=prod"));
    expect([refused.status, await refused.text()]).toEqual([
      400,
      expect.stringContaining("did you mean env"),
    ]);
    const described = (await (await ask("/openapi.json")).json()) as {
      paths: Record<string, { get: { parameters: { name: string }[] } }>;
    };
    const names = described.paths[question.names.path]?.get.parameters.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["env", "service", "account", "region", "filter"]));
  });

  it("compresses, under an ETag of its own", async () => {
    const { ask } = await setUp();
    const plain = await ask(path);
    const packed = await ask(path, { "accept-encoding": "gzip" });
    expect(packed.headers.get("content-encoding")).toBe("gzip");
    expect(packed.headers.get("etag")).not.toBe(plain.headers.get("etag"));
  });

  it("refuses what it does not understand, and names it", async () => {
    const { ask } = await setUp();
    for (const name of ["within", "partial", "format"]) {
      const answer = await ask(append(path, `${name}=x`));
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ parameter: name });
    }
    const twice = await ask(append(path, "within=1h&within=2h"));
    expect(twice.status).toBe(400);
    expect(await twice.json()).toMatchObject({ parameter: "within" });
    if (!question.parameters.some(({ anyName }) => anyName))
      expect((await ask(append(path, "nosuch=1"))).status).toBe(400);
  });

  it("is an error where the store cannot be read, and says what is missing with partial=ok", async () => {
    const { ask } = await setUp({ isBroken: true });
    expect((await ask(path)).status).toBe(503);
    const partial = await ask(append(path, "partial=ok"));
    // Of one host that is not known it cannot be told whether it is there.
    if (question.refusals.includes("cannot_be_told")) return expect(partial.status).toBe(503);
    expect(partial.status).toBe(200);
    expect(partial.headers.get("rollcall-partial")).toContain("0 of 3 new or changed ones were read");
    expect(partial.headers.get("rollcall-missing")).toBe("3");
  });

  it("has docs", async () => {
    const docs = new URL("../../docs/", import.meta.url);
    expect(await readFile(new URL("api.md", docs), "utf8")).toContain(`| \`GET ${question.names.path}\``);
    expect(await readFile(new URL(question.names.docs, docs), "utf8")).not.toBe("");
  });
});

it("answers at the path of old as it always did", async () => {
  const { ask } = await setUp();
  const answer = await ask("/v1/app-report", { accept: "text/csv" });
  expect(answer.headers.get("content-type")).toBe("application/json");
  const filtered = await ask("/v1/app-report?format=csv");
  expect([filtered.status, await filtered.json()]).toEqual([200, []]);
});

it("takes values and names as patterns and paths at the path of old", async () => {
  const { ask } = await setUp();
  const list = async (path: string) => await (await ask(path)).json();
  expect(await list("/v1/reports?app_version=not:1.9.0")).toHaveLength(1);
  expect(await list("/v1/app-report?app_version=not:1.9.0")).toEqual([]);
  expect(await list("/v1/app-report?app_version=lt:none")).toEqual([]);
  expect(await list("/v1/reports?field.app_version=1.9.0")).toHaveLength(1);
  expect(await list("/v1/app-report?field.app_version=1.9.0")).toEqual([]);
  expect(await list("/v1/app-report?app_version=1.9.0")).toHaveLength(1);
  expect(await list("/v1/reports?fields=app_version,env")).toContainEqual({
    app_version: "1.9.0",
    env: "dev",
  });
  expect(await list("/v1/app-report?fields=app_version,env")).toContainEqual({ app_version: "1.9.0" });
  expect(await list("/v1/app-report?fields=label.env,.app_version")).toContainEqual({ app_version: "1.9.0" });
});

it("says anew what has become of a host, though no object has changed", async () => {
  const { ask, advance } = await setUp();
  const question = "/v1/reports?state=all&meta=true";
  const read = async (headers = {}) => {
    const answer = await ask(question, headers);
    const rows = answer.status === 200 ? ((await answer.json()) as { rollcall: object }[]) : [];
    return { status: answer.status, etag: answer.headers.get("etag") ?? "", rows };
  };
  const fresh = await read();
  expect(fresh.rows[0]?.rollcall).toMatchObject({ reader: { state: "fresh" } });
  advance(7_200_000 + 1000);
  const silent = await read({ "if-none-match": fresh.etag });
  expect([silent.status, silent.rows[0]?.rollcall]).toMatchObject([200, { reader: { state: "silent" } }]);
});

it("has in its answer what was of the future when it was asked before", async () => {
  const { ask, advance, store } = await setUp();
  advance(600_000);
  const report = { instance_id: "i-3", update_date: "2024-03-01T12:00:00Z" };
  await store.put("reports/v1/local/i-3.json", Buffer.from(JSON.stringify(report)));
  advance(-600_000);
  expect(await (await ask("/v1/reports")).json()).toHaveLength(2);
  advance(600_000);
  const later = await ask("/v1/reports");
  expect([await later.json(), later.headers.get("rollcall-count")]).toMatchObject([{ length: 3 }, "3"]);
});

it("marks a table with the rules that its labels come from", async () => {
  const [own, others] = [
    await setUp(),
    await setUp({ rules: [{ field: "instance_name", pattern: "^(?<env>[a-z])" }] }),
  ];
  const table = await own.ask("/v1/reports?format=csv");
  const headers = { "if-none-match": table.headers.get("etag") ?? "" };
  expect((await own.ask("/v1/reports?format=csv", headers)).status).toBe(304);
  const other = await others.ask("/v1/reports?format=csv", headers);
  expect([other.status, await other.text()]).toEqual([200, expect.stringContaining(",p,local")]);
  // Without labels in it, an answer is the same on every reader.
  const array = await own.ask("/v1/reports");
  const same = { "if-none-match": array.headers.get("etag") ?? "" };
  expect((await others.ask("/v1/reports", same)).status).toBe(304);
});

it("says of each list of the coverage and of the problems that it is cut", async () => {
  const { ask, store } = await setUp();
  for (let at = 0; at < 1005; at++) {
    const id = `n-${String(at).padStart(4, "0")}`;
    const body = { instance_id: id, update_date: "2024-03-01T12:00:00Z" };
    await store.put(`reports/v1/local/${id}.json`, Buffer.from(JSON.stringify(body)));
    await store.put(`reports/v1/local/x-${at}.json`, Buffer.from("no JSON"));
  }
  const coverage = await ask("/v1/coverage?format=csv");
  // i-2 is not expected either.
  expect(coverage.headers.get("rollcall-warning")).toContain(
    "the list unexpected has the first 1000 of 1006",
  );
  expect(await (await ask("/v1/coverage")).json()).toMatchObject({ counts: { unexpected: 1006 } });
  const problems = await ask("/v1/problems");
  expect(problems.headers.get("rollcall-warning")).toContain("the list has the first 1000 of 1006 problems");
});

it("filters coverage by what hosts report, and says of whom that cannot be told", async () => {
  const { ask } = await setUp();
  const answer = await ask("/v1/coverage?instance_name=dev_*");
  expect(answer.headers.get("rollcall-warning")).toContain("it cannot be told whether they match");
  expect(await answer.json()).toMatchObject({
    fresh: 1,
    // i-1 has a report, and is not in question.
    expected: 1,
    missing: [{ id: "i-7", since: null }],
    unexpected: ["i-2"],
  });
});

it("names the columns of reports by all fields, and writes values as the host did", async () => {
  const { ask, store } = await setUp();
  await store.put(
    "reports/v1/local/i-2.json",
    Buffer.from(
      '{"instance_id":"i-2","update_date":"2024-03-01T12:00:00Z","big":12345678901234567890,' +
        '"quoted":"a \\"b\\", c","list":[\n 1,2]}',
    ),
  );
  const answer = await ask("/v1/reports?format=csv");
  expect(await answer.text()).toBe(
    "instance_id,instance_name,app_version,update_date,big,quoted,list," +
      "label.env,label.service,label.account\r\n" +
      "i-1,prod_web_1,1.10.0,2024-03-01T12:00:00Z,,,,prod,web,local\r\n" +
      'i-2,,,2024-03-01T12:00:00Z,12345678901234567890,"a ""b"", c","[  1,2]",,,local\r\n',
  );
});

it("knows the fields of the published spec before a report has them", async () => {
  const { ask, store, advance } = await setUp();
  expect((await ask("/v1/reports?new_field=x")).status).toBe(400);
  const spec =
    "version: 1\ncollect:\n  - host:\n  - file:\n      path: /etc/x\n      fields:\n" +
    "        new_field: { pattern: x }\n";
  const key = parsePrivateKey(makeKeyPair().privatePem);
  if (!key) throw new Error("a key that cannot be read back");
  const edition = {
    format: 1 as const,
    number: 1,
    issued_at: "2024-01-01T00:00:00Z",
    expires_at: "2024-04-01T00:00:00Z",
    parts: [{ spec }],
  };
  await store.put(CURRENT_EDITION_KEY, signEdition(edition, key));
  advance(11_000);
  const answer = await ask("/v1/reports?new_field=x");
  expect([answer.status, await answer.json()]).toEqual([200, []]);
  expect(answer.headers.get("rollcall-warning")).toContain(
    'no report that was asked for has a field "new_field"',
  );
  const mistyped = await ask("/v1/reports?new_feild=x");
  expect([mistyped.status, await mistyped.text()]).toEqual([
    400,
    expect.stringContaining("did you mean new_field"),
  ]);
});

it("has labels as columns of a table, whatever fields are named", async () => {
  const { ask } = await setUp();
  expect(await (await ask("/v1/reports?format=csv&fields=instance_id,app_version")).text()).toBe(
    "instance_id,app_version,label.env,label.service,label.account\r\n" +
      "i-1,1.10.0,prod,web,local\r\n" +
      "i-2,1.9.0,dev,web,local\r\n",
  );
});

it("lists labels beside fields", async () => {
  const { ask, store, advance } = await setUp();
  const rows = (await (await ask("/v1/fields")).json()) as { name: string; kinds: string[] }[];
  expect(rows.filter(({ kinds }) => kinds.includes("label"))).toEqual([
    expect.objectContaining({ name: "account", hosts: 2, values: [{ value: "local", hosts: 2 }] }),
    {
      name: "env",
      kinds: ["label"],
      hosts: 2,
      versions: false,
      distinct: 2,
      values: [
        { value: "dev", hosts: 1 },
        { value: "prod", hosts: 1 },
      ],
      cut: false,
    },
    expect.objectContaining({ name: "service", hosts: 2 }),
  ]);
  // Where a field has the label's name, each has a name of its own.
  const body = { instance_id: "i-3", update_date: "2024-03-01T12:00:00Z", env: "own" };
  await store.put("reports/v1/local/i-3.json", Buffer.from(JSON.stringify(body)));
  advance(5000);
  const later = (await (await ask("/v1/fields")).json()) as { name: string; kinds: string[] }[];
  expect(later.filter(({ name }) => name.endsWith("env")).map(({ name, kinds }) => [name, kinds])).toEqual([
    ["label.env", ["label"]],
    ["env", ["string"]],
  ]);
});

it("lists problems of the kinds that are asked for", async () => {
  const { ask, store } = await setUp();
  await store.put("reports/v1/local/i-0.json", Buffer.from("no JSON"));
  const reasons = async (query: string) =>
    ((await (await ask(`/v1/problems${query}`)).json()) as { reason: string }[]).map(({ reason }) => reason);
  expect(await reasons("")).toEqual(["not_json", "misfiled"]);
  expect(await reasons("?reason=misfiled")).toEqual(["misfiled"]);
  expect(await reasons("?reason=misfiled&reason=not_json")).toEqual(["not_json", "misfiled"]);
  expect((await ask("/v1/problems?reason=nosuch")).status).toBe(400);
});
