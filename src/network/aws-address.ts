// AWS's own addresses: of which partition a Region is, what its services are called there, and
// which names are S3's. Pure.
//
// Source: the endpoint rules and the partitions in AWS's SDK (@aws-sdk/client-s3,
// @aws-sdk/core 3.981), with which aws-address.test.ts compares this; S3 user guide, "Accessing
// Amazon S3 interface endpoints"; AWS General Reference, "Amazon S3 endpoints and quotas".

/** A part of AWS with domains, accounts and keys of its own. */
interface Partition {
  /** As in `arn:aws-cn:`. */
  readonly id: string;
  readonly regions: RegExp;
  readonly domain: string;
  /** Of services other than S3, over IPv6 too. */
  readonly dualStackDomain: string;
}

/** Where none of the others' expressions fits. */
const COMMERCIAL: Partition = {
  id: "aws",
  regions: /^/,
  domain: "amazonaws.com",
  dualStackDomain: "api.aws",
};

const PARTITIONS: readonly Partition[] = [
  {
    id: "aws-cn",
    regions: /^cn-/,
    domain: "amazonaws.com.cn",
    dualStackDomain: "api.amazonwebservices.com.cn",
  },
  { id: "aws-eusc", regions: /^eusc-/, domain: "amazonaws.eu", dualStackDomain: "api.amazonwebservices.eu" },
  { id: "aws-iso", regions: /^us-iso-/, domain: "c2s.ic.gov", dualStackDomain: "api.aws.ic.gov" },
  { id: "aws-iso-b", regions: /^us-isob-/, domain: "sc2s.sgov.gov", dualStackDomain: "api.aws.scloud" },
  {
    id: "aws-iso-e",
    regions: /^eu-isoe-/,
    domain: "cloud.adc-e.uk",
    dualStackDomain: "api.cloud-aws.adc-e.uk",
  },
  { id: "aws-iso-f", regions: /^us-isof-/, domain: "csp.hci.ic.gov", dualStackDomain: "api.aws.hci.ic.gov" },
  { id: "aws-us-gov", regions: /^us-gov-/, domain: "amazonaws.com", dualStackDomain: "api.aws" },
  COMMERCIAL,
];

const DOMAINS = [...new Set(PARTITIONS.map(({ domain }) => domain))];

/** As AWS names its Regions: no other text becomes part of an address. */
const REGION = /^[a-z]{2,4}(?:-[a-z]+){1,3}-\d{1,2}$/;

/** Which of a service's addresses. */
export interface AddressForm {
  /** That with cryptography validated by FIPS 140. */
  readonly isFips: boolean;
  /** That with IPv6 beside IPv4. */
  readonly isDualStack: boolean;
}

export const USUAL_FORM: AddressForm = { isFips: false, isDualStack: false };

/** As AWS's own programs read it: AWS_USE_FIPS_ENDPOINT, AWS_USE_DUALSTACK_ENDPOINT. */
export function readAddressForm(env: Readonly<Record<string, string | undefined>>): AddressForm {
  const isSet = (flag: string | undefined) => flag?.toLowerCase() === "true";
  return { isFips: isSet(env.AWS_USE_FIPS_ENDPOINT), isDualStack: isSet(env.AWS_USE_DUALSTACK_ENDPOINT) };
}

export function isAwsRegion(text: string): boolean {
  return REGION.test(text);
}

/** The partition that a Region is of; one that is not known is of AWS's usual one. */
export function findPartition(region: string): Partition {
  return PARTITIONS.find(({ regions }) => regions.test(region)) ?? COMMERCIAL;
}

/** Whether credentials of one Region count in the other. */
export function areOfOnePartition(one: string, other: string): boolean {
  return findPartition(one) === findPartition(other);
}

/**
 * The host of S3 in a Region.
 *
 * @param region must be of a Region's form where a stranger gave it
 */
export function formatS3Host(region: string, { isFips, isDualStack }: AddressForm = USUAL_FORM): string {
  const service = `s3${isFips ? "-fips" : ""}${isDualStack ? ".dualstack" : ""}`;
  return `${service}.${region}.${findPartition(region).domain}`;
}

/**
 * The host of another service in a Region, such as `sts` or `ssm`.
 *
 * @param region must be of a Region's form where a stranger gave it
 */
export function formatServiceHost(
  service: string,
  region: string,
  { isFips, isDualStack }: AddressForm = USUAL_FORM,
): string {
  const { domain, dualStackDomain } = findPartition(region);
  // GovCloud's usual addresses are those of FIPS, but for STS over IPv6.
  const hasOwnFips = isFips && (!region.startsWith("us-gov-") || isDualStack);
  return `${service}${hasOwnFips ? "-fips" : ""}.${region}.${isDualStack ? dualStackDomain : domain}`;
}

