// Server and region: from the URL, the environment and the profile, in this order.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { resolveEndpoint } from "./s3-endpoint.ts";
import { parseS3Url } from "./s3-url.ts";

const NO_FILE = { AWS_CONFIG_FILE: "/dev/null" };
const TOKYO = { AWS_REGION: "ap-northeast-1" };

it.each([
  [
    "s3://acme-reports?region=eu-west-1",
    TOKYO,
    "eu-west-1",
    "https://acme-reports.s3.eu-west-1.amazonaws.com",
    "/",
  ],
  ["s3://acme-reports", TOKYO, "ap-northeast-1", "https://acme-reports.s3.ap-northeast-1.amazonaws.com", "/"],
  [
    "s3://acme-reports",
    { AWS_DEFAULT_REGION: "eu-west-1" },
    "eu-west-1",
    "https://acme-reports.s3.eu-west-1.amazonaws.com",
    "/",
  ],
  [
    "s3://acme-reports?region=cn-north-1",
    {},
    "cn-north-1",
    "https://acme-reports.s3.cn-north-1.amazonaws.com.cn",
    "/",
  ],
  [
    "s3://acme-reports",
    { AWS_REGION: "eusc-de-east-1" },
    "eusc-de-east-1",
    "https://acme-reports.s3.eusc-de-east-1.amazonaws.eu",
    "/",
  ],
  ["s3://acme.reports", TOKYO, "ap-northeast-1", "https://s3.ap-northeast-1.amazonaws.com", "/acme.reports/"],
  ["s3://b-1?endpoint=http://h:9000", {}, "us-east-1", "http://h:9000", "/b-1/"],
  ["s3://b-1?endpoint=http://h:9000", TOKYO, "ap-northeast-1", "http://h:9000", "/b-1/"],
  ["s3://b-1?endpoint=http://h:9000&path_style=false", {}, "us-east-1", "http://b-1.h:9000", "/"],
  ["s3://b-1", { AWS_ENDPOINT_URL: "http://all:1" }, "us-east-1", "http://all:1", "/b-1/"],
  [
    "s3://b-1",
    { AWS_ENDPOINT_URL: "http://all:1", AWS_ENDPOINT_URL_S3: "http://s3:2" },
    "us-east-1",
    "http://s3:2",
    "/b-1/",
  ],
  [
    "s3://b-1?endpoint=http://url:3",
    { AWS_ENDPOINT_URL_S3: "http://s3:2" },
    "us-east-1",
    "http://url:3",
    "/b-1/",
  ],
] as const)("%s with %j", async (url, env, region, origin, basePath) => {
  expect(await resolveEndpoint(parseS3Url(url), { ...NO_FILE, ...env })).toMatchObject({
    region,
    origin,
    basePath,
    isAws: origin.includes(".amazonaws."),
  });
});

