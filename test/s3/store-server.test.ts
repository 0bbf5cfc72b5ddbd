// The s3 driver on a real server, beyond the contract: keys that others put, rights, TLS, and what
// people are told.
import { execFileSync } from "node:child_process";
import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, inject, it, onTestFinished } from "vitest";
import type { RepeatableStore } from "../../src/store/repeated-put.ts";
import { s3Store } from "../../src/store/s3.ts";
import type { S3Operation } from "../../src/store/s3-bucket.ts";
import { parseS3Url } from "../../src/store/s3-url.ts";
import {
  InvalidKey,
  type ListOptions,
  PreconditionFailed,
  type Store,
  StoreError,
  TooLarge,
  Unavailable,
  Unreadable,
} from "../../src/store/store.ts";
import { makeBucket, presign, putPolicy, putRaw } from "./bucket.ts";
import type { S3User } from "./server.ts";
import { assumeRole } from "./session.ts";

const LIMIT = { maxBytes: 1024 };
const clock = () => Date.now();
const server = inject("s3");

interface OpenOptions {
  readonly user?: S3User;
  readonly env?: NodeJS.ProcessEnv;
  readonly clock?: () => number;
  readonly onRequest?: (operation: S3Operation) => void;
}

async function open(
  path: string,
  { user = server.user, env = {}, ...options }: OpenOptions = {},
): Promise<RepeatableStore> {
  const location = parseS3Url(`s3://${path}${path.includes("?") ? "" : `?endpoint=${server.endpoint}`}`);
  const store = await s3Store({ location, credentials: async () => user, env, clock, ...options });
  onTestFinished(async () => await store.close?.());
  return store;
}

async function listKeys(store: Store, prefix = "", options: ListOptions = {}): Promise<string[]> {
  const keys: string[] = [];
  for await (const page of store.list(prefix, options)) keys.push(...page.map(({ key }) => key));
  return keys;
}

const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

