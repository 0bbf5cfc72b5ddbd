// Tests of which addresses count as STS's: all of AWS's partitions, and nothing that only looks so.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect, it } from "vitest";
import { AWS_REGIONS } from "./aws-regions.ts";
import { createCallerCheck } from "./caller-check.ts";
import { callerSchema } from "./caller-identity.ts";

const SERVER = "https://rollcall.example.com";
const CLAIMED = { id: "i-0123456789abcdef0", machine: "a".repeat(64), boot: "1".repeat(64) };
const ACCOUNT = "123456789012";

interface Partitions {
  readonly partitions: readonly {
    readonly outputs: { readonly name: string; readonly dnsSuffix: string };
    readonly regions: Readonly<Record<string, unknown>>;
  }[];
}

/** The partitions of the SDK that is installed, which hands them out by Region alone. */
const core = createRequire(createRequire(import.meta.url).resolve("@aws-sdk/client-s3")).resolve(
  "@aws-sdk/core",
);
const text = readFileSync(
  core.replace(/dist-cjs\/.*$/, "dist-es/submodules/client/util-endpoints/lib/aws/partitions.js"),
  "utf8",
);
const { partitions } = JSON.parse(text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1)) as Partitions;

const REGIONS = partitions.flatMap(({ outputs, regions }) =>
  Object.keys(regions)
    .filter((region) => !region.endsWith("-global"))
    .map((region) => ({ region, ...outputs })),
);

/** Asks the check about a proof that names an address. @returns its verdict, and what was asked */
async function judge(endpoint: string, region: string, partition = "aws") {
  const asked: string[] = [];
  const answer = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
    <GetCallerIdentityResult>
      <Arn>arn:${partition}:sts::${ACCOUNT}:assumed-role/web/${CLAIMED.id}</Arn>
      <UserId>AROAEXAMPLE:${CLAIMED.id}</UserId><Account>${ACCOUNT}</Account>
    </GetCallerIdentityResult>
    <ResponseMetadata><RequestId>1-2</RequestId></ResponseMetadata></GetCallerIdentityResponse>`;
  const findFault = createCallerCheck({
    servers: [SERVER],
    roles: undefined,
    endpoints: [],
    fetch: async (input) => {
      asked.push(String(input));
      return new Response(answer);
    },
  });
  const proof = {
    server: SERVER,
    nonce: "n",
    endpoint,
    region,
    date: "20240229T145930Z",
    access_key_id: "ASIAEXAMPLE000000001",
    session_token: "t",
    signature: "0".repeat(64),
  };
  return { fault: await findFault(proof, CLAIMED, [ACCOUNT]), asked };
}

it("every Region of the SDK that is installed is known, and no other", () => {
  expect([...AWS_REGIONS].sort()).toEqual(REGIONS.map(({ region }) => region).sort());
});

it.each(REGIONS)("asks STS of $region at its partition's domain", async ({ region, name, dnsSuffix }) => {
  const endpoint = `https://sts.${region}.${dnsSuffix}`;
  expect(callerSchema.shape.region.parse(region)).toBe(region);
  expect(await judge(endpoint, region, name)).toEqual({ fault: undefined, asked: [`${endpoint}/`] });
  const others = REGIONS.filter((one) => one.dnsSuffix !== dnsSuffix);
  for (const wrong of new Set(others.map((one) => `https://sts.${region}.${one.dnsSuffix}`)))
    expect(await judge(wrong, region), wrong).toMatchObject({
      fault: expect.stringContaining("is no endpoint of STS"),
      asked: [],
    });
});

it.each([
  "https://sts.amazonaws.com.evil.example",
  "https://sts.us-east-1.amazonaws.com.evil.example",
  "https://sts.us-east-1.amazonaws.com@evil.example",
  "https://user:password@sts.us-east-1.amazonaws.com",
  "https://sts.us-east-1.amazonaws.com:443",
  "https://sts.us-east-1.amazonaws.com:8443",
  "https://sts.us-east-1.amazonaws.com.",
  "https://sts.us-east-1.amazonaws.com\u0000.evil.example",
  "https://sts.us-east-1.amazonaws.com%2eevil.example",
  "https://sts.us-east-1.amazonaws\u3002com",
  "https://sts.us-east-1.\u0430mazonaws.com",
  "https://sts.us-east-1.xn--mazonaws-66g.com",
  "https://sts.us-east-1.amazonaws.com\\@evil.example",
  "https://sts.us-east-1.amazonaws.com?x",
  "https://sts.us-east-1.amazonaws.com#x",
  " https://sts.us-east-1.amazonaws.com",
  "HTTPS://sts.us-east-1.amazonaws.com",
  "//sts.us-east-1.amazonaws.com",
  "https://evil.sts.us-east-1.amazonaws.com",
  "https://sts.us-east-1.amazonaws.eu",
  "https://sts.us-east-1.amazonaws.com.cn",
  "https://bucket.s3.us-east-1.amazonaws.com",
  "https://x.execute-api.us-east-1.amazonaws.com",
])("%j is none of STS's", async (endpoint) => {
  expect(await judge(endpoint, "us-east-1")).toMatchObject({
    fault: expect.stringContaining("is no endpoint of STS"),
    asked: [],
  });
});

it.each([
  "us-east-1.evil.example",
  "us-east-1.evil.example/",
  "us-east-1@evil",
  "us-east-1\n",
  "US-EAST-1",
  "cn-north-1.amazonaws",
  "",
])("%j is no Region that an address could be made of", async (region) => {
  expect(callerSchema.shape.region.safeParse(region).success).toBe(false);
  expect(await judge(`https://sts.${region}.amazonaws.com`, region)).toMatchObject({ asked: [] });
});
