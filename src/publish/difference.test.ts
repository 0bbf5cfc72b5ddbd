// Tests of what differs since the last message, and of what is told where that cannot be known.
import fc from "fast-check";
import { expect, it } from "vitest";
import { startMessageReceiver } from "../testing/message-receiver.ts";
import { type MadeHost, makeHosts, makeOverview } from "../testing/overview-double.ts";
import { runs } from "../testing/runs.ts";
import { findDifference, hasChanges } from "./difference.ts";
import { keepMessage, nameValue, readLastState } from "./last-message.ts";
import type { Overview } from "./overview.ts";
import { formatSlack } from "./slack.ts";
import { formatMessage, webhookPublisher } from "./webhook.ts";

const FIELD = "processes.module_A_filename";
const HOUR = 3_600_000;

const host = (id: string, module: string, more: Partial<MadeHost> = {}): MadeHost => ({
  id,
  service: "web",
  module,
  ...more,
});

/** As it is after a way through the store. */
const keep = (overview: Overview, maxBytes?: number) =>
  readLastState(JSON.parse(JSON.stringify({ digest: "d", message: keepMessage(overview, maxBytes) })));

it("names who came and went, and on how many hosts each value was and is, new ones first", async () => {
  const before = await makeOverview([
    host("i-1", "A_red_1.9"),
    host("i-2", "A_red_1.9"),
    host("i-3", "A_red_1.8"),
    host("i-4", "A_red_1.9"),
    host("i-5", "A_red_1.9"),
    host("i-6", "A_red_1.9", { ageMs: 3 * HOUR }),
  ]);
  const now = await makeOverview(
    [
      host("i-1", "A_red_1.10"),
      host("i-2", "A_red_1.9"),
      host("i-3", "A_red_1.9", { ageMs: 3 * HOUR }),
      host("i-6", "A_red_1.9"),
      host("i-7", "A_red_1.10"),
    ],
    {},
    undefined,
    ["i-4"],
  );
  const difference = findDifference(keep(before), now);
  expect(difference).toEqual({
    since: before.asOf,
    hosts: { arrived: ["i-7"], returned: ["i-6"], silent: ["i-3"], left: ["i-4"], gone: ["i-5"] },
    values: [
      { field: FIELD, value: "A_red_1.10", from: 0, to: 2, gained: ["i-1", "i-7"], lost: [] },
      { field: FIELD, value: "A_red_1.9", from: 4, to: 2, gained: ["i-6"], lost: ["i-1", "i-4", "i-5"] },
      { field: FIELD, value: "A_red_1.8", from: 1, to: 0, gained: [], lost: ["i-3"] },
    ],
    untold: [],
  });
  expect(JSON.stringify(formatSlack(now, difference).blocks)).toContain("Gone (left or last heard of");
});

it("tells every host's way from one fleet to another, whatever they are", async () => {
  const fleet = fc.uniqueArray(
    fc.record({ id: fc.integer({ min: 0, max: 12 }), module: fc.integer({ min: 0, max: 4 }) }),
    { selector: ({ id }) => id, maxLength: 12 },
  );
  const make = (hosts: readonly { id: number; module: number }[]) =>
    makeOverview(hosts.map(({ id, module }) => host(`i-${id}`, `A_1.${module}`)));
  await fc.assert(
    fc.asyncProperty(fleet, fleet, async (before, now) => {
      const { hosts, values = [] } = findDifference(keep(await make(before)), await make(now));
      const replayed = new Map(before.map(({ id, module }) => [`i-${id}`, `A_1.${module}`]));
      for (const id of hosts?.gone ?? []) replayed.delete(id);
      for (const { value, gained = [] } of values) for (const id of gained) replayed.set(id, value ?? "");
      expect(replayed).toEqual(new Map(now.map(({ id, module }) => [`i-${id}`, `A_1.${module}`])));
      for (const { value, from, to } of values) {
        expect(before.filter(({ module }) => `A_1.${module}` === value)).toHaveLength(from);
        expect(now.filter(({ module }) => `A_1.${module}` === value)).toHaveLength(to);
      }
    }),
    { numRuns: runs(40) },
  );
});

it.each([
  [undefined, "this is the first message"],
  ["not ours", "cannot be read"],
  [
    {
      digest: "d",
      message: { at: 1, hosts: ["a"], fields: [{ field: "f", values: [{ value: "x", hosts: [3] }] }] },
    },
    "cannot be read",
  ],
  [{ digest: "d" }, "did not keep what it said of each host"],
])("says that there is nothing to compare with where the state is %j", async (state, reason) => {
  const difference = findDifference(readLastState(state), await makeOverview(makeHosts(1, 2)));
  expect(difference).toEqual({ untold: [expect.stringContaining(reason)] });
  expect(hasChanges(difference)).toBe(false);
});

it("keeps counts alone where hosts are too many, and says so", async () => {
  const before = await makeOverview(makeHosts(1, 300));
  const now = await makeOverview(makeHosts(1, 301));
  const counted = findDifference(keep(before, 1000), now);
  expect(counted.hosts).toBeUndefined();
  expect(counted.values).toEqual([{ field: FIELD, value: "A_red_1.10", from: 299, to: 300 }]);
  expect(counted.untold.join()).toMatch(/Which hosts came and went cannot be told.*On which hosts/);
  const nothing = findDifference(keep(before, 30), now);
  expect(nothing.values).toBeUndefined();
  expect(nothing.untold.join()).toContain("Which versions changed cannot be told");
});

