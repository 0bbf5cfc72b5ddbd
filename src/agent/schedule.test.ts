// Tests of the schedule: no host is silent, and a million of them are even over the hour.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findSlot, HEARTBEAT_MS, waitAtStart, waitForSlot } from "./schedule.ts";

describe("waitForSlot", () => {
  it("leads to the host's own time, 30 to 90 minutes from now, at any time", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: HEARTBEAT_MS - 1 }),
        fc.integer({ min: -1e12, max: 4e12 }),
        (slot, now) => {
          const wait = waitForSlot(slot, now);
          expect(wait).toBeGreaterThanOrEqual(HEARTBEAT_MS / 2);
          expect(wait).toBeLessThanOrEqual((HEARTBEAT_MS / 2) * 3);
          expect((((now + wait - slot) % HEARTBEAT_MS) + HEARTBEAT_MS) % HEARTBEAT_MS).toBe(0);
        },
      ),
    );
  });
});

describe("half a million agents that boot in the same second", () => {
  const HOSTS = 500_000;
  const HOURS = 6;

  /** Uploads in each second after the boot. */
  function simulate(): Uint32Array {
    const uploads = new Uint32Array(HOURS * 3600);
    const bootedAt = Date.UTC(2024, 0, 1, 3, 17, 5);
    // A linear congruential generator (Numerical Recipes): the same in each run.
    let state = 1;
    const random = () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state / 2 ** 32;
    };
    for (let host = 0; host < HOSTS; host++) {
      const slot = findSlot(`i-0${host.toString(16).padStart(16, "0")}`);
      let at = waitAtStart(10_000, random());
      while (at < HOURS * 3_600_000) {
        const second = Math.floor(at / 1000);
        uploads[second] = (uploads[second] ?? 0) + 1;
        at += waitForSlot(slot, bootedAt + at);
      }
    }
    return uploads;
  }

  it("upload evenly: at first over half a minute, then over the hours", () => {
    const uploads = simulate();
    const most = (seconds: Uint32Array) => seconds.reduce((max, count) => Math.max(max, count), 0);
    const first = uploads.subarray(0, 30);
    expect(first.reduce((sum, count) => sum + count, 0)).toBe(HOSTS);
    expect(most(first)).toBeLessThan(1.5 * (HOSTS / 30));
    const later = uploads.subarray(30);
    expect(most(later)).toBeLessThan(1.5 * (HOSTS / 3600));
    // Every host is there in every 90 minutes: nobody goes silent.
    expect(later.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(HOSTS * (HOURS - 1.5));
  });

  it("keep their place in the hour", () => {
    expect(findSlot("i-0123456789abcdef0")).toBe(findSlot("i-0123456789abcdef0"));
    expect(findSlot("i-0123456789abcdef0")).not.toBe(findSlot("i-0123456789abcdef1"));
  });
});

describe("waitAtStart", () => {
  it("is nothing on a machine that has run for a while", () => {
    expect(waitAtStart(5 * 60_000, 0.9)).toBe(0);
    expect(waitAtStart(5 * 60_000 - 1, 0.5)).toBe(15_000);
  });
});
