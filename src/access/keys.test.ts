// Tests of API keys and the keyring over real stores.
import { describe, expect, it } from "vitest";
import { memoryStore } from "../store/memory.ts";
import { type Store, StoreMissing, Unreadable } from "../store/store.ts";
import { listKeys } from "./key-list.ts";
import { KEYS_GOOD_MS } from "./key-reading.ts";
import { revokeKey } from "./key-revocation.ts";
import { createKeyring, KEYRING_AGE_MS } from "./keyring.ts";
import { createKey, readKeyId } from "./keys.ts";

const NOBODY = () => expect.unreachable();

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
    expect(await listKeys(store, NOBODY)).toEqual([key]);
  });

  it("refuse a name that could write to a terminal, and a host that is a path", async () => {
    const { store, clock } = setUp();
    await expect(createKey(store, { name: "\u001b[2J", scopes: ["read"] }, { clock })).rejects.toThrow(
      "control characters",
    );
    await expect(
      createKey(store, { name: "x", scopes: ["ingest"], host: "../x" }, { clock }),
    ).rejects.toThrow("host id");
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
    expect(await listKeys(store, NOBODY)).toEqual([]);
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
    // And once a second for all keys, among which a new one would be.
    expect(countReads()).toBeLessThanOrEqual(1 + 3 * (20 + 1));
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

  it(
    "keeps keys good for some minutes while the store cannot be asked, and cannot tell " + "of others",
    async () => {
      const { clock, advance, store } = setUp();
      let fault: Error | undefined;
      const failing: Store = {
        ...store,
        list: (prefix, options) => {
          if (fault) throw fault;
          return store.list(prefix, options);
        },
        get: async (key, options) => {
          if (fault) throw fault;
          return await store.get(key, options);
        },
      };
      const keyring = createKeyring({ store: failing, clock });
      const { secret, key } = await createKey(store, { name: "web", scopes: ["read"] }, { clock });
      expect(await keyring.verify(secret)).toMatchObject({ id: key.id });
      fault = new StoreMissing("away");
      const wrong = `${secret.slice(0, -3)}AAA`;
      const unknown = `rc_${"a".repeat(12)}_${"A".repeat(43)}`;
      for (let waited = 0; waited <= KEYS_GOOD_MS; waited += KEYS_GOOD_MS / 4) {
        expect(await keyring.verify(secret), `after ${waited} ms`).toMatchObject({ id: key.id });
        expect(await keyring.verify(wrong)).toBeUndefined();
        await expect(keyring.verify(unknown)).rejects.toThrow("away");
        await expect(keyring.verify(`rh_host_${"A".repeat(43)}`)).rejects.toThrow("away");
        advance(KEYS_GOOD_MS / 4);
      }
      await expect(keyring.verify(secret)).rejects.toThrow("away");
      fault = undefined;
      expect(await keyring.verify(secret)).toMatchObject({ id: key.id });
      expect(await keyring.verify(unknown)).toBeUndefined();
    },
  );

  it("does not wait long for a store that does not answer, where it knows the key", async () => {
    const { clock, advance, store } = setUp();
    let isStuck = false;
    const keyring = createKeyring({
      store: {
        ...store,
        list: async function* (prefix, options) {
          if (isStuck) await new Promise(() => undefined);
          yield* store.list(prefix, options);
        },
      },
      clock,
    });
    const { secret, key } = await createKey(store, { name: "web", scopes: ["read"] }, { clock });
    await keyring.verify(secret);
    isStuck = true;
    advance(KEYRING_AGE_MS + 1);
    const first = keyring.verify(secret);
    // By the clock that is passed in, the reading has had its time: nobody after the first waits at
    // all.
    advance(2000);
    expect(await keyring.verify(secret)).toMatchObject({ id: key.id });
    expect(await first).toMatchObject({ id: key.id });
  });

  it(
    "lets a revocation of this process win over a reading under way, and over the " + "minutes of grace",
    async () => {
      const { clock, advance, store } = setUp();
      let release: (() => void) | undefined;
      const keyring = createKeyring({
        store: {
          ...store,
          get: async (key, options) => {
            const object = await store.get(key, options);
            if (release === undefined) await new Promise<void>((resolve) => (release = resolve));
            return object;
          },
        },
        clock,
      });
      const { secret, key } = await createKey(store, { name: "web", scopes: ["read"] }, { clock });
      const opening = keyring.verify(secret);
      await expect.poll(() => release).toBeDefined();
      await revokeKey(store, key.id);
      keyring.invalidate(key.id);
      release?.();
      expect(await opening).toBeUndefined();
      expect(keyring.check(secret)).toBeUndefined();
      advance(1);
      expect(await keyring.verify(secret)).toBeUndefined();
    },
  );

  it("passes over a key that cannot be read, says so once, and answers as if it were not there", async () => {
    const { clock, advance, store } = setUp();
    const made = await Promise.all(
      ["one", "two"].map((name) => createKey(store, { name, scopes: ["read"] }, { clock })),
    );
    const [theirs, ours] = made as [(typeof made)[0], (typeof made)[0]];
    const notices: string[] = [];
    const failing: Store = {
      ...store,
      get: async (key, options) => {
        if (key.includes(theirs.key.id)) throw new Unreadable("another user's");
        return await store.get(key, options);
      },
    };
    const keyring = createKeyring({ store: failing, clock, onNotice: (notice) => notices.push(notice) });
    for (let turn = 0; turn < 3; turn++) {
      expect(await keyring.verify(ours.secret)).toMatchObject({ id: ours.key.id });
      // As of one that is not there: an answer of its own would tell who guesses that there is such
      // a key.
      expect(await keyring.verify(theirs.secret)).toBeUndefined();
      advance(KEYRING_AGE_MS + 1);
    }
    expect(notices).toEqual([`the key ${theirs.key.id} cannot be read, and opens nothing`]);
    const unread: string[] = [];
    expect(await listKeys(failing, (id) => unread.push(id))).toEqual([ours.key]);
    expect(unread).toEqual([theirs.key.id]);
  });
});