it("reads the profile's region", async () => {
  const folder = await mkdtemp(join(tmpdir(), "rollcall-aws-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const AWS_CONFIG_FILE = join(folder, "config");
  const text =
    "[default]\nregion = eu-west-1 # home\n\n[profile audit.tokyo]\noutput=json\ns3 " +
    "=\n  region = nested\nregion=ap-northeast-1\n";
  await writeFile(AWS_CONFIG_FILE, text);
  const regionOf = async (url: string, env = {}) =>
    (await resolveEndpoint(parseS3Url(url), { AWS_CONFIG_FILE, ...env })).region;
  expect(await regionOf("s3://b-1")).toBe("eu-west-1");
  expect(await regionOf("s3://b-1?profile=audit.tokyo")).toBe("ap-northeast-1");
  expect(await regionOf("s3://b-1", { AWS_PROFILE: "audit.tokyo" })).toBe("ap-northeast-1");
  await expect(regionOf("s3://b-1?profile=other")).rejects.toThrow(
    "the bucket's region is not known; add ?region=REGION",
  );
});

it("reads profiles as AWS's own programs do: keys that are indented, names in quotes", async () => {
  const folder = await mkdtemp(join(tmpdir(), "rollcall-aws-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const AWS_CONFIG_FILE = join(folder, "config");
  await writeFile(
    AWS_CONFIG_FILE,
    "[profile indented]\n  region = eu-west-3\n[profile 'quoted']\nregion = eu-central-1 ; there\n",
  );
  const regionOf = async (profile: string) =>
    (await resolveEndpoint(parseS3Url(`s3://b-1?profile=${profile}`), { AWS_CONFIG_FILE })).region;
  expect(await regionOf("indented")).toBe("eu-west-3");
  expect(await regionOf("quoted")).toBe("eu-central-1");
});

it("says what is wrong with an endpoint of the environment", async () => {
  await expect(resolveEndpoint(parseS3Url("s3://b-1"), { AWS_ENDPOINT_URL: "nonsense" })).rejects.toThrow(
    "endpoint should be",
  );
});

const VPCE = "bucket.vpce-1a2b3c4d-5e6f.s3.ap-northeast-1.vpce.amazonaws.com";

it.each([
  // PrivateLink: the region is that of the name, whatever the environment says.
  [
    `s3://b-1?endpoint=https://${VPCE}`,
    { AWS_REGION: "eu-west-1" },
    "ap-northeast-1",
    `https://${VPCE}`,
    "/b-1/",
  ],
  [`s3://b-1?endpoint=http://${VPCE}`, {}, "ap-northeast-1", `http://${VPCE}`, "/b-1/"],
  [`s3://b-1?endpoint=https://${VPCE}&path_style=false`, {}, "ap-northeast-1", `https://b-1.${VPCE}`, "/"],
  ["s3://b-1", { AWS_ENDPOINT_URL_S3: `https://${VPCE}` }, "ap-northeast-1", `https://${VPCE}`, "/b-1/"],
  [
    "s3://b-1?endpoint=https://s3-fips.us-gov-west-1.amazonaws.com",
    {},
    "us-gov-west-1",
    "https://s3-fips.us-gov-west-1.amazonaws.com",
    "/b-1/",
  ],
  [
    "s3://b-1?endpoint=https://b-1.s3.dualstack.eu-west-1.amazonaws.com",
    {},
    "eu-west-1",
    "https://b-1.s3.dualstack.eu-west-1.amazonaws.com",
    "/",
  ],
  [
    "s3://b-1?endpoint=https://s3-accelerate.amazonaws.com&region=us-west-2",
    {},
    "us-west-2",
    "https://b-1.s3-accelerate.amazonaws.com",
    "/",
  ],
  [
    "s3://b-1?region=us-east-1",
    { AWS_USE_FIPS_ENDPOINT: "true", AWS_USE_DUALSTACK_ENDPOINT: "True" },
    "us-east-1",
    "https://b-1.s3-fips.dualstack.us-east-1.amazonaws.com",
    "/",
  ],
  ["s3://b-1?region=eusc-de-east-1", {}, "eusc-de-east-1", "https://b-1.s3.eusc-de-east-1.amazonaws.eu", "/"],
  ["s3://b-1?region=us-iso-east-1", {}, "us-iso-east-1", "https://b-1.s3.us-iso-east-1.c2s.ic.gov", "/"],
])("%s with %j is AWS's", async (url, env, region, origin, basePath) => {
  expect(await resolveEndpoint(parseS3Url(url), { ...NO_FILE, ...env })).toMatchObject({
    region,
    origin,
    basePath,
    isAws: true,
  });
});

it.each([
  [`s3://b-1?endpoint=https://${VPCE}&region=eu-west-1`, "region=eu-west-1 does not go with the endpoint"],
  ["s3://b-1?endpoint=https://b-2.s3.us-east-1.amazonaws.com", 'names the bucket "b-2", and the URL "b-1"'],
  [
    "s3://b-1?endpoint=https://ap-123456789012.s3-accesspoint.us-east-1.amazonaws.com",
    "its alias (…-s3alias)",
  ],
  [`s3://b-1?endpoint=https://${VPCE.replace("bucket.", "accesspoint.")}`, "https://bucket.vpce-…"],
  ["s3://b-1?endpoint=https://s3-accelerate.amazonaws.com", "add &region=REGION"],
])("says what is wrong with %s", async (url, words) => {
  await expect(resolveEndpoint(parseS3Url(url), NO_FILE)).rejects.toThrow(words);
});

it("says that China's S3 has no FIPS", async () => {
  const env = { ...NO_FILE, AWS_USE_FIPS_ENDPOINT: "true" };
  await expect(resolveEndpoint(parseS3Url("s3://b-1?region=cn-north-1"), env)).rejects.toThrow("in China");
});

it("reads FIPS and dual-stack from the profile, as AWS's own programs do", async () => {
  const folder = await mkdtemp(join(tmpdir(), "rollcall-aws-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const AWS_CONFIG_FILE = join(folder, "config");
  await writeFile(AWS_CONFIG_FILE, "[default]\nuse_fips_endpoint = true\nuse_dualstack_endpoint = true\n");
  expect(await resolveEndpoint(parseS3Url("s3://b-1?region=us-east-2"), { AWS_CONFIG_FILE })).toMatchObject({
    origin: "https://b-1.s3-fips.dualstack.us-east-2.amazonaws.com",
  });
});