/** What an address of S3 is. */
export interface S3Host {
  /**
   * `public`: S3's own in a Region. `accelerate`: its edge locations, for buckets in the host's
   * name alone. `vpc-endpoint`: an interface endpoint (PrivateLink) for buckets. `other`: S3's too,
   * but no place where objects of a bucket are read and written by its name.
   */
  readonly kind: "public" | "accelerate" | "vpc-endpoint" | "other";
  /** Undefined where the name says none. */
  readonly region: string | undefined;
  /** Which stands before it in the name. */
  readonly bucket: string | undefined;
  readonly form: AddressForm;
}

/**
 * `bucket.vpce-1a2b3c4d-5e6f.s3.REGION.vpce`, and in one zone `bucket.vpce-1a2b-5e6f-us-east-1a.…`
 */
const VPC_ENDPOINT =
  /^(?:(?<bucket>.+)\.)?(?<part>bucket|accesspoint|control)\.vpce-[a-z0-9-]+\.s3\.(?<region>[a-z0-9-]+)\.vpce$/;

/** `s3.REGION`, `s3-REGION` as older ones are called, `s3-fips.dualstack.REGION`, `s3` alone. */
const PUBLIC =
  /^(?:(?<bucket>.+)\.)?s3(?<fips>-fips)?(?<dual>\.dualstack)?(?:[.-](?<region>[a-z]{2,4}(?:-[a-z]+){1,3}-\d{1,2}))?$/;

const ACCELERATE = /^(?:(?<bucket>.+)\.)?s3-accelerate(?<dual>\.dualstack)?$/;

/** us-east-1, by another name. */
const EXTERNAL = /^(?:(?<bucket>.+)\.)?s3-external-1$/;

/** Access points, Outposts, websites, Object Lambda, S3 Control, directory buckets. */
const OTHER =
  /(?:^|\.)(?:s3-(?:accesspoint|website|outposts|object-lambda|control|global)|s3express-)[a-z0-9-]*(?:\.|$)|\.s3\.[a-z0-9-]+\.vpce$/;

/**
 * Reads what a name is of S3's.
 *
 * @returns undefined for any other, those of other servers within AWS among them (EC2, load
 *   balancers)
 */
export function parseS3Host(hostname: string): S3Host | undefined {
  const name = hostname.toLowerCase().replace(/\.$/, "");
  const domain = DOMAINS.find((one) => name.endsWith(`.${one}`));
  if (domain === undefined) return undefined;
  const rest = name.slice(0, -domain.length - 1);
  const inVpc = VPC_ENDPOINT.exec(rest)?.groups;
  if (inVpc) {
    const { part, region, bucket } = inVpc;
    return { kind: part === "bucket" ? "vpc-endpoint" : "other", region, bucket, form: USUAL_FORM };
  }
  const external = EXTERNAL.exec(rest)?.groups;
  if (external) return { kind: "public", region: "us-east-1", bucket: external.bucket, form: USUAL_FORM };
  const edge = ACCELERATE.exec(rest)?.groups;
  if (edge) {
    const form = { isFips: false, isDualStack: edge.dual !== undefined };
    return { kind: "accelerate", region: undefined, bucket: edge.bucket, form };
  }
  const own = PUBLIC.exec(rest)?.groups;
  if (own) {
    const { bucket, fips, dual, region } = own;
    const form = { isFips: fips !== undefined, isDualStack: dual !== undefined };
    // The oldest address of all, which is us-east-1's.
    return { kind: "public", region: region ?? "us-east-1", bucket, form };
  }
  return OTHER.test(rest)
    ? { kind: "other", region: undefined, bucket: undefined, form: USUAL_FORM }
    : undefined;
}

/** `vpce-1a2b3c4d-5e6f.sts.REGION.vpce`, `sts.REGION`, `sts-fips.REGION` */
const STS = /^(?:vpce-[a-z0-9-]+\.sts\.([a-z0-9-]+)\.vpce|sts(?:-fips)?\.([a-z0-9-]+))$/;

/** The Region whose STS has that name: a signature for it names that one. Undefined for others. */
export function findStsRegion(hostname: string): string | undefined {
  const domain = [...DOMAINS, ...PARTITIONS.map(({ dualStackDomain }) => dualStackDomain)].find((one) =>
    hostname.endsWith(`.${one}`),
  );
  if (domain === undefined) return undefined;
  // The global one, which signs as us-east-1.
  if (hostname === `sts.${COMMERCIAL.domain}`) return "us-east-1";
  const match = STS.exec(hostname.slice(0, -domain.length - 1));
  const region = match?.[1] ?? match?.[2];
  return region !== undefined && REGION.test(region) ? region : undefined;
}
