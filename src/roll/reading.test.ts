// Reading what a listing showed: what was written since is taken, what is another object's or older
// is not.
import { expect, it } from "vitest";
import { InvalidAnswer, type StoredObject } from "../store/store.ts";
import { readEntry } from "./reading.ts";
import { createYielder } from "./yielder.ts";

const KEY = "reports/v1/local/i-1.json";
const report = (id: string, turn = 0) =>
  Buffer.from(JSON.stringify({ instance_id: id, update_date: "2024-02-29T23:59:59Z", turn }));

function object(body: Buffer, etag: string, lastModified = 5000): StoredObject {
  return { key: KEY, etag, size: body.length, lastModified, body };
}

const LISTED = object(report("i-1"), "listed");

/** Reads from a store that answers so, one after the other, and then the last one again. */
async function read(answers: readonly (StoredObject | undefined)[]) {
  let turn = 0;
  const get = async () => answers[Math.min(turn++, answers.length - 1)];
  const store = { get } as unknown as Parameters<typeof readEntry>[0];
  const outcome = await readEntry(store, LISTED, createYielder()).catch((error: unknown) => error);
  return { outcome, turns: turn };
}

it("takes what the listing showed, and the host's own newer report, by one read", async () => {
  const newer = object(report("i-1", 1), "newer", 6000);
  expect(await read([LISTED])).toMatchObject({ outcome: { entry: { etag: "listed" } }, turns: 1 });
  expect(await read([newer])).toMatchObject({
    outcome: { entry: { etag: "newer" }, outcome: { id: "i-1" } },
    turns: 1,
  });
  expect(await read([undefined])).toEqual({ outcome: undefined, turns: 1 });
});

it("takes another host's body in no case for this object's, unless it comes twice", async () => {
  const other = object(report("i-2"), "other", 6000);
  expect(await read([other, LISTED])).toMatchObject({ outcome: { entry: { etag: "listed" } }, turns: 2 });
  expect(await read([other])).toMatchObject({
    outcome: { entry: { etag: "other" }, outcome: { reason: "misfiled" } },
    turns: 2,
  });
  const { outcome } = await read([
    other,
    object(report("i-3"), "third", 6000),
    object(report("i-4"), "fourth", 6000),
  ]);
  expect(outcome).toBeInstanceOf(InvalidAnswer);
  expect(String(outcome)).toMatch(
    /i-1\.json has another body each time \(instance_id is "i-4".*\); it was read 3 times/,
  );
});

it("takes nothing older than what was listed, and nothing of another size", async () => {
  expect(await read([object(report("i-1", 1), "older", 4000), LISTED])).toMatchObject({
    outcome: { entry: { etag: "listed" } },
  });
  expect(String((await read([object(report("i-1", 1), "older", 4000)])).outcome)).toMatch(
    /is older than the listing says/,
  );
  expect(String((await read([object(report("i-1", 10), "listed")])).outcome)).toMatch(
    /should have \d+ bytes, and has \d+/,
  );
});
