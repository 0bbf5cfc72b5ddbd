// AWS's partitions: which domain a Region's services have, and how its ARNs begin. Pure.

interface AwsPartition {
  /** As in `arn:aws-cn:`. */
  readonly id: string;
  /** The domain of services' addresses, `s3.REGION.DOMAIN`. */
  readonly domain: string;
}

/** All Regions that no other partition has: new ones too. */
const COMMERCIAL: AwsPartition = { id: "aws", domain: "amazonaws.com" };

/**
 * By how the Regions' names begin. As of @aws-sdk/core 3.981.0 (partitions.js), which AWS makes; a
 * test holds it against the copy that is installed.
 */
const OTHERS: Readonly<Record<string, AwsPartition>> = {
  "cn-": { id: "aws-cn", domain: "amazonaws.com.cn" },
  "eu-isoe-": { id: "aws-iso-e", domain: "cloud.adc-e.uk" },
  "eusc-": { id: "aws-eusc", domain: "amazonaws.eu" },
  "us-gov-": { id: "aws-us-gov", domain: "amazonaws.com" },
  "us-iso-": { id: "aws-iso", domain: "c2s.ic.gov" },
  "us-isob-": { id: "aws-iso-b", domain: "sc2s.sgov.gov" },
  "us-isof-": { id: "aws-iso-f", domain: "csp.hci.ic.gov" },
};

/** The partition that a Region is of. */
export function findPartition(region: string): AwsPartition {
  const start = Object.keys(OTHERS).find((one) => region.startsWith(one));
  return (start !== undefined && OTHERS[start]) || COMMERCIAL;
}

/** Tells whether a host's name is one of AWS's services, in any partition. */
export function isAwsHost(hostname: string): boolean {
  return [COMMERCIAL, ...Object.values(OTHERS)].some(({ domain }) => hostname.endsWith(`.${domain}`));
}
