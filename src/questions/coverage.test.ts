// Tests of coverage.
import { describe, expect, it } from "vitest";
import { makeView, NOW } from "../testing/view-double.ts";
import { ExpectationError, judgeCoverage, parseExpected } from "./coverage.ts";

const HOUR = 3_600_000;
const make = (id: string, ageMs: number) => ({
  id,
  ageMs,
  body: `{"instance_id":"${id}","update_date":"2024-03-01T00:00:00Z"}`,
});

const VIEW = makeView(
  [
    make("i-1", 0),
    make("i-2", 2 * HOUR),
    make("i-3", 5 * HOUR),
    make("i-4", 3 * HOUR),
    make("i-5", 25 * HOUR),
  ],
  {
    departed: [
      { key: "reports/v1/123456789012/AROA:i-6.json", receivedAt: NOW - HOUR },
      { key: "reports/v1/local/i-7.json", receivedAt: NOW - 1000 },
    ],
    problems: [
      {
        key: "reports/v1/local/i-8.json",
        reason: "not_json",
        detail: "the bytes are not JSON",
        receivedAt: NOW,
        size: 3,
      },
    ],
    problemCount: 3,
  },
);

describe("judgeCoverage", () => {
  it("tells fresh, silent, departed, set aside", async () => {
    expect(await judgeCoverage(VIEW, 2 * HOUR)).toEqual({
      asOf: NOW,
      fresh: 2,
      silent: [
        { id: "i-3", account: "local", at: NOW - 5 * HOUR },
        { id: "i-4", account: "local", at: NOW - 3 * HOUR },
      ],
      departed: [
        { id: "i-7", account: "local", at: NOW - 1000 },
        { id: "i-6", account: "123456789012", at: NOW - HOUR },
      ],
      setAside: [{ key: "reports/v1/local/i-8.json", reason: "not_json", detail: "the bytes are not JSON" }],
      setAsideCount: 3,
      expectation: undefined,
    });
  });

  it("tells who was expected and did not report", async () => {
    const { expectation } = await judgeCoverage(VIEW, 2 * HOUR, new Set(["i-1", "i-3", "i-7", "i-9"]));
    expect(expectation).toEqual({
      expected: 4,
      reported: 1,
      missing: [
        { id: "i-3", since: NOW - 5 * HOUR },
        { id: "i-9", since: undefined },
      ],
      unexpected: ["i-2"],
      unexpectedCount: 1,
    });
  });
});

describe("parseExpected", () => {
  it.each([
    ["lines", "# the fleet\ni-1\n\ni-2  # spot\n"],
    ["an array", '["i-1", "i-2"]'],
    [
      "reports",
      '[{"id":"x","instance_id":"i-1","processes":[{"id":"x"}]},{"instance_id":"i-2","State":{"Name":"stopped"}}]',
    ],
    [
      "aws ec2 describe-instances",
      '{"Reservations":[{"ReservationId":"r-1","Groups":[],"Instances":[{"InstanceId":"i-1","ImageId":"ami-1","Tags":[{"Key":"id","Value":"x"}]},{"InstanceId":"i-2"}]}]}',
    ],
    [
      "instances that run, and no others",
      JSON.stringify({
        Reservations: [
          {
            Instances: [
              { InstanceId: "i-1", State: { Code: 16, Name: "running" } },
              {
                InstanceId: "i-3",
                State: { Code: 48, Name: "terminated" },
                NetworkInterfaces: [{ id: "i-6" }],
              },
            ],
          },
          {
            Instances: [
              { State: { Code: 0, Name: "pending" }, InstanceId: "i-2" },
              { State: { Code: 80, Name: "stopped" }, InstanceId: "i-4" },
              { State: { Code: 32, Name: "shutting-down" }, InstanceId: "i-5" },
            ],
          },
        ],
      }),
    ],
  ])("reads %s", (_, text) => {
    expect([...parseExpected(text)].sort()).toEqual(["i-1", "i-2"]);
  });

  it.each([
    ["", "names no host"],
    ["# none\n", "names no host"],
    ["[]", "names no host"],
    ["i-1\ni 2\n", 'line 2: "i 2" is no host id'],
    ["[1,", "is not JSON"],
    [
      '{"Instances":[{"InstanceId":"i-1","State":{"Name":"stopped"}}]}',
      "of which the running instances count",
    ],
    [
      '{"as_of":"2024-03-01T00:00:00Z","silent":[{"id":"i-1"}],"set_aside":[],"counts":{}}',
      "give that of rollcall list --json",
    ],
  ])("refuses %j", (text, message) => {
    expect(() => parseExpected(text)).toThrow(ExpectationError);
    expect(() => parseExpected(text)).toThrow(message);
  });

  it("reads what is nested as deep as JSON can be", () => {
    const deep = `${'{"a":['.repeat(5000)}"i-1"${"]}".repeat(5000)}`;
    expect([...parseExpected(deep)]).toEqual(["i-1"]);
  });
});
