// The s3 store over a line that loses, cuts and delays: every answer is right or none is given.
import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import pMap from "p-map";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { withRetry } from "../../src/store/retry.ts";
import { s3Store } from "../../src/store/s3.ts";
import { parseS3Url } from "../../src/store/s3-url.ts";
import { PreconditionFailed, type Store, Unavailable } from "../../src/store/store.ts";
import { runs } from "../../src/testing/runs.ts";
import { seededRandom } from "../../src/testing/seeded-random.ts";
import { makeBucket } from "./bucket.ts";
import { type Fault, type FaultProxy, startFaultProxy } from "./fault-proxy.ts";

const LIMIT = { maxBytes: 100_000 };
const OBJECTS = 1_100;
const CREATE = { ifNoneMatch: "*" } as const;
/**
 * Two of ten requests fail, each kind of fault among them; silence less often, since each is waited
 * for.
 */
const RATES: Record<Fault, number> = {
  slowDown: 0.04,
  internalError: 0.03,
  resetBefore: 0.03,
  resetAfter: 0.03,
  cutBody: 0.04,
  stallBody: 0.01,
  stall: 0.01,
  cutListing: 0.1,
};

const key = (index: number) => `faults/${String(index % 7)}/${String(index).padStart(5, "0")}.json`;
const body = (index: number) => Buffer.alloc(200 + index, `${index}/`);

describe("s3 over a line with faults", () => {
  let proxy: FaultProxy;
  let plain: Store;
  let store: Store;
  beforeAll(async () => {
    const server = inject("s3");
    await makeBucket(server, "faults");
    proxy = await startFaultProxy({ target: server.endpoint, random: seededRandom(7) });
    const driver = await s3Store({
      location: parseS3Url(`s3://faults/p?endpoint=${proxy.endpoint}`),
      credentials: async () => server.user,
      env: {},
      clock: () => Date.now(),
      timeouts: { connect: 5000, headers: 1000, body: 500 },
    });
    plain = driver;
    // On a busy machine the server itself takes longer than a try may: there is time for many.
    const budgetMs = 120_000;
    const options = { clock: () => Date.now(), random: seededRandom(8), newMark: randomUUID, budgetMs };
    store = withRetry(driver, { ...options, wait: (ms) => wait(ms / 10) });
    await pMap(
      Array.from({ length: OBJECTS }, (_, index) => index),
      (index) => store.put(key(index), body(index)),
      {
        concurrency: 64,
      },
    );
  });
  afterAll(async () => {
    await store.close?.();
    await proxy.stop();
  });

  it("gets, lists and puts, never wrong, short or twice", async () => {
    proxy.setRates(RATES);
    const expected = Array.from({ length: OBJECTS }, (_, index) => key(index)).sort();
    const get = async (turn: number) => {
      const found = await store.get(key(turn % OBJECTS), LIMIT);
      expect(found?.body.equals(body(turn % OBJECTS))).toBe(true);
      expect(await store.get(`faults/none/${turn % 3}`, LIMIT)).toBeUndefined();
    };
    const list = async () => {
      const keys: string[] = [];
      for await (const page of store.list("faults/")) keys.push(...page.map((entry) => entry.key));
      expect(keys).toEqual(expected);
    };
    const put = async (turn: number) => {
      const entry = await store.put(`puts/${turn}`, body(turn), turn % 2 ? {} : CREATE);
      const found = await store.get(`puts/${turn}`, LIMIT);
      expect(found?.body.equals(body(turn))).toBe(true);
      expect(found?.etag).toBe(entry.etag);
    };
    const tries = [
      ...Array.from({ length: runs(600) }, (_, turn) => () => get(turn)),
      ...Array.from({ length: runs(60) }, () => list),
      ...Array.from({ length: runs(200) }, (_, turn) => () => put(turn)),
    ];
    await pMap(tries, (one) => one(), { concurrency: 96 });
    proxy.setRates({});
    for (const fault of Object.keys(RATES) as Fault[]) expect(proxy.counts[fault]).toBeGreaterThan(0);
  }, 180_000);

  it(
    "lets exactly one of those who race create, though they write the same and answers " + "are lost",
    async () => {
      proxy.setRates({ resetAfter: 0.3, slowDown: 0.1 });
      for (let round = 0; round < runs(10); round++) {
        const puts = Array.from({ length: 4 }, () => store.put(`race/${round}`, Buffer.from("same"), CREATE));
        const outcomes = await Promise.allSettled(puts);
        const losers = outcomes.filter((outcome) => outcome.status === "rejected");
        for (const { reason } of losers) expect(reason).toBeInstanceOf(PreconditionFailed);
        expect(losers).toHaveLength(3);
      }
      proxy.setRates({});
    },
  );

  it("loses no increment and counts none twice, where what fails was not carried out", async () => {
    await store.put("counter", Buffer.from("0"));
    proxy.setRates({ slowDown: 0.1, internalError: 0.1, resetBefore: 0.1 });
    const increment = async () => {
      for (;;) {
        const found = await store.get("counter", LIMIT);
        const next = Buffer.from(String(Number(found?.body.toString()) + 1));
        try {
          return await store.put("counter", next, { ifMatch: found?.etag ?? "none" });
        } catch (error) {
          if (!(error instanceof PreconditionFailed)) throw error;
        }
      }
    };
    for (let turn = 0; turn < 20; turn++) await Promise.all([increment(), increment()]);
    proxy.setRates({});
    expect((await store.get("counter", LIMIT))?.body.toString()).toBe("40");
  });

  it.each([
    ["slowDown", /cannot read "faults\/0\/00000.json": SlowDown: Please try again\./],
    ["internalError", /InternalError/],
    ["resetBefore", /no answer from http:.*the connection was closed in the middle/],
    ["cutBody", /no answer from http:/],
    ["stall", /there is no answer in time/],
    ["stallBody", /the answer stopped in the middle/],
  ] as const)("is Unavailable without retries: %s", async (fault, message) => {
    proxy.setRates({ [fault]: 1 });
    const error = await plain.get(key(0), LIMIT).catch((reason: unknown) => reason);
    proxy.setRates({});
    expect(error).toBeInstanceOf(Unavailable);
    expect(String(error)).toMatch(message);
  });

  it("is Unavailable for a listing that ends half way with status 200", async () => {
    proxy.setRates({ cutListing: 1 });
    const pages = plain.list("faults/")[Symbol.asyncIterator]();
    await expect(pages.next()).rejects.toThrow(Unavailable);
    proxy.setRates({});
  });

  it("stops waiting for a silent server when told to", async () => {
    proxy.setRates({ stall: 1 });
    const control = new AbortController();
    const getting = store.get(key(0), { ...LIMIT, signal: control.signal });
    control.abort(new Error("told to stop"));
    await expect(getting).rejects.toThrow("told to stop");
    proxy.setRates({});
  });
});
