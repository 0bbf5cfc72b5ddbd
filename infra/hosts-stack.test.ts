// Tests of what a host's account gets.
import { App } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { describe, expect, it } from "vitest";
import { departureOf, OTHER_ROLE_ID, readPolicy, reportOf, session } from "./callers.ts";
import { BUCKET, deployTemplate, isAllowed, ORGANIZATION } from "./simulation.ts";
import { addStacks } from "./stacks.ts";

const hosts = Template.fromStack(addStacks(new App({ analyticsReporting: false }), { form: "plain" }).hosts);

describe("hosts", () => {
  it("get two rights and no more, in a policy that can stand alone", async () => {
    const { Policy, ...others } = await deployTemplate("hosts", {
      Bucket: "some-bucket",
      CreateRole: "false",
    });
    expect(others).toEqual({});
    const own = "/v1/$" + "{aws:PrincipalAccount}/$" + "{aws:userid}.json";
    expect(Policy?.Properties.PolicyDocument).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Sid: "PutOwn",
          Effect: "Allow",
          Action: "s3:PutObject",
          Resource: [`arn:aws:s3:::some-bucket/reports${own}`, `arn:aws:s3:::some-bucket/departures${own}`],
        },
        {
          Sid: "GetSpecs",
          Effect: "Allow",
          Action: "s3:GetObject",
          Resource: "arn:aws:s3:::some-bucket/specs/*",
        },
      ],
    });
  });

  it("get a role and its profile, of the same name in every account", async () => {
    const { Policy, Role, InstanceProfile } = await deployTemplate("hosts", { Bucket: "some-bucket" });
    expect(Policy?.Properties.ManagedPolicyName).toBe("rollcall-host");
    expect(Role?.Properties).toMatchObject({ RoleName: "rollcall-host", ManagedPolicyArns: ["Policy"] });
    expect(InstanceProfile?.Properties).toMatchObject({
      InstanceProfileName: "rollcall-host",
      Roles: ["Role"],
    });
    hosts.resourceCountIs("AWS::IAM::Policy", 0);
  });

  it("attach to roles of the account that are named, and to none by default", async () => {
    const attachedTo = async (RoleNames?: string) =>
      (await deployTemplate("hosts", { Bucket: "some-bucket", ...(RoleNames && { RoleNames }) })).Policy
        ?.Properties.Roles;
    expect(await attachedTo()).toBeUndefined();
    expect(await attachedTo("landing-zone-host")).toEqual(["landing-zone-host"]);
    expect(await attachedTo("web,worker")).toEqual(["web", "worker"]);
    const { Role, InstanceProfile } = await deployTemplate("hosts", {
      Bucket: "some-bucket",
      RoleNames: "web",
      CreateRole: "false",
    });
    expect([Role, InstanceProfile]).toEqual([undefined, undefined]);
  });

  it.each(["web", "Web_1+=.@-", "a,b,c"])("take %s for names of roles", (names) => {
    expect(names).toMatch(new RegExp(String(parameter("RoleNames").AllowedPattern)));
  });

  it.each(["web, worker", "web,", ",web", "arn:aws:iam::111111111111:role/web", "a/b", "x".repeat(65)])(
    "do not take %s for names of roles",
    (names) => {
      expect(names).not.toMatch(new RegExp(String(parameter("RoleNames").AllowedPattern)));
    },
  );
});

describe("a role that was there, and is named in RoleNames,", async () => {
  const store = readPolicy((await deployTemplate("store", { OrganizationId: ORGANIZATION })).BucketPolicy);
  const { Policy } = await deployTemplate("hosts", { Bucket: BUCKET, RoleNames: "web" });
  const policies = (role: string) =>
    ((Policy?.Properties.Roles ?? []) as readonly string[]).includes(role) ? [readPolicy(Policy)] : [];
  const web = session({ roleId: OTHER_ROLE_ID, policies: policies("web") });
  const worker = session({ roleId: OTHER_ROLE_ID, policies: policies("worker") });
  const put = (key: string) => ({ action: "s3:PutObject", key });

  const cases = [
    ["allow", web, put(reportOf(web)), "its own report"],
    ["allow", web, put(departureOf(web)), "its own departure"],
    ["allow", web, { action: "s3:GetObject", key: "specs/v1/current.json" }, "a published spec"],
    ["deny", web, put(reportOf(session())), "the same instance's report under rollcall-host's role"],
    [
      "deny",
      web,
      put(reportOf(session({ roleId: OTHER_ROLE_ID, session: "i-0b2" }))),
      "a neighbour's report",
    ],
    ["deny", web, { action: "s3:GetObject", key: reportOf(web) }, "its own report back"],
    ["deny", web, { action: "s3:ListBucket" }, "a list"],
    ["deny", worker, put(reportOf(worker)), "its own report: a role that is not named"],
  ] as const;

  it.each(
    cases.map(
      ([decision, who, request, why]) =>
        [`${decision} ${request.action}: ${why}`, decision, who, request] as const,
    ),
  )("%s", async (_title, decision, who, request) => {
    expect(await isAllowed(store, who, request)).toBe(decision === "allow");
  });
});

function parameter(name: string): { readonly AllowedPattern?: string } {
  return hosts.toJSON().Parameters[name];
}
