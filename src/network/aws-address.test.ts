// Tests of AWS's addresses, beside the rules of AWS's own SDK.
import { createRequire } from "node:module";
import { S3Client } from "@aws-sdk/client-s3";
import { describe, expect, it } from "vitest";
import {
  areOfOnePartition,
  findPartition,
  findStsRegion,
  formatS3Host,
  formatServiceHost,
  isAwsRegion,
  parseS3Host,
  USUAL_FORM,
} from "./aws-address.ts";

/** One or more of each partition, and one that no list has yet. */
const REGIONS = [
  "us-east-1",
  "ap-northeast-1",
  "il-central-1",
  "us-west-9",
  "us-gov-west-1",
  "us-gov-east-1",
  "cn-north-1",
  "cn-northwest-1",
  "eusc-de-east-1",
  "us-iso-east-1",
  "us-isob-east-1",
  "eu-isoe-west-1",
  "us-isof-south-1",
];
const FORMS = [false, true].flatMap((isFips) =>
  [false, true].map((isDualStack) => ({ isFips, isDualStack })),
);
const CASES = REGIONS.flatMap((region) => FORMS.map((form) => [region, form] as const));

type Resolve = (parameters: Record<string, unknown>) => { readonly url: URL };
const resolveS3 = new S3Client({ region: "us-east-1" }).config.endpointProvider as unknown as Resolve;
// The SDK's own STS, as its credential chain has it.
const chain = createRequire(createRequire(import.meta.url).resolve("@aws-sdk/credential-provider-node"));
const { STSClient } = chain("@aws-sdk/nested-clients/sts") as {
  STSClient: new (options: { region: string }) => { config: { endpointProvider: Resolve } };
};
const { partition } = chain("@aws-sdk/core/client") as {
  partition(region: string): { readonly name: string; readonly dnsSuffix: string };
};
const resolveSts = new STSClient({ region: "us-east-1" }).config.endpointProvider;

describe("addresses are those of AWS's own rules", () => {
  it.each(CASES)("%s %j", (Region, form) => {
    const rules = {
      Region,
      UseFIPS: form.isFips,
      UseDualStack: form.isDualStack,
      UseGlobalEndpoint: false,
    };
    // S3 has no FIPS in China.
    if (form.isFips && Region.startsWith("cn-")) {
      expect(() => resolveS3({ ...rules, Bucket: "acme-reports" })).toThrow("does not support FIPS");
      return;
    }
    const s3 = resolveS3({ ...rules, Bucket: "acme-reports" }).url.host;
    expect(`acme-reports.${formatS3Host(Region, form)}`).toBe(s3);
    expect(formatServiceHost("sts", Region, form)).toBe(resolveSts(rules).url.host);
    expect(parseS3Host(s3)).toEqual({ kind: "public", region: Region, bucket: "acme-reports", form });
    expect(findStsRegion(formatServiceHost("sts", Region, form))).toBe(Region);
    expect(isAwsRegion(Region)).toBe(true);
  });
});

it.each([
  ["us-east-1", "aws"],
  ["us-gov-west-1", "aws-us-gov"],
  ["cn-north-1", "aws-cn"],
  ["us-iso-east-1", "aws-iso"],
  ["us-isob-east-1", "aws-iso-b"],
  ["eu-isoe-west-1", "aws-iso-e"],
  ["us-isof-south-1", "aws-iso-f"],
  ["eusc-de-east-1", "aws-eusc"],
  // None that is known today.
  ["cn-west-9", "aws-cn"],
  ["eusc-de-west-9", "aws-eusc"],
  ["us-isob-north-9", "aws-iso-b"],
  ["af-north-9", "aws"],
])("%s is of %s, as the SDK has it", (region, id) => {
  const { name, dnsSuffix } = partition(region);
  expect(findPartition(region)).toMatchObject({ id: name, domain: dnsSuffix });
  expect(name).toBe(id);
});

