// Tests of API keys and the keyring over real stores.
import { describe, expect, it } from "vitest";
import { memoryStore } from "../store/memory.ts";
import type { Store } from "../store/store.ts";
import { createKeyring, KEYRING_AGE_MS } from "./keyring.ts";
import { createKey, listKeys, readKeyId, revokeKey } from "./keys.ts";

function setUp() {
  let now = Date.UTC(2026, 0, 1);
  const clock = () => now;
  let reads = 0;
  const inner = memoryStore({ clock });
  const store: Store = {
    ...inner,
    list: (prefix, options) => {
      reads++;
      return inner.list(prefix, options);
    },
    get: (key, options) => {
      reads++;
      return inner.get(key, options);
    },
  };
  return {
    store,
    clock,
    keyring: createKeyring({ store, clock }),
    countReads: () => reads,
    advance: (ms: number) => {
      now += ms;
    },
  };
}

describe("keys", () => {
  it("keep no secret in the store", async () => {
    const { store, clock } = setUp();
    const { key, secret } = await createKey(store, { name: "web", scopes: ["read", "read"] }, { clock });
    expect(readKeyId(secret)).toBe(key.id);
    const object = await store.get(`keys/v1/${key.id}.json`, { maxBytes: 4096 });
    const random = secret.slice(secret.indexOf("_", 3) + 1);
    expect(random.length).toBe(43);
    expect(object?.body.toString()).not.toContain(random);
    expect(key.scopes).toEqual(["read"]);
    expect(await listKeys(store)).toEqual([key]);
  });

  it("refuse a name that could write to a terminal, and a host that is a path", async () => {
    const { store, clock } = setUp();
    await expect(createKey(store, { name: "\u001b[2J", scopes: ["read"] }, { clock })).rejects.toThrow("control characters");
    await expect(createKey(store, { name: "x", scopes: ["ingest"], host: "../x" }, { clock })).rejects.toThrow("host id");
    await expect(createKey(store, { name: "x", scopes: [] }, { clock })).rejects.toThrow();
  });

  it("are revoked once, and by id only", async () => {
    const { store, clock } = setUp();
    const { key } = await createKey(store, { name: "web", scopes: ["read"] }, { clock });
    expect(await revokeKey(store, "../x")).toBe(false);
    expect(await revokeKey(store, key.id)).toBe(true);
    expect(await revokeKey(store, key.id)).toBe(false);
  });

  it("that lie broken or under another's name in the store open nothing", async () => {
    const { store, clock, keyring } = setUp();
    const { key, secret } = await createKey(store, { name: "web", scopes: ["read"] }, { clock });
    const object = await store.get(`keys/v1/${key.id}.json`, { maxBytes: 4096 });
    await store.delete(`keys/v1/${key.id}.json`);
    await store.put(`keys/v1/${"b".repeat(12)}.json`, object?.body ?? Buffer.alloc(0));
    await store.put(`keys/v1/${"c".repeat(12)}.json`, Buffer.from("{"));
    await store.put(`keys/v1/${"d".repeat(12)}.json`, Buffer.alloc(5000, 0x20));
    expect(await keyring.verify(secret)).toBeUndefined();
    expect(await listKeys(store)).toEqual([]);
  });
});

describe("keyring", () => {
  it("forgets a key revoked elsewhere within its age, and at once where told", async () => {
    const { store, clock, keyring, advance } = setUp();
    const { key, secret } = await createKey(store, { name: "web", scopes: ["read"] }, { clock });
    expect(await keyring.verify(secret)).toMatchObject({ id: key.id });
    await revokeKey(store, key.id);
    advance(KEYRING_AGE_MS);
    expect(await keyring.verify(secret)).toBeDefined();
    advance(1);
    expect(await keyring.verify(secret)).toBeUndefined();
  });

  it("knows a key made elsewhere at once", async () => {
    const { store, clock, keyring } = setUp();
    await keyring.verify(`rc_${"a".repeat(12)}_${"A".repeat(43)}`);
    const { secret } = await createKey(store, { name: "web", scopes: ["read"] }, { clock });
    expect(await keyring.verify(secret)).toBeDefined();
  });

  it("asks the store twenty times a second at most, however many unknown keys come", async () => {
    const { keyring, countReads, advance } = setUp();
    for (let second = 0; second < 3; second++) {
      for (let guess = 0; guess < 50; guess++) await keyring.verify(`rc_${"a".repeat(12)}_${"A".repeat(43)}`);
      advance(1000);
    }
    expect(countReads()).toBe(1 + 3 * 20);
  });

  it("does not ask the store for what has not the form of a key", async () => {
    const { keyring, countReads } = setUp();
    for (const secret of [
      undefined,
      "",
      "rc_",
      "../../etc/passwd",
      "x".repeat(100_000),
      `rc_${"a".repeat(12)}_${"A".repeat(44)}`,
    ]) {
      expect(await keyring.verify(secret)).toBeUndefined();
    }
    expect(countReads()).toBe(0);
  });
});