it("does not compare where not all values were counted, nor fields that were not spoken of", async () => {
  const overview = await makeOverview(makeHosts(1, 3));
  const cut = { ...overview, inventory: { ...overview.inventory, omitted: 1 } };
  for (const [before, now] of [
    [cut, overview],
    [overview, cut],
  ] as const)
    expect(findDifference(keep(before), now)).toMatchObject({
      untold: [expect.stringContaining("too many values")],
    });
  const other = { ...overview, inventory: { ...overview.inventory, fields: [] } };
  expect(findDifference(keep(other), overview)).toMatchObject({
    values: [],
    untold: [expect.stringContaining("did not speak of one of the fields")],
  });
});

it("keeps of a long value its beginning and a hash", () => {
  const long = "v".repeat(10_000);
  expect(nameValue(long)?.length).toBeLessThan(200);
  expect(nameValue(long)).not.toBe(nameValue(`${long}w`));
});

/** A publisher with a receiver, and a state that stays between its runs. */
async function setUp(format: "json" | "slack") {
  const { url, received } = await startMessageReceiver();
  const publisher = webhookPublisher({ url, secret: undefined, format });
  const kept: { value: unknown } = { value: undefined };
  const run = (overview: Overview) =>
    publisher.publish(overview, {
      state: {
        get value() {
          return kept.value;
        },
        save: async (value) => {
          kept.value = JSON.parse(JSON.stringify(value));
        },
        renew: async () => undefined,
      },
      clock: () => 0,
      sleep: async () => undefined,
      random: () => 0,
      signal: new AbortController().signal,
      deadline: HOUR,
      isDryRun: false,
      onStep: () => undefined,
      write: async () => undefined,
    });
  return { run, kept, last: () => JSON.parse(received.at(-1)?.body ?? "null"), received };
}

it("sends a webhook what differs from what was sent before, and nothing where nothing does", async () => {
  const { run, last, received, kept } = await setUp("json");
  await run(await makeOverview([host("i-1", "A_1.1"), host("i-2", "A_1.1")]));
  expect(last().changes).toEqual({ since: null, cannot_be_told: [expect.stringContaining("first message")] });
  expect(await run(await makeOverview([host("i-1", "A_1.1"), host("i-2", "A_1.1")]))).toMatchObject({
    unchanged: 1,
  });
  expect(received).toHaveLength(1);
  // As many hosts with the same versions, but others.
  await run(await makeOverview([host("i-1", "A_1.1"), host("i-3", "A_1.1")]));
  expect(received).toHaveLength(2);
  expect(last().changes).toMatchObject({
    arrived: { count: 1, hosts: ["i-3"] },
    gone: { count: 1, hosts: ["i-2"] },
    values: [{ value: "A_1.1", from: 2, to: 2, gained: { hosts: ["i-3"] }, lost: { hosts: ["i-2"] } }],
    more_values: 0,
    cannot_be_told: [],
  });
  kept.value = { digest: 3 };
  await run(await makeOverview([host("i-1", "A_1.1")]));
  expect(last().changes.cannot_be_told).toEqual([expect.stringContaining("cannot be read")]);
});

it("names few of many hosts, and counts the others", async () => {
  const before = await makeOverview([host("i-0", "A_1.1")]);
  const now = await makeOverview(makeHosts(1, 142));
  const difference = findDifference(keep(before), now);
  const { arrived } = formatMessage(now, difference).changes ?? {};
  expect([arrived?.count, arrived?.hosts.length]).toEqual([142, 100]);
  expect(JSON.stringify(formatSlack(now, difference).blocks)).toContain("and 137 more");
});

it("tells of a field that the last message spoke of and this one does not", async () => {
  const hosts = [host("i-1", "A_1.1")];
  const [before, now] = [await makeOverview(hosts), await makeOverview(hosts, { fields: ["app_version"] })];
  expect(findDifference(keep(before), now)?.untold).toEqual([
    "The last message spoke of a field that this one does not: what became of it cannot be told.",
    "The last message did not speak of one of the fields: what is new in it cannot be told.",
  ]);
});

it("says how long ago the last message was where it was a day or more", async () => {
  const overview = await makeOverview([host("i-1", "A_1.1")]);
  const later = { ...(await makeOverview([host("i-2", "A_1.1")])), asOf: overview.asOf + 75 * HOUR };
  expect(JSON.stringify(formatSlack(later, findDifference(keep(overview), later)))).toContain(
    "Since the last message (2024-03-01 00:00 UTC, 3 days ago)",
  );
});

it("stays harmless and short, whatever hosts write", async () => {
  const { run, received } = await setUp("slack");
  const hostile = [
    "<!channel> <@U1> *b* :boom: https://evil.example",
    "x".repeat(10_240),
    "a\u0001b\nc\u202ed",
    "&lt;!here&gt;",
  ];
  await run(await makeOverview(makeHosts(1, 2)));
  await run(
    await makeOverview(
      Array.from({ length: 400 }, (_, at) => host(`i-${at}`, `${hostile[at % 4]}${at}_1.${at}`)),
    ),
  );
  const body = received.at(-1)?.body ?? "";
  const { blocks, text } = JSON.parse(body);
  const kinds = [...JSON.stringify(blocks).matchAll(/"type":"([a-z_]+)"/g)].map(([, kind]) => kind);
  expect(new Set(kinds)).toEqual(
    new Set(["header", "plain_text", "rich_text", "rich_text_section", "rich_text_list", "text"]),
  );
  expect(text).not.toContain("channel");
  expect(body).toMatch(/and \d+ more values that changed/);
  expect(body.length).toBeLessThan(20_000);
  expect(body).not.toMatch(/\\u0001|\\n|\u202e/);
});
