// Tests of the policy for a bucket that is moved from. infra/policies.test.ts simulates what it
// lets through. UPDATE_GOLDEN=1 writes that one's sample anew.
import { readFile, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { createShutOut, type OldBucketPolicyOptions, planOldBucketPolicy } from "./old-bucket-policy.ts";

const GOLDEN = new URL("../../infra/old-bucket-policy.json", import.meta.url);

const WIDE = {
  Sid: "HostsPut",
  Effect: "Allow",
  Principal: { AWS: "*" },
  Action: "s3:PutObject",
  Resource: "arn:aws:s3:::app-configs/*",
  Condition: { StringEquals: { "aws:PrincipalOrgID": "o-a1b2c3d4e5" } },
};

const OPTIONS: OldBucketPolicyOptions = {
  bucket: "app-configs",
  account: "111111111111",
  name: "rollcall",
  organization: "o-a1b2c3d4e5",
  accounts: [],
  current: JSON.stringify({ Version: "2012-10-17", Statement: [WIDE] }),
};

interface Statement {
  readonly Sid: string;
  readonly Principal: { readonly AWS: unknown };
  readonly Resource: unknown;
  readonly Condition: unknown;
}

const plan = (more: Partial<OldBucketPolicyOptions> = {}) => planOldBucketPolicy({ ...OPTIONS, ...more });
const statementsOf = (text: string) => (JSON.parse(text) as { Statement: Statement[] }).Statement;

describe("the policy of an old bucket", () => {
  it("is what the simulator tries", async () => {
    if (process.env.UPDATE_GOLDEN === "1") await writeFile(GOLDEN, plan());
    expect(JSON.parse(plan())).toEqual(JSON.parse(await readFile(GOLDEN, "utf8")));
  });

  it("keeps all that is in force, and replaces its own of before", () => {
    const first = plan();
    expect(statementsOf(first)[0]).toEqual(WIDE);
    const again = plan({ current: first, organization: "o-zzzzzzzzzz" });
    expect(statementsOf(again)).toHaveLength(statementsOf(first).length);
    expect(again).toContain("o-zzzzzzzzzz");
    // One statement need not stand in an array, and one may have no name.
    const single = plan({ current: JSON.stringify({ Id: "x", Statement: { Effect: "Deny" } }) });
    expect(JSON.parse(single)).toMatchObject({ Id: "x" });
    expect(statementsOf(single)[0]).toEqual({ Effect: "Deny" });
  });

  it("names the hosts' accounts where there is no organization, and all in the partition", () => {
    const text = plan({
      organization: "",
      accounts: ["222222222222"],
      current: undefined,
      partition: "aws-cn",
    });
    const hosts = statementsOf(text).find(({ Sid }) => Sid === "RollcallHostsPutTheOldForm");
    expect(hosts?.Principal.AWS).toEqual(["arn:aws-cn:iam::222222222222:root"]);
    expect(hosts?.Condition).toEqual({ StringLike: { "aws:userid": "AROA*:i-*" } });
    expect(text).not.toContain("arn:aws:");
    const own = statementsOf(plan({ organization: "", current: undefined }));
    expect(own.find(({ Sid }) => Sid === "RollcallHostsPutTheOldForm")?.Principal.AWS).toEqual([
      "arn:aws:iam::111111111111:root",
    ]);
  });

  it("is not made where S3 would refuse it, or the one in force cannot be read", () => {
    const current = JSON.stringify({ Statement: [{ Sid: "x".repeat(20_000) }] });
    expect(() => plan({ current })).toThrow(/would have 2\d{4} bytes, and S3 takes 20480/);
    expect(() => plan({ current: "{" })).toThrow(SyntaxError);
  });
});

describe("what it shuts out", () => {
  it("is what no instance may put again", () => {
    const shutOut = createShutOut();
    const kept = [
      "i-0a1.json",
      "i-0a1/deeper.json",
      "reports/v1/111111111111/AROAX:i-0a1.json",
      "departures/v1/111111111111/AROAX:i-0a1.json",
    ];
    const out = [
      "web01.json",
      "i-0a1.txt",
      "reports/old.json",
      "snapshots/v1/manifest.json",
      "x/i-0a1.json",
      // Of a server's hosts, and without a session.
      "reports/v1/local/web01.json",
      "reports/v1/local/AROAX:i-0a1.json",
      "reports/v1/111111111111/i-0a1.json",
      "reports/v1/111111111111/AROAX:web01.json",
      "departures/v1/local/web01.json",
      "departures/v1/111111111111/i-0a1.json",
    ];
    for (const key of [...kept, ...out]) shutOut.take(key);
    expect(shutOut.found).toEqual({ count: out.length, keys: out });
    for (let at = 0; at < 100; at++) shutOut.take(`log-${at}`);
    expect(shutOut.found.count).toBe(out.length + 100);
    expect(shutOut.found.keys).toHaveLength(20);
  });
});
