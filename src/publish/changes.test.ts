// Tests of the publisher of changes: each once and in order, from where it stopped, refused or away
// for a day.
import { expect, it } from "vitest";
import { memoryStore } from "../store/memory.ts";
import { type GivenEntry, makeChange, makePast } from "../testing/history-double.ts";
import { startMessageReceiver } from "../testing/message-receiver.ts";
import { makeQuestionSources, makeView, NOW } from "../testing/view-double.ts";
import { MAX_BATCH_CHANGES } from "./changes.ts";
import { publishersSchema } from "./config.ts";
import { runPublication } from "./publication.ts";
import { openPublisher } from "./registry.ts";
import { signBody } from "./webhook.ts";

const [MINUTE, DAY, SECRET] = [60_000, 86_400_000, "a secret of the hook"];

interface SentBatch {
  readonly since: string;
  readonly cursor: string;
  readonly count: number;
  readonly changes: readonly { readonly host: string; readonly before: string }[];
  readonly gaps: readonly unknown[];
}

async function setUp() {
  const receiver = await startMessageReceiver();
  const store = memoryStore({ clock: () => time.now });
  const time = { now: NOW };
  const entries: GivenEntry[] = [{ view: makeView([]) }];
  const { feed: config } = publishersSchema.parse({
    feed: { kind: "changes", url: receiver.url, token_env: "SECRET" },
  });
  if (!config) throw new Error("no publisher");
  return {
    receiver,
    store,
    time,
    /** Records an entry with as many changes as are named. */
    record(hosts: readonly string[], more: Partial<GivenEntry> = {}) {
      const changes = hosts.map((host) => makeChange(host, { at: time.now, entry: entries.length + 1 }));
      entries.push({ view: makeView([], { asOf: time.now }), changes, ...more });
    },
    async run({ isDryRun = false } = {}) {
      return await runPublication({
        name: "feed",
        config,
        publisher: await openPublisher("feed", config, async () => SECRET),
        store,
        sources: makeQuestionSources(makeView([]), { past: makePast(entries), clock: () => time.now }),
        context: {
          clock: () => time.now,
          sleep: async (ms) => {
            time.now += ms;
          },
          random: () => 0.5,
          signal: new AbortController().signal,
          deadline: time.now + 3_600_000,
          isDryRun,
          onStep: () => undefined,
          write: async () => undefined,
        },
      });
    },
    sent: () => receiver.received.map(({ body }) => JSON.parse(body) as SentBatch),
  };
}

const hostsOf = (batches: readonly SentBatch[]) =>
  batches.flatMap(({ changes }) => changes.map(({ host }) => host));

it("begins with what comes after its first run, and sends each change once", async () => {
  const { record, run, sent, time, receiver } = await setUp();
  record(["i-before"]);
  expect(await run()).toMatchObject({ created: 0, unchanged: 1 });
  time.now += MINUTE;
  record(["i-1", "i-2"]);
  expect(await run()).toMatchObject({ created: 1, requests: 1 });
  expect(await run()).toMatchObject({ created: 0, unchanged: 1 });
  expect(hostsOf(sent())).toEqual(["i-1", "i-2"]);
  const [message] = receiver.received;
  expect(message?.signature).toBe(signBody(message?.body ?? "", SECRET, time.now));
});

it("goes on in order where it was, after a day away and a refusal in between", async () => {
  const { record, run, sent, time, receiver, store } = await setUp();
  await run();
  const hosts: string[] = [];
  for (let minute = 1; minute <= 24; minute++) {
    time.now += DAY / 24;
    const own = Array.from({ length: 60 }, (_, place) => `i-${minute}-${place}`);
    hosts.push(...own);
    record(own);
  }
  await receiver.fail(true);
  const refused = await run().catch((error: Error) => error.message);
  expect(JSON.stringify(refused)).not.toContain(SECRET);
  expect(sent()).toEqual([]);
  await receiver.fail(false);
  expect(await run()).toMatchObject({ created: 3 });
  expect(hostsOf(sent())).toEqual(hosts);
  expect(sent().map(({ count }) => count)).toEqual([MAX_BATCH_CHANGES, MAX_BATCH_CHANGES, 440]);
  // Each begins where the one before ended.
  expect(
    sent()
      .map(({ since }) => since)
      .slice(1),
  ).toEqual(
    sent()
      .map(({ cursor }) => cursor)
      .slice(0, -1),
  );
  const state = await store.get("publishers/v1/feed.json", { maxBytes: 10_000 });
  expect(state?.body.toString()).not.toContain(SECRET);
});

it("tells when nothing was recorded, once", async () => {
  const { record, run, sent, time } = await setUp();
  await run();
  time.now += 60 * MINUTE;
  record([], { gap: { from: NOW, until: time.now, reason: "no recorder ran" } });
  await run();
  await run();
  expect(sent()).toEqual([
    expect.objectContaining({ count: 0, gaps: [expect.objectContaining({ reason: "no recorder ran" })] }),
  ]);
});

it("changes nothing in a dry run, and says where there is no history", async () => {
  const { record, run, sent, time } = await setUp();
  await run({ isDryRun: true });
  await run();
  time.now += MINUTE;
  record(["i-1"]);
  expect(await run({ isDryRun: true })).toMatchObject({ created: 1 });
  expect(sent()).toEqual([]);
  expect(await run()).toMatchObject({ created: 1 });
  expect(hostsOf(sent())).toEqual(["i-1"]);
});
