// Tests of how the keyring reads keys: what changed only, side by side, and what a revocation or a
// fault does meanwhile.
import { expect, it } from "vitest";
import { memoryStore } from "../store/memory.ts";
import { type Store, Unavailable, Unreadable } from "../store/store.ts";
import { listKeys } from "./key-list.ts";
import { KEYS_GOOD_MS } from "./key-reading.ts";
import { revokeKey } from "./key-revocation.ts";
import { createKeyring, KEYRING_AGE_MS } from "./keyring.ts";
import { createKey } from "./keys.ts";

/** A store whose gets are counted and can be held up or made to fail, by key. */
function setUp() {
  let now = Date.UTC(2026, 0, 1);
  const clock = () => now;
  const inner = memoryStore({ clock });
  const counts = { lists: 0, gets: 0, atOnce: 0, most: 0 };
  const faults = new Map<string, Error>();
  let hold: ((key: string) => Promise<void>) | undefined;
  const store: Store = {
    ...inner,
    list: (prefix, options) => {
      counts.lists++;
      return inner.list(prefix, options);
    },
    get: async (key, options) => {
      counts.gets++;
      counts.most = Math.max(counts.most, ++counts.atOnce);
      try {
        const object = await inner.get(key, options);
        await new Promise((resolve) => setImmediate(resolve));
        await hold?.(key);
        const fault = faults.get(key);
        if (fault) throw fault;
        return object;
      } finally {
        counts.atOnce--;
      }
    },
  };
  const notices: string[] = [];
  return {
    inner,
    store,
    clock,
    counts,
    faults,
    notices,
    keyring: createKeyring({ store, clock, onNotice: (notice) => notices.push(notice) }),
    make: () => createKey(inner, { name: "x", scopes: ["read"] }, { clock }),
    advance: (ms: number) => {
      now += ms;
    },
    holdUp: (by: typeof hold) => {
      hold = by;
    },
  };
}

it("gets what is new or changed only, and some keys at a time", async () => {
  const { keyring, make, advance, counts, inner } = setUp();
  const made = await Promise.all(Array.from({ length: 300 }, make));
  const [first, second] = made as [(typeof made)[0], (typeof made)[0]];
  expect(await keyring.verify(first.secret)).toMatchObject({ id: first.key.id });
  expect(counts.gets).toBe(300);
  expect(counts.most).toBe(32);
  for (let turn = 0; turn < 3; turn++) {
    advance(KEYRING_AGE_MS + 1);
    expect(await keyring.verify(first.secret)).toMatchObject({ id: first.key.id });
    // What opened is remembered over the load, since it is the same.
    expect(keyring.check(first.secret)).toMatchObject({ id: first.key.id });
  }
  expect(counts).toMatchObject({ gets: 300, lists: 4 });

  await make();
  const key = `keys/v1/${second.key.id}.json`;
  const object = JSON.parse((await inner.get(key, { maxBytes: 4096 }))?.body.toString() ?? "") as object;
  await inner.put(key, Buffer.from(JSON.stringify({ ...object, scopes: ["ingest"] })));
  advance(KEYRING_AGE_MS + 1);
  expect(await keyring.verify(second.secret)).toMatchObject({ scopes: ["ingest"] });
  expect(counts.gets).toBe(302);
});

it("lets go of a key that the listing no longer shows, also where another cannot be read then", async () => {
  const { keyring, make, advance, inner, faults } = setUp();
  const [gone, stays] = [await make(), await make()];
  expect(await keyring.verify(gone.secret)).toBeDefined();
  expect(await keyring.verify(stays.secret)).toBeDefined();
  const late = await make();
  faults.set(`keys/v1/${late.key.id}.json`, new Unavailable("slow down"));
  await revokeKey(inner, gone.key.id);
  advance(KEYRING_AGE_MS + 1);
  expect(await keyring.verify(gone.secret)).toBeUndefined();
  expect(await keyring.verify(stays.secret)).toMatchObject({ id: stays.key.id });
  // It may be good.
  await expect(keyring.verify(late.secret)).rejects.toThrow("slow down");
  faults.clear();
  advance(KEYRING_AGE_MS + 1);
  expect(await keyring.verify(late.secret)).toMatchObject({ id: late.key.id });
});

it("keeps a key as it was while its new object cannot be asked for, some minutes long", async () => {
  const { keyring, make, advance, inner, faults } = setUp();
  const { key, secret } = await make();
  const path = `keys/v1/${key.id}.json`;
  await keyring.verify(secret);
  const { body } = (await inner.get(path, { maxBytes: 4096 })) ?? { body: Buffer.alloc(0) };
  await inner.put(path, Buffer.concat([body, Buffer.from(" ")]));
  faults.set(path, new Unavailable("slow down"));
  for (let waited = 0; waited < KEYS_GOOD_MS; waited += KEYS_GOOD_MS / 4) {
    advance(KEYS_GOOD_MS / 4);
    expect(await keyring.verify(secret)).toMatchObject({ id: key.id });
  }
  advance(KEYRING_AGE_MS + 1);
  await expect(keyring.verify(secret)).rejects.toThrow("slow down");
});

it("does not take a look at a key that is older than a revocation elsewhere for the key", async () => {
  const { keyring, make, advance, inner, holdUp } = setUp();
  const stays = await make();
  await keyring.verify(stays.secret);
  const { key, secret } = await make();
  let release: (() => void) | undefined;
  holdUp((path) =>
    path.includes(key.id) ? new Promise((resolve) => (release = resolve)) : Promise.resolve(),
  );
  const looking = keyring.verify(secret);
  await expect.poll(() => release).toBeDefined();
  holdUp(undefined);
  await revokeKey(inner, key.id);
  advance(KEYRING_AGE_MS + 1);
  expect(await keyring.verify(stays.secret)).toBeDefined();
  release?.();
  expect(await looking).toBeUndefined();
  expect(await keyring.verify(secret)).toBeUndefined();
});

it("tries a key that may not be read again once a minute, and a changed one at once", async () => {
  const { keyring, make, advance, inner, faults, counts, notices } = setUp();
  const [theirs, ours] = [await make(), await make()];
  const path = `keys/v1/${theirs.key.id}.json`;
  faults.set(path, new Unreadable("another user's"));
  for (let waited = 0; waited < 60_000; waited += KEYRING_AGE_MS + 1) {
    expect(await keyring.verify(ours.secret)).toBeDefined();
    advance(KEYRING_AGE_MS + 1);
  }
  expect(counts.gets).toBe(2);
  await keyring.verify(ours.secret);
  expect(counts.gets).toBe(3);
  expect(notices).toEqual([`the key ${theirs.key.id} cannot be read, and opens nothing`]);
  faults.clear();
  const { body } = (await inner.get(path, { maxBytes: 4096 })) ?? { body: Buffer.alloc(0) };
  await inner.put(path, Buffer.concat([body, Buffer.from(" ")]));
  advance(KEYRING_AGE_MS + 1);
  expect(await keyring.verify(theirs.secret)).toMatchObject({ id: theirs.key.id });
});

it("lists what it can read, and nothing where the store cannot be asked", async () => {
  const { make, store, faults } = setUp();
  const [one, two] = [await make(), await make()];
  faults.set(`keys/v1/${one.key.id}.json`, new Unreadable("another user's"));
  const unread: string[] = [];
  expect(await listKeys(store, (id) => unread.push(id))).toEqual([two.key]);
  expect(unread).toEqual([one.key.id]);
  faults.set(`keys/v1/${two.key.id}.json`, new Unavailable("slow down"));
  await expect(listKeys(store, () => undefined)).rejects.toThrow("slow down");
});
