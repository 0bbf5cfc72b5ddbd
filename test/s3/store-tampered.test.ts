// The s3 store behind something that changes answers: what cannot be true is asked again and then
// an error, with either Sender and a real server.
import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { RepeatableStore } from "../../src/store/repeated-put.ts";
import { withRetry } from "../../src/store/retry.ts";
import { s3Store } from "../../src/store/s3.ts";
import { createFetchSender } from "../../src/store/s3-fetch.ts";
import type { SenderOptions } from "../../src/store/s3-sender.ts";
import { createUndiciSender } from "../../src/store/s3-undici.ts";
import { parseS3Url } from "../../src/store/s3-url.ts";
import { InvalidAnswer, type Store, StoreError, Unavailable } from "../../src/store/store.ts";
import { makeBucket } from "./bucket.ts";
import { startTamperProxy, type Tamper, type TamperedAnswer, type TamperProxy } from "./tamper-proxy.ts";

const LIMIT = { maxBytes: 100_000 };
const OBJECTS = 1_203;
const key = (index: number) => `reports/v1/local/i-${String(index).padStart(5, "0")}.json`;
const body = (index: number) =>
  Buffer.from(JSON.stringify({ instance_id: `i-${index}`, pad: "x".repeat(index % 300) }));
const isListing = (url: string) => url.includes("list-type=2");

/** Changes the text of listings. */
const rewrite =
  (change: (text: string, url: string) => string): Tamper =>
  ({ url }, answer) =>
    isListing(url) ? { ...answer, body: Buffer.from(change(answer.body.toString(), url)) } : undefined;

/** Changes the answers about one object. */
const object =
  (change: (answer: TamperedAnswer) => Partial<TamperedAnswer>): Tamper =>
  ({ url }, answer) =>
    url.endsWith(key(7)) ? { ...answer, ...change(answer) } : undefined;

const CONTENTS = /<Contents>.*?<\/Contents>/g;
const entriesOf = (text: string) => text.match(CONTENTS) ?? [];
const withEntries = (text: string, entries: readonly string[]) =>
  text.replace(CONTENTS, "").replace("</IsTruncated>", `</IsTruncated>${entries.join("")}`);
const flip = (bytes: Buffer) => {
  const copy = Buffer.from(bytes);
  copy[3] = (copy[3] ?? 0) ^ 1;
  return copy;
};

