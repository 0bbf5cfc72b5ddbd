// Tests of who fell silent and returned.
import { expect, it } from "vitest";
import { NOW } from "../testing/view-double.ts";
import { SilenceWatch } from "./silences.ts";

const [MINUTE, WINDOW] = [60_000, 120 * 60_000];
const key = (id: string) => `reports/v1/local/${id}.json`;
const entry = (at: number, came: Readonly<Record<string, number>> = {}, left: readonly string[] = []) => ({
  at,
  keys: Object.keys(came).map(key),
  receivedAt: Float64Array.from(Object.values(came)),
  left: left.map(key),
});
/** One that has seen the roll with reports of these ages. */
const open = (ages: Readonly<Record<string, number>>) => {
  const watch = new SilenceWatch(WINDOW);
  const came = Object.fromEntries(Object.entries(ages).map(([id, ageMs]) => [id, NOW - ageMs]));
  expect(watch.take({ ...entry(NOW, came), isWhole: true })).toEqual([]);
  return watch;
};

it("says when a host fell silent: where its window ended, in the first entry after that", () => {
  const watch = open({ a: 0, b: 30 * MINUTE });
  expect(watch.take(entry(NOW + 90 * MINUTE))).toEqual([]);
  expect(watch.take(entry(NOW + 91 * MINUTE))).toEqual([
    { kind: "silent", key: key("b"), at: NOW + 90 * MINUTE, receivedAt: NOW - 30 * MINUTE },
  ]);
  expect(watch.take(entry(NOW + 92 * MINUTE))).toEqual([]);
  expect(watch.take(entry(NOW + 121 * MINUTE))).toEqual([
    { kind: "silent", key: key("a"), at: NOW + 120 * MINUTE, receivedAt: NOW },
  ]);
});

it("says when it returned, once", () => {
  const watch = open({ a: 180 * MINUTE });
  const came = NOW + 5 * MINUTE;
  expect(watch.take(entry(NOW + 6 * MINUTE, { a: came }))).toEqual([
    { kind: "returned", key: key("a"), at: came, receivedAt: came },
  ]);
  expect(watch.take(entry(NOW + 66 * MINUTE, { a: NOW + 65 * MINUTE }))).toEqual([]);
});

it("does not call a host silent that went, that is new, or that was heard in time", () => {
  const watch = open({ a: 0, b: 0 });
  expect(watch.take(entry(NOW + 60 * MINUTE, { b: NOW + 60 * MINUTE, c: NOW + 60 * MINUTE }, ["a"]))).toEqual(
    [],
  );
  expect(watch.take(entry(NOW + 150 * MINUTE))).toEqual([]);
  expect(watch.take(entry(NOW + 181 * MINUTE)).map((one) => one.key)).toEqual([key("b"), key("c")]);
});

it("tells nothing of what happened between two entries that nobody saw", () => {
  // Three hours without a recorder: the host may have reported all the time.
  const watch = open({ a: 0 });
  expect(watch.take(entry(NOW + 240 * MINUTE, { a: NOW + 239 * MINUTE }))).toEqual([]);
});

it("does not tell that a host fell silent which was so where reading began", () => {
  const watch = open({ a: 180 * MINUTE });
  expect(watch.take(entry(NOW + MINUTE))).toEqual([]);
  // Nor of one that it first hears of, whose report is old.
  expect(watch.take(entry(NOW + 2 * MINUTE, { b: NOW - 200 * MINUTE }))).toEqual([]);
});

it("forgets who is not in a roll that is told whole, and keeps what it knows of the others", () => {
  const watch = open({ a: 0, b: 0, c: 180 * MINUTE });
  const whole = { ...entry(NOW + MINUTE, { a: NOW, c: NOW + MINUTE }), isWhole: true };
  expect(watch.take(whole).map(({ kind, key: one }) => [kind, one])).toEqual([["returned", key("c")]]);
  expect(watch.take(entry(NOW + 200 * MINUTE)).map((one) => one.key)).toEqual([key("a"), key("c")]);
});
