// Tests of a report's heartbeat, as it is written and read.
import { describe, expect, it } from "vitest";
import { formatHeartbeat, longestPause, readHeartbeat } from "./heartbeat.ts";

const MINUTE = 60_000;
const read = (report: unknown) => readHeartbeat(Buffer.from(JSON.stringify(report)));

describe("a report's heartbeat", () => {
  it("is read as it was written, wherever in rollcall it stands", () => {
    const heartbeat = formatHeartbeat(60 * MINUTE);
    expect(heartbeat).toEqual({ heartbeat_s: 3600 });
    expect(read({ instance_id: "a", rollcall: { schema: 1, ...heartbeat } })).toBe(60 * MINUTE);
    expect(read({ instance_id: "a", rollcall: { ...heartbeat, collectors: [] } })).toBe(60 * MINUTE);
    expect(longestPause(60 * MINUTE)).toBe(90 * MINUTE);
  });

  it.each([
    {},
    { heartbeat_s: 60 },
    { rollcall: {} },
    { rollcall: { heartbeat_s: 0 } },
    { rollcall: { heartbeat_s: -60 } },
    { rollcall: { heartbeat_s: 1.5 } },
    { rollcall: { heartbeat_s: "60" } },
    { rollcall: { heartbeat_s: 86_401 } },
    { rollcall: { heartbeat_s: 1_000_000_000 } },
    { rollcall: { note: '"heartbeat_s":60,' } },
    { note: '"rollcall":{"heartbeat_s":60}' },
  ])("is not told by %j", (report) => {
    expect(read(report)).toBeUndefined();
  });
});
