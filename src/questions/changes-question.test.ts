// Tests of the question `changes`: grouped and each, filters, cursors, gaps, what cannot be told.
import { describe, expect, it } from "vitest";
import type { Change } from "../history/change.ts";
import { type GivenEntry, makeChange, makePast } from "../testing/history-double.ts";
import { type Given, makeQuestionSources, makeView, NOW } from "../testing/view-double.ts";
import { isRefusal } from "./asker.ts";
import { changes } from "./changes-question.ts";
import type { ParameterValues, QuestionSources } from "./question.ts";

const [MINUTE, HOUR] = [60_000, 3_600_000];
const iso = (at: number) => new Date(at).toISOString();

const host = (id: string, more: object = {}, ageMs = 0): Given => ({
  id,
  ageMs,
  body: JSON.stringify({ instance_id: id, update_date: "2024-03-01T00:00:00Z", ...more }),
});
/** @param at of the entry; reports keep the ages that they have at NOW */
const entry = (at: number, hosts: readonly Given[], more: Partial<GivenEntry> = {}): GivenEntry => ({
  view: makeView(hosts, { asOf: at }),
  ...more,
});

interface Document {
  readonly since: string;
  readonly cursor: string;
  readonly count: number;
  readonly as_of: string;
  readonly changes: readonly Readonly<Record<string, unknown>>[];
  readonly gaps: readonly unknown[];
}

async function ask(
  entries: readonly GivenEntry[],
  parameters: ParameterValues = [],
  more: Partial<QuestionSources> = {},
) {
  const live = entries.at(-1)?.view ?? makeView([]);
  const sources = makeQuestionSources(live, { past: makePast(entries), ...more });
  const answer = await changes.ask(sources, parameters, new AbortController().signal);
  if (isRefusal(answer)) throw new Error(answer.detail);
  return { facts: answer.facts, document: answer.body.document as Document };
}

const at = (minutes: number) => NOW + minutes * MINUTE;
const a = { instanceName: "prod_web_1", labels: { env: "prod" } };
const changed = (id: string, minutes: number, more: Partial<Change> = {}) =>
  makeChange(id, { entry: 2, at: at(minutes), receivedAt: at(minutes), ...more });

describe("the same change on many hosts", () => {
  it("is one row with how many, when, and which", async () => {
    const fields = { field: "processes.0.module", before: "A_1.9", after: "A_1.10" };
    const entries = [
      entry(NOW, [host("i-1"), host("i-2")]),
      entry(at(1), [host("i-1"), host("i-2")], { changes: [changed("i-1", 1, { ...fields, ...a })] }),
      entry(at(2), [host("i-1"), host("i-2")], {
        changes: [
          changed("i-2", 2, { ...fields, field: "processes.3.module" }),
          changed("i-2", 2, { kind: "arrived", field: "", before: null, after: null }),
        ],
      }),
    ];
    const { document, facts } = await ask(entries, [["since", iso(NOW)]]);
    expect(document.changes).toEqual([
      expect.objectContaining({ kind: "arrived", count: 1 }),
      {
        kind: "changed",
        field: "processes.module",
        before: "A_1.9",
        after: "A_1.10",
        count: 2,
        first: iso(at(1)),
        last: iso(at(2)),
        hosts: [
          {
            host: "i-1",
            account: "local",
            instance_name: "prod_web_1",
            at: iso(at(1)),
            field: "processes.0.module",
          },
          { host: "i-2", account: "local", instance_name: null, at: iso(at(2)), field: "processes.3.module" },
        ],
        hosts_omitted: 0,
      },
    ]);
    expect(document).toMatchObject({ count: 3, as_of: iso(at(2)), gaps: [] });
    expect(facts).toMatchObject({ asOf: at(2), count: 3, cursor: document.cursor });
  });

  it("names so many hosts and counts the rest, each once", async () => {
    const ids = Array.from({ length: 60 }, (_, number) => `i-${number}`);
    const { document } = await ask([
      entry(NOW, []),
      entry(at(1), [], { changes: [...ids, ...ids].map((id) => changed(id, 1)) }),
    ]);
    expect(document.changes).toEqual([expect.objectContaining({ count: 120, hosts_omitted: 10 })]);
    expect(document.changes[0]?.hosts).toHaveLength(50);
  });
});

describe("a filter", () => {
  const entries = [
    entry(NOW, [host("i-1", { size: "xl" }), host("i-2", { size: "s" }), host("i-3", { size: "xl" })]),
    entry(at(1), [host("i-1", { size: "xl" }), host("i-2", { size: "xl" })], {
      changes: [
        changed("i-1", 1, { ...a, field: "processes.0.module" }),
        changed("i-2", 1, { field: "size", before: "s", after: "xl" }),
        changed("i-3", 1, { kind: "departed", field: "", before: null, after: null }),
      ],
    }),
    // What they are now is of no account.
    entry(at(2), [host("i-1", { size: "s" }), host("i-2", { size: "s" })]),
  ];
  const hosts = async (...parameters: ParameterValues) => {
    const { document } = await ask(entries, [...parameters, ["each", "true"]]);
    return document.changes.map((change) => change.host);
  };

  it("speaks of the host's report as the change left it, or of its last one", async () => {
    expect(await hosts(["size", "xl"])).toEqual(["i-1", "i-2", "i-3"]);
    expect(await hosts(["size", "s"])).toEqual([]);
    expect(await hosts(["size", "not:xl"], ["kind", "departed"])).toEqual([]);
  });

  it("speaks of the labels as they were recorded with the change", async () => {
    expect(await hosts(["env", "prod"])).toEqual(["i-1"]);
    expect(await hosts(["label.env", "not:prod"])).toEqual(["i-2", "i-3"]);
  });

  it("chooses hosts, fields and kinds, with wildcards", async () => {
    expect(await hosts(["host", "i-2"])).toEqual(["i-2"]);
    expect(await hosts(["host", "prod_*,i-3"])).toEqual(["i-1", "i-3"]);
    expect(await hosts(["field", "processes.module"])).toEqual(["i-1"]);
    expect(await hosts(["field", "processes.0.*"])).toEqual(["i-1"]);
    expect(await hosts(["kind", "departed,arrived"])).toEqual(["i-3"]);
    expect(await hosts(["field.size", "xl"], ["field", "size"])).toEqual(["i-2"]);
  });

  it("by a name that nobody knows is an error, and a mistake in the question too", async () => {
    await expect(ask(entries, [["sise", "xl"]])).rejects.toThrow('"sise"');
    await expect(ask(entries, [["kind", "left"]])).rejects.toThrow("should be of changed, arrived");
    await expect(ask(entries, [["since", "yesterday"]])).rejects.toThrow("ISO 8601 with an offset");
    await expect(ask(entries, [["since", iso(at(60))]])).rejects.toThrow("lies ahead");
    await expect(ask(entries, [["each", "yes"]])).rejects.toThrow("each: should be true or false");
  });
});

