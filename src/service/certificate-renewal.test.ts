// Tests of following a certificate's files.
import { pino } from "pino";
import { expect, it } from "vitest";
import { followCertificate } from "./certificate-renewal.ts";

/**
 * Follows for as many looks as there are outcomes, an error's message or whether it was renewed,
 * and gathers what is said.
 */
async function follow(outcomes: (boolean | string)[], hangUpBefore: number[] = []): Promise<string[]> {
  const said: string[] = [];
  const log = pino(
    { level: "info" },
    { write: (line) => void said.push((JSON.parse(line) as { msg: string }).msg) },
  );
  const stop = new AbortController();
  const listeners = new Set<() => void>();
  const left = [...outcomes];
  let waits = 0;
  const renew = async () => {
    const outcome = left.shift();
    if (typeof outcome === "string") throw new Error(outcome);
    return outcome ?? false;
  };
  const sleep = async () => {
    if (hangUpBefore.includes(waits++)) for (const listener of listeners) listener();
    // The signal's own look is under way.
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    if (left.length === 0) stop.abort();
  };
  const onHangUp = (listener: () => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  await followCertificate({ renew, onHangUp, log, sleep }, stop.signal);
  expect(listeners.size).toBe(0);
  return said;
}

it("says when one was renewed", async () => {
  expect(await follow([false, true, false])).toEqual(["the certificate was renewed"]);
});

it("says nothing of a pair that is being written, and once what does not fit", async () => {
  expect(await follow(["half", true])).toEqual(["the certificate was renewed"]);
  const fault = "the certificate was not renewed, the last good one is served on: wrong";
  expect(
    await follow(["wrong", "wrong", "wrong", "wrong", "other", "other", true, "wrong", "wrong"]),
  ).toEqual([
    fault,
    "the certificate was not renewed, the last good one is served on: other",
    "the certificate was renewed",
    fault,
  ]);
});

it("answers each SIGHUP with a line", async () => {
  expect(await follow([true, false, "wrong"], [0, 1])).toEqual([
    "the certificate was renewed",
    "SIGHUP: the certificate on disk is served",
    "the certificate was not renewed, the last good one is served on: wrong",
  ]);
});