describe("s3: what stands in a bucket", () => {
  beforeAll(() => makeBucket(server, "standing"));

  it("is told apart by prefix", async () => {
    const [one, other, whole] = [
      await open("standing/one"),
      await open("standing/one-more"),
      await open("standing"),
    ];
    await one.put("a/b.json", Buffer.from("one"));
    await other.put("a/b.json", Buffer.from("other"));
    expect(await listKeys(one)).toEqual(["a/b.json"]);
    expect(await listKeys(other, "a/")).toEqual(["a/b.json"]);
    expect(await listKeys(whole, "one")).toEqual(["one-more/a/b.json", "one/a/b.json"]);
    await other.delete("a/b.json");
    expect((await one.get("a/b.json", LIMIT))?.body.toString()).toBe("one");
    expect((await whole.get("one/a/b.json", LIMIT))?.body.toString()).toBe("one");
    expect(one.location).toBe(`s3://standing/one?endpoint=${server.endpoint}`);
  });

  it("is listed exactly, whatever the keys", async () => {
    const keys = [
      "../x.json",
      "./y",
      "/leading",
      "a//b",
      "a b",
      "a+b",
      "a%20b",
      "a%2fb",
      "100%",
      "line\nbreak",
      "tab\tand\rreturn",
      "<Key>&amp;</Key>",
      "</ListBucketResult>",
      `quotes"'`,
      "é",
      "日本語.json",
      "\u{1F600}",
      "\uffee",
      "z(1)*!~",
      "l".repeat(1000),
    ];
    await Promise.all(keys.map((key) => putRaw(server, "standing", `odd/${key}`, key)));
    const store = await open("standing/odd");
    const sorted = [...keys].sort(byBytes);
    expect(await listKeys(store)).toEqual(sorted);
    for (const [index, after] of sorted.entries()) {
      expect(await listKeys(store, "", { after })).toEqual(sorted.slice(index + 1));
      expect(await listKeys(store, "", { upTo: after })).toEqual(sorted.slice(0, index + 1));
    }
    expect(await listKeys(store, "", { shallow: true })).toEqual(sorted.filter((key) => !key.includes("/")));
  });

  it("is listed by requests that are few: none past the end, one for a thousand", async () => {
    const requests: S3Operation[] = [];
    const store = await open("standing/count", { onRequest: (operation) => requests.push(operation) });
    const keys = Array.from({ length: 1100 }, (_, index) => `d${String(index).padStart(4, "0")}/x`);
    await Promise.all([...keys, "after"].map((key) => store.put(key, Buffer.from("x"))));
    expect(requests.splice(0)).toEqual(Array.from({ length: 1101 }, () => "PUT"));
    // A page of common prefixes alone, and one more.
    expect(await listKeys(store, "", { shallow: true })).toEqual(["after"]);
    expect(await listKeys(store, "d", { shallow: true })).toEqual([]);
    expect(requests.splice(0)).toEqual(["LIST", "LIST", "LIST", "LIST"]);
    expect(await listKeys(store, "d", { upTo: "d0999/x" })).toEqual(keys.slice(0, 1000));
    expect(await listKeys(store, "d", { upTo: "c" })).toEqual([]);
    expect(requests.splice(0)).toEqual(["LIST"]);
    await store.get("after", LIMIT);
    await store.delete("after");
    expect(requests).toEqual(["GET", "DELETE"]);
  });

  it("can be written and read by curl with a URL made beforehand, until that expires", async () => {
    const store = await open("standing/signed");
    const path = "/standing/signed/i-1.json";
    const curl = (...args: string[]) =>
      execFileSync("curl", ["-s", "-w", "%{http_code}", ...args], { encoding: "utf8" });
    const now = clock();
    expect(curl("-X", "PUT", "-d", "{}", presign(server, { method: "PUT", path, expiresIn: 60, now }))).toBe(
      "200",
    );
    expect((await store.get("i-1.json", LIMIT))?.body.toString()).toBe("{}");
    expect(curl(presign(server, { method: "GET", path, expiresIn: 60, now }))).toBe("{}200");
    const old = presign(server, { method: "GET", path, expiresIn: 60, now: now - 120_000 });
    expect(curl(old)).toMatch(/403$/);
  });

  it("makes such URLs itself, which set the headers of the answer, also for a role's session", async () => {
    const store = await open("standing/signed", { user: await assumeRole(server, "signer", "i-1") });
    const plain = Buffer.from('[{"instance_id":"i-1"}]');
    await store.put("answers/1", gzipSync(plain));
    const contentType = "application/json; charset=utf-8";
    const url = await store.presign?.("answers/1", {
      expiresInSeconds: 60,
      contentType,
      contentEncoding: "gzip",
    });
    const answer = await fetch(url ?? "");
    expect(answer.headers.get("content-type")).toBe(contentType);
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(plain);
    expect((await fetch(`${url}0`)).status).toBe(403);
    await expect(store.presign?.("../x", { expiresInSeconds: 60 })).rejects.toThrow(InvalidKey);
  });

  it("refuses an etag that none has, without asking", async () => {
    const requests: S3Operation[] = [];
    const store = await open("standing/etags", { onRequest: (operation) => requests.push(operation) });
    for (const ifMatch of ["", "*", '"x"', "a\r\nx-evil: 1", "é"]) {
      await expect(store.put("one", Buffer.from("x"), { ifMatch })).rejects.toThrow(PreconditionFailed);
    }
    expect(requests).toEqual([]);
  });

  it("is not read past maxBytes, and the store goes on", async () => {
    const store = await open("standing/large");
    await store.put("big", Buffer.alloc(3_000_000));
    for (let turn = 0; turn < 3; turn++)
      await expect(store.get("big", { maxBytes: 10 })).rejects.toThrow(TooLarge);
    expect((await store.get("big", { maxBytes: 3_000_000 }))?.body.length).toBe(3_000_000);
  });
});

