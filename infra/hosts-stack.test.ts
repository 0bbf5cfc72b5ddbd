// Tests of what a host's account gets.
import { App } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { describe, expect, it } from "vitest";
import { deployTemplate } from "./simulation.ts";
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
});
