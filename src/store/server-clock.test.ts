// Tests of the clock that a server puts right.
import { expect, it } from "vitest";
import { createServerClock } from "./server-clock.ts";

const NOW = Date.UTC(2024, 1, 29, 12);
const answer = (status: number, time: number) => ({
  status,
  headers: { date: new Date(time).toUTCString() },
});

it("is put right by a refusal that was about the date, and by nothing else", () => {
  let own = NOW;
  const clock = createServerClock(() => own);
  const theirs = NOW - 20 * 60_000;
  expect(clock.correct(answer(200, theirs), clock.now())).toBe(false);
  expect(clock.correct({ status: 403, headers: {} }, clock.now())).toBe(false);
  expect(clock.correct({ status: 403, headers: { date: "soon" } }, clock.now())).toBe(false);
  expect(clock.correct(answer(403, NOW - 60_000), clock.now())).toBe(false);
  expect(clock.now()).toBe(NOW);
  const signedAt = clock.now();
  expect(clock.correct(answer(403, theirs), signedAt)).toBe(true);
  expect(clock.now()).toBe(theirs);
  // What was signed before is signed again as well; what is signed by it is not, whatever it is
  // refused for.
  expect(clock.correct(answer(400, theirs), signedAt)).toBe(true);
  expect(clock.correct(answer(403, theirs), clock.now())).toBe(false);
  own = theirs;
  expect(clock.correct(answer(403, theirs), clock.now())).toBe(true);
  expect(clock.now()).toBe(theirs);
});
