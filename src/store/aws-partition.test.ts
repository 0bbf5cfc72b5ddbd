// Tests of AWS's partitions, against the copy of them that its own SDK has.
import { createRequire } from "node:module";
import { expect, it } from "vitest";
import { findPartition, isAwsHost } from "./aws-partition.ts";

interface SdkPartition {
  readonly name: string;
  readonly dnsSuffix: string;
}

/** As the SDK that is installed has it. */
const fromS3 = createRequire(createRequire(import.meta.url).resolve("@aws-sdk/client-s3"));
const { partition } = fromS3("@aws-sdk/core/client") as { partition(region: string): SdkPartition };

it.each([
  ["eu-west-1", "aws"],
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
  expect(findPartition(region)).toEqual({ id: name, domain: dnsSuffix });
  expect(name).toBe(id);
});

it("knows AWS's hosts by their domains alone", () => {
  for (const host of [
    "s3.eu-west-1.amazonaws.com",
    "s3.cn-north-1.amazonaws.com.cn",
    "s3.eusc-de-east-1.amazonaws.eu",
  ])
    expect(isAwsHost(host), host).toBe(true);
  for (const host of ["s3.amazonaws.com.evil.example", "evilamazonaws.com", "amazonaws.eu.example", "minio"])
    expect(isAwsHost(host), host).toBe(false);
});
