// Tests of what a bucket should be set to: for AWS, where no server here can show it.
import { describe, expect, it } from "vitest";
import {
  planEncryption,
  planLifecycle,
  planOwnership,
  planPublicAccessBlock,
  planTlsPolicy,
  warnOfLifecycle,
} from "./bucket-plan.ts";

const rule = (ID: string, more: object = {}) => ({
  ID,
  Status: "Enabled" as const,
  Expiration: { Days: 1 },
  ...more,
});

describe("the plan for a bucket", () => {
  it("closes it to the public on AWS, and keeps what another server has set", () => {
    const all = {
      BlockPublicAcls: true,
      IgnorePublicAcls: true,
      BlockPublicPolicy: true,
      RestrictPublicBuckets: true,
    };
    expect(planPublicAccessBlock(undefined, { isAws: true })).toEqual(all);
    expect(planPublicAccessBlock({ ...all, IgnorePublicAcls: false }, { isAws: true })).toEqual(all);
    expect(planPublicAccessBlock(all, { isAws: true })).toBeUndefined();
    expect(planPublicAccessBlock(all, { isAws: false })).toBeUndefined();
    expect(planPublicAccessBlock(undefined, { isAws: false })).toEqual({ ...all, BlockPublicAcls: false });
  });

  it("gives objects to the owner, and leaves KMS as it is", () => {
    expect(planOwnership({ Rules: [{ ObjectOwnership: "ObjectWriter" }] })).toEqual({
      Rules: [{ ObjectOwnership: "BucketOwnerEnforced" }],
    });
    expect(planOwnership({ Rules: [{ ObjectOwnership: "BucketOwnerEnforced" }] })).toBeUndefined();
    expect(planEncryption(undefined)?.Rules?.[0]?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm).toBe(
      "AES256",
    );
    expect(
      planEncryption({ Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms" } }] }),
    ).toBeUndefined();
  });

  it(
    "adds its rules, puts changed ones right, and rewrites the old form of others with " + "the same meaning",
    () => {
      const options = { prefix: "prod/", topLevel: false };
      const current = {
        TransitionDefaultMinimumObjectSize: "varies_by_storage_class" as const,
        Rules: [
          rule("old", { Prefix: "logs/" }),
          rule("rollcall-prod-reports", { Filter: { Prefix: "elsewhere/" } }),
        ],
      };
      const planned = planLifecycle(current, options);
      expect(planned?.TransitionDefaultMinimumObjectSize).toBe("varies_by_storage_class");
      expect(planned?.Rules?.map(({ ID, Filter, Prefix }) => [ID, Filter?.Prefix, Prefix])).toEqual([
        ["old", "logs/", undefined],
        ["rollcall-prod-reports", "prod/reports/", undefined],
        ["rollcall-prod-departures", "prod/departures/", undefined],
        ["rollcall-prod-answers", "prod/answers/", undefined],
        ["rollcall-prod-history-v1-changes", "prod/history/v1/changes/", undefined],
        ["rollcall-prod-history-v1-rolls", "prod/history/v1/rolls/", undefined],
        ["rollcall-prod-history-v1-receipts", "prod/history/v1/receipts/", undefined],
      ]);
      const last = planned?.Rules?.at(-1);
      expect([last?.Expiration?.Days, last?.AbortIncompleteMultipartUpload?.DaysAfterInitiation]).toEqual([
        396, 7,
      ]);
      expect(planLifecycle(planned, options)).toBeUndefined();
      // A rule for the top level that was asked for before is not taken away.
      const more = planLifecycle(planned, { ...options, topLevel: true });
      expect(more?.Rules).toHaveLength(8);
      expect(planLifecycle(more, options)).toBeUndefined();
      const disabled = more?.Rules?.map((one) => ({ ...one, Status: "Disabled" as const })) ?? [];
      expect(planLifecycle({ Rules: disabled }, options)).toBeDefined();
    },
  );

  it.each([
    ["the whole bucket", rule("x", { Filter: { Prefix: "" } }), 7],
    ["the whole bucket, old form", rule("x", { Prefix: "" }), 7],
    ["no filter at all", rule("x"), 7],
    ["the store", rule("x", { Filter: { Prefix: "prod/" } }), 7],
    ["part of what is kept", rule("x", { Filter: { Prefix: "prod/snapshots/v1/" } }), 1],
    ["large ones alone", rule("x", { Filter: { And: { Prefix: "prod/s", ObjectSizeGreaterThan: 1 } } }), 2],
    ["by a date", rule("x", { Expiration: { Date: new Date(0) } }), 7],
    ["reports alone", rule("x", { Filter: { Prefix: "prod/reports/" } }), 0],
    ["another store", rule("x", { Filter: { Prefix: "production/" } }), 0],
    ["by a tag, which Rollcall never sets", rule("x", { Filter: { Tag: { Key: "a", Value: "b" } } }), 0],
    ["disabled", rule("x", { Status: "Disabled" }), 0],
    ["moves and does not remove", { ID: "x", Status: "Enabled" as const, Transitions: [{ Days: 1 }] }, 0],
  ])("warns of a rule that reaches what is kept: %s", (_, one, removed) => {
    const warnings = warnOfLifecycle({ Rules: [one] }, "prod/");
    expect(warnings).toHaveLength(removed > 0 ? 1 : 0);
    expect(
      (warnings[0] ?? "").match(
        /prod\/(?:history\/v1\/(?:log|pieces)|keys|publishers|releases|snapshots|specs)\/(?=[,:])/g,
      ) ?? [],
    ).toHaveLength(removed);
  });

  it.each([
    ["history/v1/changes/", 30, true],
    ["history/v1/changes/", 396, false],
    ["reports/", 1, false],
    ["answers/", 30, false],
  ])("warns of a rule for %s after %i days where that is too soon: %s", (Prefix, Days, isTooSoon) => {
    const warnings = warnOfLifecycle(
      { Rules: [rule("short", { Filter: { Prefix }, Expiration: { Days } })] },
      "",
    );
    expect(warnings).toEqual(isTooSoon ? [expect.stringContaining(`would remove ${Prefix}: delete it`)] : []);
  });

  it("denies plain HTTP once, in the partition of the region, whatever form the policy has", () => {
    const location = { bucket: "b", region: "cn-north-1" };
    const first = planTlsPolicy(undefined, location) ?? "";
    expect(JSON.parse(first)).toMatchObject({
      Version: "2012-10-17",
      Statement: [
        { Sid: "RollcallTlsOnly", Effect: "Deny", Resource: ["arn:aws-cn:s3:::b", "arn:aws-cn:s3:::b/*"] },
      ],
    });
    expect(planTlsPolicy(first, location)).toBeUndefined();
    // As servers may give it back.
    const { Statement } = JSON.parse(first) as { Statement: object[] };
    const own = {
      ...Statement[0],
      Principal: { AWS: "*" },
      Action: ["s3:*"],
      Condition: { Bool: { "aws:SecureTransport": ["false"] } },
    };
    expect(planTlsPolicy(JSON.stringify({ Statement: own }), location)).toBeUndefined();
    const weakened = JSON.stringify({ Id: "mine", Statement: { ...own, Effect: "Allow" } });
    expect(JSON.parse(planTlsPolicy(weakened, location) ?? "")).toEqual({ Id: "mine", Statement });
    expect(() => planTlsPolicy("no policy", location)).toThrow(SyntaxError);
  });
});
