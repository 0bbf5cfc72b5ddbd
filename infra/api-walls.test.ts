// Tests of who reaches the API, and of what it asks for: the templates as they are deployed, and
// its policy in a simulator of IAM.
import { anonymousPrincipal, runSimulation } from "@cloud-copilot/iam-simulate";
import { describe, expect, it } from "vitest";
import type { Json } from "./intrinsics.ts";
import { deployTemplate, propertiesOf, REGION, STORE_ACCOUNT } from "./simulation.ts";

const ENDPOINT = "vpce-0123456789abcdef0";
const PRIVATE = { EndpointType: "PRIVATE", VpcEndpoints: `${ENDPOINT},vpce-0fedcba9876543210` };
const ORGANIZATION = "o-a1b2c3d4e5";
const ASKS: Json = {
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "execute-api:Invoke", Resource: "*" }],
};

interface Caller {
  /** Whose signature the request has; without it nobody has signed. */
  readonly account?: string;
  readonly organization?: string;
  /** What the caller's own account grants. */
  readonly policies?: readonly Json[];
  readonly path?: string;
  readonly context?: Readonly<Record<string, string>>;
}

/** Whether the API's policy lets a request through, in an API that is deployed so. */
async function reaches(
  parameters: Readonly<Record<string, string>>,
  { account, organization, policies = [], path = "GET/reports", context = {} }: Caller = {},
): Promise<boolean> {
  const { Policy } = propertiesOf<{ Policy: Json }>(await deployTemplate("reader", parameters), "ApiRestApi");
  // API Gateway writes the rest of the ARN where a policy has the short form.
  const api = `arn:aws:execute-api:${REGION}:${STORE_ACCOUNT}:ApiRestApi/`;
  const resourcePolicy = JSON.parse(JSON.stringify(Policy).replaceAll("execute-api:/", api));
  const arn = account && `arn:aws:iam::${account}:role/people`;
  const { result, overallResult } = (await runSimulation(
    {
      request: {
        principal: arn ?? anonymousPrincipal,
        action: "execute-api:Invoke",
        resource: { resource: `${api}v1/${path}`, accountId: STORE_ACCOUNT },
        contextVariables: {
          ...(account && arn && { "aws:PrincipalAccount": account, "aws:PrincipalArn": arn }),
          ...(organization && { "aws:PrincipalOrgID": organization }),
          ...context,
        },
      },
      identityPolicies: policies.map((policy, index) => ({ name: `policy${index}`, policy })),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      resourcePolicy,
    },
    {},
  )) as { result: { ignoredContextKeys?: readonly string[] }; overallResult?: string };
  if (overallResult === undefined) throw new Error(JSON.stringify(result));
  return overallResult === "Allowed";
}

describe("the API's policy", () => {
  const from = (ip: string) => ({ context: { "aws:SourceIp": ip } });
  const through = (endpoint: string, ip = "10.1.2.3") => ({
    context: { "aws:SourceVpce": endpoint, "aws:VpcSourceIp": ip },
  });
  const SIGNED = { Authorization: "AWS_IAM" };
  const own = { account: STORE_ACCOUNT };
  const other = { account: "222222222222" };

  it.each<[string, Readonly<Record<string, string>>, Caller, boolean]>([
    ["anybody, as before", {}, from("198.51.100.1"), true],
    ["an address within", { AllowedCidrs: "203.0.113.0/24,2001:db8::/32" }, from("203.0.113.9"), true],
    [
      "an address of IPv6 within",
      { AllowedCidrs: "203.0.113.0/24,2001:db8::/32" },
      from("2001:db8::1"),
      true,
    ],
    ["an address outside", { AllowedCidrs: "203.0.113.0/24,2001:db8::/32" }, from("203.0.114.9"), false],
    [
      "health from outside",
      { AllowedCidrs: "203.0.113.0/24" },
      { ...from("1.2.3.4"), path: "GET/healthz" },
      false,
    ],
    ["a named endpoint", PRIVATE, through(ENDPOINT), true],
    ["another endpoint", PRIVATE, through("vpce-0aaaaaaaaaaaaaaaa"), false],
    ["no endpoint", PRIVATE, from("203.0.113.9"), false],
    ["an address of the VPC", { ...PRIVATE, AllowedCidrs: "10.1.0.0/16" }, through(ENDPOINT), true],
    ["another address", { ...PRIVATE, AllowedCidrs: "10.2.0.0/16" }, through(ENDPOINT), false],
    ["a signature of this account's", SIGNED, { ...own, policies: [ASKS] }, true],
    ["a signature without the right", SIGNED, own, false],
    ["no signature", SIGNED, {}, false],
    ["health without one", SIGNED, { path: "GET/healthz" }, true],
    ["readiness without one", SIGNED, { path: "GET/readyz" }, false],
    ["another account", SIGNED, { ...other, policies: [ASKS], organization: ORGANIZATION }, false],
    [
      "another account of the organization",
      { ...SIGNED, CallerOrganizationId: ORGANIZATION },
      { ...other, policies: [ASKS], organization: ORGANIZATION },
      true,
    ],
    [
      "another account of it, without the right",
      { ...SIGNED, CallerOrganizationId: ORGANIZATION },
      { ...other, organization: ORGANIZATION },
      false,
    ],
    [
      "this account of it, without the right",
      { ...SIGNED, CallerOrganizationId: ORGANIZATION },
      { ...own, organization: ORGANIZATION },
      false,
    ],
    [
      "another organization",
      { ...SIGNED, CallerOrganizationId: ORGANIZATION },
      { ...other, policies: [ASKS], organization: "o-other00000" },
      false,
    ],
    [
      "a signature from outside the networks",
      { ...SIGNED, AllowedCidrs: "203.0.113.0/24" },
      { ...own, policies: [ASKS], ...from("198.51.100.1") },
      false,
    ],
    ["the page, as anybody", {}, { path: "GET/page/assets/main.js" }, true],
    ["the page without a signature", SIGNED, { path: "GET/page/hosts" }, false],
    [
      "what the page asks, from another account",
      SIGNED,
      { ...other, policies: [ASKS], path: "GET/page/v1/reports" },
      false,
    ],
    ["a browser's preflight", { ...SIGNED, CorsOrigin: "*" }, { path: "OPTIONS/reports" }, true],
    ["a preflight where no page may", SIGNED, { path: "OPTIONS/reports" }, false],
  ])("%s: %j", async (_, parameters, caller, isLet) => {
    expect(await reaches(parameters, caller)).toBe(isLet);
  });
});

