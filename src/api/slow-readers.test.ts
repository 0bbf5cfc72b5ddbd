// Tests of slow readers: who is cut, and who is not however slow the line.
import { EventEmitter } from "node:events";
import { expect, it } from "vitest";
import { createReaderWatch } from "./slow-readers.ts";

/** A connection whose reader takes so many bytes a second of what waits. */
function makeSocket(bytesPerSecond: number, { answer = 10_000_000, chunk = 65_536 } = {}) {
  const events = new EventEmitter();
  let given = Math.min(chunk, answer);
  let taken = 0;
  let confirmed = 0;
  let isCut = false;
  return {
    get bytesWritten() {
      return given;
    },
    /** A chunk counts as waiting until all of it is taken. */
    get writableLength() {
      return given - confirmed;
    },
    get isCut() {
      return isCut;
    },
    once: events.once.bind(events),
    destroy() {
      isCut = true;
      events.emit("close");
    },
    pass(ms: number) {
      taken += (bytesPerSecond * ms) / 1000;
      while (taken >= given && confirmed < answer) {
        confirmed = given;
        given = Math.min(given + chunk, answer);
      }
    },
  };
}

/** Whether a reader is cut within a time; and after how many seconds. */
function watch(socket: ReturnType<typeof makeSocket>, seconds: number): number | undefined {
  let at = 0;
  const readers = createReaderWatch(() => at);
  readers.add(socket as unknown as Parameters<typeof readers.add>[0]);
  while (at < seconds * 1000) {
    at += 2000;
    socket.pass(2000);
    readers.cutSlow();
    if (socket.isCut) return at / 1000;
  }
  return undefined;
}

it("cuts who takes nothing, and who takes a little now and then", () => {
  expect(watch(makeSocket(0), 600)).toBeLessThanOrEqual(32);
  expect(watch(makeSocket(64), 600)).toBeLessThanOrEqual(32);
  expect(watch(makeSocket(4000), 600)).toBeLessThanOrEqual(100);
});

it("cuts nobody who is as quick as a slow line, in pieces or in one, and nobody who has the answer", () => {
  for (const rate of [9000, 20_000, 1_000_000]) {
    expect(watch(makeSocket(rate), 600)).toBeUndefined();
    expect(watch(makeSocket(rate, { chunk: 1_048_576 }), 600)).toBeUndefined();
    expect(watch(makeSocket(rate, { answer: 100_000 }), 600)).toBeUndefined();
  }
  expect(watch(makeSocket(0, { answer: 0 }), 600)).toBeUndefined();
});

it("cuts nobody because this process itself stood still", () => {
  let at = 0;
  const socket = makeSocket(0);
  const readers = createReaderWatch(() => at);
  readers.add(socket as unknown as Parameters<typeof readers.add>[0]);
  readers.cutSlow();
  at += 3_600_000;
  readers.cutSlow();
  expect(socket.isCut).toBe(false);
});
