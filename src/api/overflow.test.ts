// Overflow: put once, found again, never under a name that somebody chose.
import { expect, it } from "vitest";
import { memoryStore } from "../store/memory.ts";
import type { PresignOptions, Store } from "../store/store.ts";
import { createOverflow } from "./overflow.ts";

function setUp() {
  let now = Date.UTC(2024, 1, 29);
  const clock = () => now;
  const puts: string[] = [];
  const inner = memoryStore({ clock });
  const store: Store = {
    ...inner,
    put: (key, body, options) => {
      puts.push(key);
      return inner.put(key, body, options);
    },
    presign: async (key: string, options: PresignOptions) =>
      `https://bucket.example/${key}?${JSON.stringify(options)}`,
  };
  const advance = (ms: number) => {
    now += ms;
  };
  return { store, puts, advance, overflow: createOverflow({ store, clock, limitBytes: 10 }) };
}

const answer = (etag: string, text = "[1, 2, 3]") =>
  new Response(text, {
    headers: { etag, "content-type": "application/json", "content-encoding": "gzip", "rollcall-count": "3" },
  });

it("says where the answer is, and what it is", async () => {
  const { overflow, store, puts } = setUp();
  const redirect = await overflow.redirect(answer('"one"'));
  expect(redirect.status).toBe(303);
  expect(await redirect.text()).toContain("curl -L");
  expect(Object.fromEntries(redirect.headers)).toEqual({
    "cache-control": "no-store",
    "content-type": "text/plain; charset=utf-8",
    "rollcall-count": "3",
    location: `https://bucket.example/${puts[0]}?{"expiresInSeconds":900,"contentType":"application/json","contentEncoding":"gzip"}`,
  });
  expect((await store.get(puts[0] ?? "", { maxBytes: 100 }))?.body.toString()).toBe("[1, 2, 3]");
});

it("puts the same answer once, for as long as it surely lies there", async () => {
  const { overflow, puts, advance } = setUp();
  const first = await overflow.redirect(answer('"one"'));
  const again = await overflow.redirect(answer('"one"'));
  expect(again.headers.get("location")).toBe(first.headers.get("location"));
  expect(puts).toHaveLength(1);
  await overflow.redirect(answer('"../other"'));
  expect(puts[1]).toMatch(/^answers\/v1\/[0-9a-f]{64}$/);
  expect(puts[1]).not.toBe(puts[0]);
  advance(13 * 60 * 60 * 1000);
  await overflow.redirect(answer('"one"'));
  expect(puts).toHaveLength(3);
});

it("needs a store that others can reach by URL", () => {
  expect(() =>
    createOverflow({ store: memoryStore({ clock: Date.now }), clock: Date.now, limitBytes: 10 }),
  ).toThrow(/memory:/);
});