describe("parseS3Host", () => {
  const vpce = "vpce-1a2b3c4d-5e6f";
  it.each([
    // S3 user guide, "Accessing Amazon S3 interface endpoints"
    [`bucket.${vpce}.s3.us-east-1.vpce.amazonaws.com`, "vpc-endpoint", "us-east-1", undefined],
    [`bucket.${vpce}-us-east-1a.s3.us-east-1.vpce.amazonaws.com`, "vpc-endpoint", "us-east-1", undefined],
    [`b.1.bucket.${vpce}.s3.cn-north-1.vpce.amazonaws.com.cn`, "vpc-endpoint", "cn-north-1", "b.1"],
    [`bucket.${vpce}.s3.us-gov-west-1.vpce.amazonaws.com`, "vpc-endpoint", "us-gov-west-1", undefined],
    [`accesspoint.${vpce}.s3.us-east-1.vpce.amazonaws.com`, "other", "us-east-1", undefined],
    [`control.${vpce}.s3.us-east-1.vpce.amazonaws.com`, "other", "us-east-1", undefined],
    // General Reference, "Amazon S3 endpoints and quotas", and older names that still work
    ["s3.amazonaws.com", "public", "us-east-1", undefined],
    ["S3.AMAZONAWS.COM.", "public", "us-east-1", undefined],
    ["s3-external-1.amazonaws.com", "public", "us-east-1", undefined],
    ["s3-us-west-2.amazonaws.com", "public", "us-west-2", undefined],
    ["b.1.s3-eu-west-1.amazonaws.com", "public", "eu-west-1", "b.1"],
    ["s3-fips-us-gov-west-1.amazonaws.com", "public", "us-gov-west-1", undefined],
    ["acme.s3-accelerate.amazonaws.com", "accelerate", undefined, "acme"],
    ["s3-accelerate.dualstack.amazonaws.com", "accelerate", undefined, undefined],
    // An access point's alias is as a bucket's name.
    [
      "ap-hrzrlukc5m36ft7okagglf3gmwluquse1b-s3alias.s3.us-east-1.amazonaws.com",
      "public",
      "us-east-1",
      "ap-hrzrlukc5m36ft7okagglf3gmwluquse1b-s3alias",
    ],
    ["ap-123456789012.s3-accesspoint.us-east-1.amazonaws.com", "other", undefined, undefined],
    ["ap-123456789012.s3-accesspoint-fips.dualstack.us-east-1.amazonaws.com", "other", undefined, undefined],
    ["x.accesspoint.s3-global.amazonaws.com", "other", undefined, undefined],
    ["acme.s3-website-us-east-1.amazonaws.com", "other", undefined, undefined],
    ["x.op-1.s3-outposts.us-east-1.amazonaws.com", "other", undefined, undefined],
    ["123456789012.s3-control.us-east-1.amazonaws.com", "other", undefined, undefined],
    ["x--use1-az4--x-s3.s3express-use1-az4.us-east-1.amazonaws.com", "other", undefined, undefined],
  ] as const)("%s is %s of %s", (host, kind, region, bucket) => {
    expect(parseS3Host(host)).toMatchObject({ kind, region, bucket });
  });

  it.each([
    "s3.example.com",
    "minio.corp",
    "127.0.0.1",
    "s3.us-east-1.amazonaws.com.evil.example",
    "s3.us-east-1.notamazonaws.com",
    "ec2-203-0-113-1.compute-1.amazonaws.com",
    "minio-1234.elb.us-east-1.amazonaws.com",
    "s3-corp-1234.elb.us-east-1.amazonaws.com",
    "sts.us-east-1.amazonaws.com",
    `${vpce}.sts.us-east-1.vpce.amazonaws.com`,
    "amazonaws.com",
  ])("%s is not S3's", (host) => {
    expect(parseS3Host(host)).toBeUndefined();
  });
});

it.each([
  ["sts.amazonaws.com", "us-east-1"],
  ["vpce-1a2b-5e6f.sts.ap-northeast-1.vpce.amazonaws.com", "ap-northeast-1"],
  ["vpce-1a2b-5e6f-cn-north-1a.sts.cn-north-1.vpce.amazonaws.com.cn", "cn-north-1"],
  ["sts.example.com", undefined],
  ["s3.us-east-1.amazonaws.com", undefined],
])("findStsRegion of %s", (host, region) => {
  expect(findStsRegion(host)).toBe(region);
});

it("credentials count within a partition", () => {
  expect(areOfOnePartition("us-east-1", "ap-northeast-1")).toBe(true);
  expect(areOfOnePartition("us-east-1", "us-gov-west-1")).toBe(false);
  expect(areOfOnePartition("cn-north-1", "cn-northwest-1")).toBe(true);
});

it("takes nothing for a region that is none", () => {
  for (const text of ["", "x", "us-east-1.evil.example", "us-east-1/", "US-EAST-1", "aws-global"])
    expect(isAwsRegion(text)).toBe(false);
  expect(formatS3Host("us-east-1", USUAL_FORM)).toBe("s3.us-east-1.amazonaws.com");
});
