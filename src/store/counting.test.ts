// Tests of counting requests, over a memory store.
import { expect, it } from "vitest";
import { withCounts, zeroCounts } from "./counting.ts";
import { memoryStore } from "./memory.ts";
import { PreconditionFailed, TooLarge } from "./store.ts";

function setUp() {
  const inner = memoryStore({ clock: () => 0 });
  const counts = zeroCounts();
  return { inner, counts, store: withCounts(inner, () => counts) };
}

it("counts puts and gets, whether or not they succeed, and no deletes", async () => {
  const { store, counts } = setUp();
  const entry = await store.put("a", Buffer.from("xy"));
  await expect(store.put("a", Buffer.from("z"), { ifNoneMatch: "*" })).rejects.toThrow(PreconditionFailed);
  expect((await store.get("a", { maxBytes: 10 }))?.etag).toBe(entry.etag);
  expect(await store.get("none", { maxBytes: 10 })).toBeUndefined();
  await expect(store.get("a", { maxBytes: 1 })).rejects.toThrow(TooLarge);
  await store.delete("a");
  expect(counts).toEqual({ put: 2, get: 3, list: 0 });
});

it.each([
  [0, 1],
  [1, 1],
  [1000, 1],
  [1001, 2],
  [2000, 2],
  [2001, 3],
])("counts a listing of %i keys as %i requests", async (keys, requests) => {
  const { inner, store, counts } = setUp();
  for (let index = 0; index < keys; index++) await inner.put(`k/${index}`, Buffer.alloc(0));
  let seen = 0;
  for await (const page of store.list("k/")) seen += page.length;
  expect(seen).toBe(keys);
  expect(counts).toEqual({ put: 0, get: 0, list: requests });
});

it("keeps apart what it is told to", async () => {
  const { inner } = setUp();
  const [ours, theirs] = [zeroCounts(), zeroCounts()];
  const store = withCounts(inner, (key) => (key.startsWith("ours/") ? ours : theirs));
  await store.put("ours/a", Buffer.from("x"));
  await store.get("theirs/a", { maxBytes: 1 });
  for await (const _ of store.list("ours/")) break;
  expect([ours, theirs]).toEqual([
    { put: 1, get: 0, list: 1 },
    { put: 0, get: 1, list: 0 },
  ]);
});

it("counts only the pages that were asked for", async () => {
  const { inner, store, counts } = setUp();
  for (let index = 0; index < 3000; index++) await inner.put(`k/${index}`, Buffer.alloc(0));
  for await (const page of store.list("k/")) if (page.length > 0) break;
  for await (const page of store.list("k/", { signal: new AbortController().signal, after: "k/2" }))
    if (page.length > 0) break;
  expect(counts.list).toBe(2);
});

it("hands on what else the store can do", async () => {
  const { inner, store } = setUp();
  await store.put("a", Buffer.from("x"));
  expect(store.location).toBe("memory:");
  expect(await store.expire?.("", 1)).toBe(1);
  expect(await inner.get("a", { maxBytes: 1 })).toBeUndefined();
});