describe("since", () => {
  const many = Array.from({ length: 12_000 }, (_, number) =>
    changed(`i-${number}`, 1, { before: String(number) }),
  );
  const entries = [
    entry(NOW, [host("i-1", {}, HOUR)]),
    entry(at(1), [host("i-1", {}, HOUR)], { changes: many }),
    entry(at(61), [host("i-1", {}, HOUR)], { changes: [changed("i-1", 61)] }),
  ];

  it.each(["true", "false"])(
    "a cursor misses nothing and doubles nothing, also within an entry (each=%s)",
    async (each) => {
      const told: string[] = [];
      let cursor = "c0";
      let answers = 0;
      for (let more = true; more; answers++) {
        const { document, facts } = await ask(entries, [
          ["since", cursor],
          ["each", each],
        ]);
        for (const { before, kind, after } of document.changes) told.push(`${kind} ${before} ${after}`);
        more = (facts.cuts?.length ?? 0) > 0;
        cursor = document.cursor;
      }
      expect(answers).toBe(2);
      // The host's window ended after an hour.
      expect(told).toHaveLength(12_002);
      expect(new Set(told).size).toBe(12_002);
      const { document } = await ask(entries, [
        ["since", cursor],
        ["each", each],
      ]);
      expect(document).toMatchObject({ changes: [], cursor });
    },
  );

  it("the cursor of before tells what is recorded after it, and no more", async () => {
    const [first, , last] = entries as [GivenEntry, GivenEntry, GivenEntry];
    const quiet = [first, entry(at(1), [host("i-1", {}, HOUR)])];
    const { document: before } = await ask(quiet);
    const { document } = await ask([...quiet, last], [["since", before.cursor]]);
    expect(document.changes.map(({ kind, count }) => [kind, count])).toEqual([
      ["silent", 1],
      ["changed", 1],
    ]);
  });
});

describe("who fell silent and returned", () => {
  it("is told by the window that is asked for, with name and labels", async () => {
    const prod = { instance_name: "prod_web_1" };
    const rules = [{ field: "instance_name", pattern: "^(?<env>[^_]+)_" }];
    const entries = [
      entry(NOW, [host("i-1", prod)], { facts: { labels: rules } }),
      entry(at(31), [host("i-1", prod)]),
      entry(at(40), [host("i-1", prod, -39 * MINUTE)]),
    ];
    const { document } = await ask(entries, [
      ["within", "30m"],
      ["each", "true"],
      ["env", "prod"],
    ]);
    expect(document.changes).toEqual([
      expect.objectContaining({ kind: "silent", at: iso(at(30)), host: "i-1", instance_name: "prod_web_1" }),
      expect.objectContaining({
        kind: "returned",
        at: iso(at(39)),
        labels: { env: "prod", account: "local" },
      }),
    ]);
    expect((await ask(entries)).document.changes).toEqual([]);
  });
});

describe("what was not recorded", () => {
  it("is told as a gap, and as one before the beginning and after the end", async () => {
    const gap = { from: at(1), until: at(58), reason: "the recorder was away" };
    const entries = [entry(NOW, []), entry(at(1), []), entry(at(60), [], { gap })];
    const { document, facts } = await ask(entries, [], { clock: () => at(100) });
    expect(document.gaps).toEqual([
      { from: iso(at(100) - 24 * HOUR), until: iso(NOW), reason: "history does not reach back so far" },
      { from: iso(at(1)), until: iso(at(58)), reason: "the recorder was away" },
      { from: iso(at(60)), until: iso(at(100)), reason: "no recorder has written since" },
    ]);
    expect(facts.warnings.join("\n")).toContain("cannot be told: the recorder was away");
  });

  it("at all cannot be told, with what to do", async () => {
    await expect(ask([])).rejects.toThrow("nothing has been recorded in this store yet; rollcall serve");
    await expect(ask([entry(NOW, [])], [], { past: undefined })).rejects.toThrow("docs/history.md");
    await expect(ask([entry(NOW, [])], [["until", iso(NOW - HOUR)]])).rejects.toThrow(
      "does not reach back so far",
    );
  });

  it("beyond the recorder's bounds is counted", async () => {
    const { facts } = await ask([entry(NOW, []), entry(at(1), [], { dropped: 7 })], [["since", iso(NOW)]]);
    expect(facts.warnings).toEqual([expect.stringContaining("7 changes were more than the recorder keeps")]);
  });
});