describe.each([
  ["undici", (options: SenderOptions) => createUndiciSender(options)],
  ["fetch", (options: SenderOptions) => createFetchSender(options)],
])("s3 by %s behind what changes answers", (name, openSender) => {
  let proxy: TamperProxy;
  let plain: Store;
  let store: Store;
  const bucket = `tampered-${name}`;
  beforeAll(async () => {
    const server = inject("s3");
    await makeBucket(server, bucket);
    proxy = await startTamperProxy({ target: server.endpoint });
    const driver = await s3Store({
      location: parseS3Url(`s3://${bucket}/p?endpoint=${proxy.endpoint}`),
      credentials: async () => server.user,
      env: {},
      clock: () => Date.now(),
      openSender,
      timeouts: {
        connect: 5000,
        headers: 3000,
        body: 3000,
        paces: [
          { headersMs: 3000, windowMs: 500, bytes: 1000 },
          { headersMs: 3000, windowMs: 750, bytes: 100 },
        ],
      },
    });
    plain = driver;
    store = withRetry(driver, {
      clock: Date.now,
      random: Math.random,
      newMark: randomUUID,
      wait: (ms) => wait(ms / 20),
    });
    const waiting = Array.from({ length: OBJECTS }, (_, index) => index);
    const work = async () => {
      for (let index = waiting.pop(); index !== undefined; index = waiting.pop())
        await store.put(key(index), body(index));
    };
    await Promise.all(Array.from({ length: 32 }, work));
    await store.put("top.json", Buffer.from("{}"));
  });
  afterAll(async () => {
    await store.close?.();
    await proxy.stop();
  });

  async function list(from: Store, prefix = "reports/v1/", shallow = false): Promise<string[]> {
    const keys: string[] = [];
    for await (const page of from.list(prefix, { shallow })) keys.push(...page.map((entry) => entry.key));
    return keys;
  }

  /** Runs with what changes answers, and counts requests. */
  async function under<T>(
    tamper: Tamper,
    run: () => Promise<T>,
  ): Promise<{ outcome: T | unknown; requests: number }> {
    const before = proxy.asked.length;
    proxy.setTamper(tamper);
    const outcome = await run().catch((error: unknown) => error);
    proxy.setTamper(undefined);
    return { outcome, requests: proxy.asked.length - before };
  }

  describe("listings", () => {
    let first: TamperedAnswer;

    it("are whole and once where nothing is changed", async () => {
      expect(await list(store)).toEqual(Array.from({ length: OBJECTS }, (_, index) => key(index)));
      expect(await list(store, "", true)).toEqual(["top.json"]);
    });

    it.each<[string, Tamper, RegExp]>([
      [
        "lost a key",
        rewrite((text) => withEntries(text, entriesOf(text).slice(1))),
        /it says that it has \d+ keys, and has \d+/,
      ],
      [
        "are unsorted",
        rewrite((text) => withEntries(text, [...entriesOf(text)].reverse())),
        /it lists ".*i-\d+\.json" after ".*i-\d+\.json"/,
      ],
      [
        "repeat a key",
        rewrite((text) => withEntries(text, [...entriesOf(text).slice(0, -1), entriesOf(text).at(-2) ?? ""])),
        /it lists ".*" twice/,
      ],
      [
        "ignore start-after",
        ({ url }, answer) => {
          if (isListing(url) && !url.includes("start-after")) first = answer;
          return isListing(url) ? first : undefined;
        },
        /was asked for what comes after "p\/reports\/v1\/local\/i-00999.json"/,
      ],
      [
        "have another prefix",
        rewrite((text) => text.replaceAll("p%2Freports", "q%2Freports").replaceAll("p/reports", "q/reports")),
        /which does not begin with "p\/reports\/v1\/"/,
      ],
      [
        "say that they end, and how to go on",
        rewrite((text) => text.replace("<IsTruncated>true", "<IsTruncated>false")),
        /it is the last, and how to go on/,
      ],
    ])("that %s are asked for again, then an error in one line", async (_, tamper, message) => {
      const { outcome, requests } = await under(tamper, () => list(store));
      expect(outcome).toBeInstanceOf(InvalidAnswer);
      expect(String(outcome)).toMatch(message);
      expect(String(outcome)).toMatch(/\(gave up after 8 tries in [\d.]+ s\)$/);
      expect(String(outcome)).toMatch(/^[ -~]*$/);
      expect(requests).toBeGreaterThanOrEqual(8);
    });

    it("that are wrong now and then are right in the end", async () => {
      let turn = 0;
      const tamper = rewrite((text) =>
        ++turn % 3 === 0 ? text : withEntries(text, entriesOf(text).slice(1)),
      );
      expect((await under(tamper, () => list(store))).outcome).toHaveLength(OBJECTS);
    });

    it("of one folder do not show what lies deeper, nor lose a folder", async () => {
      const lost = rewrite((text) => text.replace(/<CommonPrefixes>.*<\/CommonPrefixes>/, ""));
      expect(String((await under(lost, () => list(plain, "", true))).outcome)).toMatch(
        /it says that it has 2 keys, and has 1/,
      );
      const flat: Tamper = ({ url }, answer) => (isListing(url) ? flatten(answer) : undefined);
      const { outcome } = await under(flat, () => list(plain, "", true));
      expect(String(outcome)).toMatch(/was asked for what has no "\/" after "p\/"/);
    });
    const flatten = (answer: TamperedAnswer): TamperedAnswer => {
      const [entry = ""] = entriesOf(answer.body.toString());
      const deeper = entry.replace(/<Key>[^<]*<\/Key>/, "<Key>p%2Freports%2Fx.json</Key>");
      const text = withEntries(answer.body.toString(), [deeper]);
      return {
        ...answer,
        body: Buffer.from(
          text.replace(/<CommonPrefixes>.*<\/CommonPrefixes>/, "").replace(/<KeyCount>\d+/, "<KeyCount>1"),
        ),
      };
    };

    it("of servers that do not count are believed, and go on after an empty page by its token", async () => {
      const uncounted = rewrite((text) => text.replace(/<KeyCount>\d+<\/KeyCount>/, ""));
      expect((await under(uncounted, () => list(plain))).outcome).toHaveLength(OBJECTS);
      const EMPTY = /<Contents>.*<\/Contents>/;
      const emptyFirst = rewrite((text, url) =>
        url.includes("continuation-token") || url.includes("start-after")
          ? text
          : text.replace(EMPTY, "").replace(/<KeyCount>\d+/, "<KeyCount>0"),
      );
      // The token is the server's own, for the page after the first; all of which were "deleted".
      expect((await under(emptyFirst, () => list(plain))).outcome).toEqual(
        Array.from({ length: OBJECTS - 1000 }, (_, index) => key(index + 1000)),
      );
      const emptyAlways = rewrite((text) =>
        text
          .replace(EMPTY, "")
          .replace(/<KeyCount>\d+/, "<KeyCount>0")
          .replace(/<IsTruncated>\w+/, "<IsTruncated>true")
          .replace(/<NextContinuationToken>.*<\/NextContinuationToken>/, "")
          .replace(
            "</ListBucketResult>",
            "<NextContinuationToken>same</NextContinuationToken></ListBucketResult>",
          ),
      );
      expect(String((await under(emptyAlways, () => list(plain))).outcome)).toMatch(
        /repeats a page of its listing for ever/,
      );
    });

    it(
      "are an error where the server says that there is no such key, or answers an " +
        "error with status 200",
      async () => {
        const error = (code: string) =>
          Buffer.from(`<?xml version="1.0"?><Error><Code>${code}</Code></Error>`);
        const none: Tamper = ({ url }, answer) =>
          isListing(url) ? { ...answer, status: 404, body: error("NoSuchKey") } : undefined;
        expect((await under(none, () => list(plain))).outcome).toBeInstanceOf(StoreError);
        const inside: Tamper = ({ url }, answer) =>
          isListing(url) ? { ...answer, body: error("InternalError") } : undefined;
        expect((await under(inside, () => list(plain))).outcome).toBeInstanceOf(Unavailable);
        const unasked: Tamper = ({ url }, answer) =>
          isListing(url) ? { ...answer, status: 304 } : undefined;
        expect((await under(unasked, () => list(plain))).outcome).toBeInstanceOf(StoreError);
      },
    );
  });

  describe("bodies", () => {
    const get = (from: Store) => from.get(key(7), LIMIT);

    it.each<[string, Tamper, RegExp]>([
      [
        "with a flipped bit",
        object(({ body }) => ({ body: flip(body) })),
        /the MD5 of the body is [0-9a-f]{32}, and the ETag says/,
      ],
      ["of another host", object(() => ({ body: body(8) })), /the MD5 of the body is/],
      [
        "with another ETag",
        object(({ headers }) => ({ headers: { ...headers, etag: `"${"0".repeat(32)}"` } })),
        /the ETag says 0{32}/,
      ],
      [
        "with another checksum",
        object(({ headers }) => ({
          headers: {
            ...headers,
            "x-amz-server-side-encryption": "aws:kms",
            "x-amz-checksum-crc64nvme": "AAAAAAAAAAA=",
          },
        })),
        /the body has another CRC-64\/NVME than the server says/,
      ],
    ])("%s are asked for again, then an error in one line", async (_, tamper, message) => {
      const { outcome, requests } = await under(tamper, () => get(store));
      expect(outcome).toBeInstanceOf(InvalidAnswer);
      expect(String(outcome)).toMatch(message);
      expect(String(outcome)).toMatch(/^[ -~]*$/);
      expect(requests).toBe(8);
    });

    it("that are spoilt now and then are right in the end", async () => {
      let turn = 0;
      const tamper = object(({ body }) => ({ body: ++turn % 3 === 0 ? body : flip(body) }));
      expect((await under(tamper, () => get(store))).outcome).toMatchObject({ body: body(7) });
    });

    it.each<[string, Record<string, string>]>([
      ["a multipart upload's", { etag: `"${"0".repeat(32)}-3"` }],
      ["of a KMS key", { etag: `"${"0".repeat(32)}"`, "x-amz-server-side-encryption": "aws:kms" }],
      [
        "of a KMS key, twice",
        { etag: `"${"0".repeat(32)}"`, "x-amz-server-side-encryption": "aws:kms:dsse" },
      ],
      [
        "of a customer's key",
        { etag: `"${"0".repeat(32)}"`, "x-amz-server-side-encryption-customer-algorithm": "AES256" },
      ],
    ])("whose ETag is no MD5 are believed: %s", async (_, headers) => {
      const tamper = object((answer) => ({ headers: { ...answer.headers, ...headers } }));
      expect((await under(tamper, () => get(plain))).outcome).toMatchObject({ body: body(7) });
    });

    it("of a server whose ETags are no MD5 are believed where the URL says so", async () => {
      const server = inject("s3");
      const opaque = await s3Store({
        location: parseS3Url(`s3://${bucket}/p?endpoint=${proxy.endpoint}&etag=opaque`),
        credentials: async () => server.user,
        env: {},
        clock: Date.now,
        openSender,
      });
      const tamper: Tamper = (_asked, answer) => ({
        ...answer,
        headers: { ...answer.headers, etag: `"${"0".repeat(32)}"` },
      });
      expect((await under(tamper, () => get(opaque))).outcome).toMatchObject({
        body: body(7),
        etag: "0".repeat(32),
      });
      expect((await under(tamper, () => opaque.put("odd", Buffer.from("x")))).outcome).toMatchObject({
        etag: "0".repeat(32),
      });
      await opaque.close?.();
    });

    it.each<[string, Tamper]>([
      [
        "of another length",
        object(({ body, headers }) => ({
          headers: { ...headers, "content-length": String(body.length + 5) },
        })),
      ],
      [
        "with an error inside",
        object(() => ({ body: Buffer.from("<Error><Code>InternalError</Code></Error>") })),
      ],
      ["that a 304 leaves out", object(() => ({ status: 304 }))],
    ])("%s are an error", async (_, tamper) => {
      expect((await under(tamper, () => get(plain))).outcome).toBeInstanceOf(StoreError);
    });

    it("are asked of S3 with the checksum that it keeps", async () => {
      await get(plain);
      expect(proxy.asked.at(-1)?.headers["x-amz-checksum-mode"]).toBe("ENABLED");
    });

    it("of an older put that is tried again lie over nothing newer", async () => {
      const began = [5000];
      const late = withRetry(plain as RepeatableStore, {
        // It began five seconds ago.
        clock: () => Date.now() - (began.pop() ?? 0),
        random: Math.random,
        newMark: randomUUID,
        wait: () => store.put("order", Buffer.from("newer")),
      });
      await store.put("order", Buffer.from("before"));
      let puts = 0;
      const lost: Tamper = ({ method }, answer) =>
        method === "PUT" && ++puts === 1 ? { ...answer, status: 503 } : undefined;
      expect((await under(lost, () => late.put("order", Buffer.from("older")))).outcome).toMatchObject({
        isOvertaken: true,
      });
      expect((await store.get("order", LIMIT))?.body.toString()).toBe("newer");
      expect(puts).toBe(2);
    });

    it("whose put was carried out, and its answer lost, are written once", async () => {
      let puts = 0;
      const lost: Tamper = ({ method }, answer) =>
        method === "PUT" && ++puts === 1 ? { ...answer, status: 503 } : undefined;
      const { outcome } = await under(lost, () => store.put("once", Buffer.from("x")));
      expect(outcome).toMatchObject({ etag: "9dd4e461268c8034f5c8564e155c67a6", size: 1 });
      expect(puts).toBe(1);
    });

    it.each([{}, { ifNoneMatch: "*" } as const])("that arrive changed are no put: %j", async (options) => {
      const wrong: Tamper = ({ method }, answer) =>
        method === "GET"
          ? undefined
          : { ...answer, headers: { ...answer.headers, etag: `"${"0".repeat(32)}"` } };
      const key = `put-${Object.keys(options).length}`;
      expect((await under(wrong, () => plain.put(key, Buffer.from("x"), options))).outcome).toBeInstanceOf(
        InvalidAnswer,
      );
      await store.delete(key);
      const { outcome } = await under(wrong, () => store.put(key, Buffer.from("x"), options));
      expect(outcome).toBeInstanceOf(StoreError);
      // It did arrive, and only the first answer was changed.
      await store.delete(key);
      let puts = 0;
      const once: Tamper = (asked, answer) =>
        asked.method === "PUT" && ++puts === 1 ? wrong(asked, answer) : undefined;
      expect((await under(once, () => store.put(key, Buffer.from("x"), options))).outcome).toMatchObject({
        size: 1,
      });
    });
  });

  describe("answers that drip", () => {
    const drip =
      (is: (turn: number) => boolean): Tamper =>
      ({ url }, answer) =>
        url.endsWith(key(7)) ? (is(++turns) ? { ...answer, dripMs: 1000 } : undefined) : undefined;
    let turns = 0;

    it("are asked for again on another connection within the pace", async () => {
      turns = 0;
      const startedAt = Date.now();
      const { outcome } = await under(
        drip((turn) => turn === 1),
        () => plain.get(key(7), LIMIT),
      );
      expect(outcome).toMatchObject({ body: body(7) });
      expect(turns).toBe(2);
      // The body would have taken 30 s and more.
      expect(Date.now() - startedAt).toBeLessThan(20_000);
    });

    it("are given up after bounded tries, and the next is right", async () => {
      turns = 0;
      const { outcome } = await under(
        drip(() => true),
        () => plain.get(key(7), LIMIT),
      );
      expect(outcome).toBeInstanceOf(Unavailable);
      expect(String(outcome)).toMatch(/stands nearly still: \d+ bytes of its body came in 750 ms/);
      expect(turns).toBe(2);
      expect(await plain.get(key(7), LIMIT)).toMatchObject({ body: body(7) });
    });

    it("are listings too", async () => {
      let pages = 0;
      const tamper: Tamper = ({ url }, answer) =>
        isListing(url) && ++pages === 1 ? { ...answer, dripMs: 20 } : undefined;
      expect((await under(tamper, () => list(plain))).outcome).toHaveLength(OBJECTS);
    });
  });
});
