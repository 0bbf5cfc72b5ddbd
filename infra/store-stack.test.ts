// Tests of the store, limit by limit. Who may do what with it is in policies.test.ts.
import { App } from "aws-cdk-lib";
import { Match, Template } from "aws-cdk-lib/assertions";
import { describe, expect, it } from "vitest";
import { deployTemplate, propertiesOf } from "./simulation.ts";
import { addStacks } from "./stacks.ts";

const store = Template.fromStack(addStacks(new App({ analyticsReporting: false }), { form: "plain" }).store);

describe("the store", () => {
  it("is one private bucket, encrypted, whose objects are its owner's", () => {
    store.hasResourceProperties("AWS::S3::Bucket", {
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      OwnershipControls: { Rules: [{ ObjectOwnership: "BucketOwnerEnforced" }] },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" } }],
      },
      VersioningConfiguration: Match.absent(),
    });
  });

  it("is named after its account and region", async () => {
    expect((await deployTemplate("store")).Bucket?.Properties.BucketName).toBe(
      "rollcall-111111111111-ap-northeast-1",
    );
  });

  it("expires what hosts write, answers, closed days and templates, and nothing else", async () => {
    interface Rule {
      readonly Status: string;
      readonly Prefix?: string;
      readonly ExpirationInDays?: number;
      readonly AbortIncompleteMultipartUpload?: object;
    }
    const { LifecycleConfiguration } = propertiesOf<{ LifecycleConfiguration: { Rules: Rule[] } }>(
      await deployTemplate("store", { ExpiryDays: 3 }),
      "Bucket",
    );
    const rules = LifecycleConfiguration.Rules.map(
      ({ Status, Prefix, ExpirationInDays, AbortIncompleteMultipartUpload }) => {
        expect(Status).toBe("Enabled");
        return [Prefix, ExpirationInDays, AbortIncompleteMultipartUpload];
      },
    );
    expect(rules).toEqual([
      ["reports/", 3, undefined],
      ["departures/", 3, undefined],
      ["i-", 3, undefined],
      ["answers/", 1, undefined],
      ["history/v1/changes/", 396, undefined],
      ["history/v1/rolls/", 396, undefined],
      ["history/v1/receipts/", 396, undefined],
      ["templates/", 1, undefined],
      [undefined, undefined, { DaysAfterInitiation: 1 }],
    ]);
  });

  it("outlives its stack, unless its creation fails", () => {
    store.hasResource("AWS::S3::Bucket", {
      DeletionPolicy: "RetainExceptOnCreate",
      UpdateReplacePolicy: "Retain",
    });
    // And its locks with it.
    store.hasResource("AWS::S3::BucketPolicy", {
      DeletionPolicy: "RetainExceptOnCreate",
      UpdateReplacePolicy: "Retain",
    });
  });

  it("goes with its stack where that was asked for, reports and all", () => {
    const app = new App({ analyticsReporting: false });
    const template = Template.fromStack(addStacks(app, { form: "plain", data: "delete" }).store);
    template.hasResource("AWS::S3::Bucket", { DeletionPolicy: "Delete", UpdateReplacePolicy: "Delete" });
    for (const policy of Object.values(template.findResources("AWS::S3::BucketPolicy")))
      expect(policy).not.toHaveProperty("DeletionPolicy");
    template.resourceCountIs("Custom::S3AutoDeleteObjects", 1);
    expect(JSON.stringify(template)).not.toContain("NobodyDeletesReports");
    expect(JSON.stringify(store)).toContain("NobodyDeletesReports");
  });

  it("takes an organisation or accounts, in their forms", () => {
    const pattern = (name: string) =>
      new RegExp(Object.values(store.findParameters(name))[0]?.AllowedPattern);
    for (const good of ["", "o-a1b2c3d4e5"]) expect(good).toMatch(pattern("OrganizationId"));
    for (const bad of ["o-", "ou-a1b2-c3d4e5f6", "O-A1B2C3D4E5", "o-a1b2c3d4e5/r-ab12", "*"])
      expect(bad).not.toMatch(pattern("OrganizationId"));
    for (const good of ["", "123456789012", "123456789012,210987654321"])
      expect(good).toMatch(pattern("Accounts"));
    for (const bad of ["12345678901", "123456789012, 210987654321", "123456789012,", "*"])
      expect(bad).not.toMatch(pattern("Accounts"));
    expect(Object.keys(store.toJSON().Rules)).toEqual(["OrganizationOrAccounts"]);
  });
});
