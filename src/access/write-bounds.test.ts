// Tests of what one key may write.
import { expect, it } from "vitest";
import { AccessError } from "./access-error.ts";
import type { Caller } from "./caller.ts";
import { createWriteBounds } from "./write-bounds.ts";
import { USUAL_WRITE_LIMITS, type WriteLimits } from "./write-limits.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

function setUp(limits: Partial<WriteLimits> = {}) {
  const time = { now: 1e12 };
  const notices: string[] = [];
  const bounds = createWriteBounds({
    limits: { ...USUAL_WRITE_LIMITS, ...limits },
    clock: () => time.now,
    onNotice: (notice) => notices.push(notice),
  });
  /** @returns the status, or how it was refused */
  const write = (
    key: Caller,
    id: string,
    bytes?: number,
  ): { status: number; retryAfter?: number; detail?: string } => {
    try {
      bounds.take(key, id);
      bounds.claim(key, id, bytes);
      return { status: 200 };
    } catch (error) {
      if (!(error instanceof AccessError)) throw error;
      const status = { too_many_requests: 429, over_limit: 507 }[error.code as "over_limit"];
      return { status, retryAfter: Number(error.retryAfterS), detail: error.message };
    }
  };
  return { time, notices, bounds, write };
}

const key = (id: string, more: Partial<Caller> = {}): Caller => ({
  kind: "key",
  id,
  name: `name of ${id}`,
  scopes: ["ingest"],
  ...more,
});

it("a fleet that restarts at once with one key, deploys, and reports each hour meets no bound", () => {
  const { time, notices, write } = setUp();
  const fleet = Array.from({ length: 6000 }, (_, at) => `i-${at}`);
  const all = (bytes?: number) => new Set(fleet.map((id) => write(key("k"), id, bytes).status));
  // An outage ends: what waited, a departure of each, and a report of each, within a second.
  expect([all(3000), all(), all(3000)].map((statuses) => [...statuses])).toEqual([[200], [200], [200]]);
  // A deploy of 30 files, each host of which reports as often as its agent ever does.
  for (let report = 0; report < 30; report++) {
    time.now += 20 * SECOND;
    expect([...all(3000)]).toEqual([200]);
  }
  for (let hour = 0; hour < 30; hour++) {
    time.now += 60 * MINUTE;
    expect([...all(60_000)]).toEqual([200]);
  }
  expect(notices).toEqual([]);
});

it("writes are refused beyond a rate, and are told when to come again, one after the other", () => {
  const { time, notices, bounds, write } = setUp({ writesAMinute: 60 });
  for (let count = 0; count < 60; count++) expect(write(key("k"), "a", 10).status).toBe(200);
  const refused = Array.from({ length: 100 }, () => write(key("k"), "a", 10));
  expect(new Set(refused.map(({ status }) => status))).toEqual(new Set([429]));
  expect([refused[0]?.retryAfter, refused[10]?.retryAfter, refused[99]?.retryAfter]).toEqual([1, 11, 60]);
  expect(refused[0]?.detail).toBe(
    "the key k (name of k) has written as much as it may: 60 reports, departures and enrolments a minute",
  );
  // Another key is none of it.
  expect(write(key("other"), "b", 10).status).toBe(200);
  expect(notices).toHaveLength(1);
  expect(bounds.list()).toMatchObject([
    { key: "reports/v1/local/a.json", reason: "over_limit", receivedAt: time.now },
  ]);
  expect(bounds.list()[0]?.detail).toContain("100 requests were refused");
  time.now += 10 * SECOND;
  const later = Array.from({ length: 20 }, () => write(key("k"), "a", 10).status);
  expect(later.filter((status) => status === 200)).toHaveLength(10);
});

it("a large report counts as several", () => {
  const { write } = setUp({ writesAMinute: 40 });
  expect([1, 2, 3].map(() => write(key("k"), "a", 1024 * 1024).status)).toEqual([200, 200, 429]);
});

it("a key of one host has a lower rate of its own", () => {
  const { write } = setUp();
  const own = key("of a", { host: "a" });
  const statuses = Array.from({ length: 200 }, () => write(own, "a", 10).status);
  expect(statuses.filter((status) => status === 200)).toHaveLength(120);
  expect(write(key("of b", { host: "b" }), "b", 10).status).toBe(200);
});

it("new hosts are refused beyond a number a day, and known ones report on; departures count as well", () => {
  const { time, notices, bounds, write } = setUp({ hosts: 3 });
  expect(
    [write(key("k"), "a", 10), write(key("k"), "b"), write(key("k"), "c", 10)].map(({ status }) => status),
  ).toEqual([200, 200, 200]);
  const refused = write(key("k"), "d", 10);
  expect(refused).toMatchObject({ status: 507, retryAfter: 300 });
  expect(refused.detail).toContain("may write the reports of 3 hosts a day");
  expect([
    write(key("k"), "e").status,
    write(key("k"), "a", 20).status,
    write(key("other"), "d", 10).status,
  ]).toEqual([507, 200, 200]);
  expect(notices).toHaveLength(1);
  time.now += DAY - MINUTE;
  write(key("k"), "a", 10);
  time.now += 2 * MINUTE;
  expect([
    write(key("k"), "f", 10).status,
    write(key("k"), "g", 10).status,
    write(key("k"), "h", 10).status,
  ]).toEqual([200, 200, 507]);
  time.now += 2 * DAY;
  expect(bounds.list()).toEqual([]);
});

it("reports are refused beyond a size together, but those that take no more room than before", () => {
  const { write } = setUp({ bytes: 100 });
  expect([
    write(key("k"), "a", 60).status,
    write(key("k"), "b", 40).status,
    write(key("k"), "c", 1).status,
  ]).toEqual([200, 200, 507]);
  expect([
    write(key("k"), "a", 61).status,
    write(key("k"), "a", 60).status,
    write(key("k"), "a", 30).status,
  ]).toEqual([507, 200, 200]);
  // A departure changes nothing of what lies there, and what was refused took no room.
  expect([
    write(key("k"), "b").status,
    write(key("k"), "c", 30).status,
    write(key("k"), "d", 1).status,
  ]).toEqual([200, 200, 507]);
});

it("hosts that enrolled by a key count together, and not with those that EC2 vouches for", () => {
  const { write } = setUp({ bytes: 100 });
  const enrolled = (host: string, is_proven: boolean) =>
    key(`of ${host}`, {
      host,
      enrolment: {
        id: host,
        sha256: "",
        earlier: [],
        machine: "",
        boots: [""],
        enrolled_at: "",
        is_proven,
        etag: "",
      },
    });
  expect([write(enrolled("a", false), "a", 100).status, write(enrolled("b", false), "b", 1).status]).toEqual([
    200, 507,
  ]);
  expect(write(enrolled("i-1", true), "i-1", 100).status).toBe(200);
});
