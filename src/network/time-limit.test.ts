// Tests of limits on waiting.
import { expect, it } from "vitest";
import { endInTime } from "./time-limit.ts";

const tooLate = () => new Error("too late");

it("gives what the work gives, and throws what it throws", async () => {
  expect(await endInTime(Promise.resolve(1), 60_000, tooLate)).toBe(1);
  await expect(endInTime(Promise.reject(new Error("of the work")), 60_000, tooLate)).rejects.toThrow(
    "of the work",
  );
});

it("throws where the time is over, and nothing is left unheard", async () => {
  let fail: (error: Error) => void = () => undefined;
  const work = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  await expect(endInTime(work, 1, tooLate)).rejects.toThrow("too late");
  // An unhandled rejection would end the run.
  fail(new Error("later"));
  await expect(work).rejects.toThrow("later");
});