describe("the API's methods", () => {
  it.each([
    ["API_KEY", "NONE", true],
    ["AWS_IAM", "AWS_IAM", false],
    ["JWT", "CUSTOM", false],
  ])("ask for what the parameter says: %s", async (Authorization, AuthorizationType, ApiKeyRequired) => {
    const resources = await deployTemplate("reader", { Authorization });
    expect(resources.ApiProxyGET?.Properties).toMatchObject({ AuthorizationType, ApiKeyRequired });
    const authorizer = Authorization === "JWT" ? "ApiAuthorizer" : undefined;
    for (const name of ["ApiProxyHEAD", "ApiPageApiGET", "ApiPageQuestionsGET", "ApiProxyGET"])
      expect(resources[name]?.Properties.AuthorizerId, name).toBe(authorizer);
    expect(resources.ApiHealthGET?.Properties).not.toHaveProperty("AuthorizerId");
    expect(resources.ApiHealthGET?.Properties).toMatchObject({
      AuthorizationType: "NONE",
      ApiKeyRequired: false,
    });
    const { Environment } = propertiesOf<{ Environment: { Variables: object } }>(resources, "ReaderFunction");
    expect(Environment.Variables).toMatchObject({ ROLLCALL_AUTHORIZATION: Authorization });
  });

  it("a token's owner who may not ask is told so, where tokens are asked for", async () => {
    const told = async (parameters: Readonly<Record<string, string>>) =>
      JSON.stringify((await deployTemplate("reader", parameters)).ApiProblemACCESSDENIED);
    expect(await told({})).not.toContain("token");
    expect(await told({ Authorization: "JWT" })).toContain("The token gives no right to ask");
  });

  it("a request without a signature is told so, where signatures are asked for", async () => {
    const told = async (parameters: Readonly<Record<string, string>>) =>
      (await deployTemplate("reader", parameters)).ApiProblemMISSINGAUTHENTICATIONTOKEN?.Properties;
    expect(await told({})).toMatchObject({ StatusCode: "404" });
    const signed = await told({ Authorization: "AWS_IAM" });
    expect(signed).toMatchObject({ StatusCode: "403" });
    expect(JSON.stringify(signed)).toContain("not signed");
  });
});

it("a private API has its endpoints' names, and others have none", async () => {
  const configured = async (parameters = {}) =>
    (await deployTemplate("reader", parameters)).ApiRestApi?.Properties.EndpointConfiguration;
  expect(await configured(PRIVATE)).toEqual({
    Types: ["PRIVATE"],
    VpcEndpointIds: PRIVATE.VpcEndpoints.split(","),
  });
  expect(await configured()).toEqual({ Types: ["REGIONAL"] });
});

describe("web pages", () => {
  it("read nothing unless their origin is named", async () => {
    const resources = await deployTemplate("reader");
    expect(Object.keys(resources).filter((name) => name.includes("OPTIONS"))).toEqual([]);
    expect(JSON.stringify(resources.ApiProblemTHROTTLED)).not.toContain("Access-Control");
  });

  it("ask beforehand without a key, and read the gateway's own errors, where it is", async () => {
    const CorsOrigin = "https://wiki.example.com";
    const resources = await deployTemplate("reader", { CorsOrigin });
    expect(resources.ApiProxyOPTIONS?.Properties).toMatchObject({
      AuthorizationType: "NONE",
      ApiKeyRequired: false,
    });
    expect(resources.ApiPermitOPTIONS?.Properties.SourceArn).toMatch(/\/v1\/OPTIONS\/\*$/);
    expect(resources.ApiProblemTHROTTLED?.Properties.ResponseParameters).toMatchObject({
      "gatewayresponse.header.Access-Control-Allow-Origin": `'${CorsOrigin}'`,
      "gatewayresponse.header.Retry-After": "'1'",
    });
  });
});