describe("s3: who may not", () => {
  beforeAll(async () => {
    await makeBucket(server, "rights");
    const everyone = { AWS: ["arn:aws:iam:::user/stranger"] };
    const resource = "arn:aws:s3:::rights/open/*";
    await putPolicy(server, "rights", [
      { Effect: "Allow", Principal: everyone, Action: ["s3:PutObject"], Resource: [resource] },
    ]);
  });

  it("hears what to do about a wrong key or secret, and no secret is repeated", async () => {
    const wrong = { ...server.user, secretAccessKey: "wrongsecret" };
    const unknown = { ...server.user, accessKeyId: "unknown" };
    for (const user of [wrong, unknown, server.stranger]) {
      const store = await open("rights", { user });
      const error = await listKeys(store).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(StoreError);
      expect(error).not.toBeInstanceOf(Unavailable);
      // This server says AccessDenied of them all.
      expect(String(error)).toMatch(
        /cannot list the bucket rights: AccessDenied; these credentials may not; docs\/stores\/s3.md/,
      );
      expect(String(error)).not.toMatch(/secret/);
      await expect(store.put("a", Buffer.from("x"))).rejects.toThrow(/cannot write "a": AccessDenied/);
      await expect(store.delete("a")).rejects.toThrow(/cannot delete "a": AccessDenied/);
    }
  });

  it("hears that there is no such bucket", async () => {
    const store = await open("no-such-bucket");
    const message = `there is no bucket no-such-bucket at ${server.endpoint}; check its name`;
    await expect(listKeys(store)).rejects.toThrow(message);
    await expect(store.get("a", LIMIT)).rejects.toThrow(message);
    await expect(store.put("a", Buffer.from("x"))).rejects.toThrow(message);
  });

  it.each([14, 20, -20, 60 * 24 * 400])(
    "is read and written where the own clock is %d minutes off",
    async (minutes) => {
      const requests: string[] = [];
      const wrong = () => clock() + minutes * 60_000;
      const store = await open(`rights/clock${minutes}`, {
        clock: wrong,
        onRequest: (operation) => requests.push(operation),
      });
      const { lastModified } = await store.put("a", Buffer.from("x"));
      expect(Math.abs(lastModified - clock())).toBeLessThan(60_000);
      expect((await store.get("a", LIMIT))?.body.toString()).toBe("x");
      expect(await listKeys(store)).toEqual(["a"]);
      expect(await (await fetch((await store.presign?.("a", { expiresInSeconds: 60 })) ?? "")).text()).toBe(
        "x",
      );
      await store.delete("a");
      // Refused once, and remembered.
      expect(requests).toEqual([...(Math.abs(minutes) > 15 ? ["PUT"] : []), "PUT", "GET", "LIST", "DELETE"]);
    },
  );

  it("is asked with the right time by HEAD too, whose refusal says nothing", async () => {
    const store = await open("rights/head", { clock: () => clock() - 3_600_000 });
    await expect(store.readExisting("none")).resolves.toBeUndefined();
  });

  it("cannot read the one object that another account owns, and can read the others", async () => {
    const [owner, guest] = [await open("rights/open"), await open("rights/open", { user: server.stranger })];
    await owner.put("own", Buffer.from("x"));
    await guest.put("theirs", Buffer.from("x"));
    expect(await listKeys(owner)).toEqual(["own", "theirs"]);
    await expect(owner.get("theirs", LIMIT)).rejects.toThrow(Unreadable);
    expect((await owner.get("own", LIMIT))?.body.toString()).toBe("x");
  });

  it("works with a role's session, and not with a wrong token", async () => {
    const session = await assumeRole(server, "reader", "one");
    const store = await open("rights/session", { user: session });
    await store.put("a", Buffer.from("x"));
    expect((await store.get("a", LIMIT))?.body.toString()).toBe("x");
    expect(await listKeys(store)).toEqual(["a"]);
    const { sessionToken: _, ...withoutToken } = session;
    for (const user of [withoutToken, { ...session, sessionToken: "d3Jvbmc=" }]) {
      await expect(listKeys(await open("rights/session", { user }))).rejects.toThrow(StoreError);
    }
  });

  it("takes nothing once it is closed", async () => {
    const store = await open("rights");
    await store.close?.();
    const error = await store.get("a", LIMIT).catch((reason: unknown) => reason);
    expect(error).not.toBeInstanceOf(Unavailable);
    expect(String(error)).toContain("the store is closed");
  });

  it("is Unavailable where nobody listens", async () => {
    const store = await open("rights?endpoint=http://127.0.0.1:1");
    await expect(listKeys(store)).rejects.toThrow(Unavailable);
    await expect(listKeys(store)).rejects.toThrow(
      "no answer from http://127.0.0.1:1: the connection is refused (ECONNREFUSED)",
    );
  });
});

describe("s3: over TLS", () => {
  beforeAll(() => makeBucket(server, "secure"));
  const url = `secure?endpoint=${server.tlsEndpoint}`;

  it("trusts what AWS_CA_BUNDLE names", async () => {
    const store = await open(url, { env: { AWS_CA_BUNDLE: server.caFile } });
    await store.put("a", Buffer.from("x"));
    expect((await store.get("a", LIMIT))?.body.toString()).toBe("x");
  });

  it("trusts nobody else, and says so at once", async () => {
    const error = await listKeys(await open(url)).catch((reason: unknown) => reason);
    expect(error).not.toBeInstanceOf(Unavailable);
    expect(String(error)).toMatch(
      /its certificate is signed by itself and not known here; .* in SSL_CERT_FILE or NODE_EXTRA_CA_CERTS/,
    );
  });

  it("says which file it cannot read", async () => {
    await expect(open(url, { env: { AWS_CA_BUNDLE: "/no/such.pem" } })).rejects.toThrow(
      /AWS_CA_BUNDLE names: ENOENT.*\/no\/such.pem/,
    );
  });
});
