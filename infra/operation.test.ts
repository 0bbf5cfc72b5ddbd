// Tests of what a platform team asks of every stack: several regions in one account, boundaries and
// paths of roles, the program from a bucket.
import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { deploy, type Template } from "./intrinsics.ts";
import { deployTemplate } from "./simulation.ts";

type Name = "store" | "reader" | "publisher" | "hosts";

const NAMES: readonly Name[] = ["store", "reader", "publisher", "hosts"];
const NEEDED: Readonly<Record<Name, Readonly<Record<string, string>>>> = {
  store: {},
  reader: {},
  publisher: { Publishers: "{}" },
  hosts: { Bucket: "some-bucket", LegacyBucket: "old-bucket" },
};

async function deployIn(region: string, name: Name, parameters: Readonly<Record<string, string>> = {}) {
  const file = new URL(`templates/rollcall-${name}.template.json`, import.meta.url);
  const template = JSON.parse(await readFile(file, "utf8")) as Template;
  return deploy(template, {
    account: "111111111111",
    region,
    parameters: { ...NEEDED[name], ...parameters },
  });
}

/** What has one name in all regions of an account, by what says the name. */
const WITHOUT_REGION: Readonly<Record<string, string>> = {
  "AWS::IAM::Role": "RoleName",
  "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
  "AWS::IAM::InstanceProfile": "InstanceProfileName",
  "AWS::IAM::User": "UserName",
  "AWS::IAM::Group": "GroupName",
  "AWS::CloudWatch::Dashboard": "DashboardName",
  "AWS::S3::Bucket": "BucketName",
};

const listNames = (resources: Awaited<ReturnType<typeof deployIn>>) =>
  Object.values(resources).flatMap(({ Type, Properties }) => {
    const name = Properties[WITHOUT_REGION[Type] ?? ""];
    return name === undefined ? [] : [`${Type} ${String(name)}`];
  });

describe("two regions of one account", () => {
  it.each(NAMES)("have no name of rollcall-%s in common", async (name) => {
    const [one, other] = await Promise.all([
      deployIn("ap-northeast-1", name),
      // As deploy-hosts.sh calls them where the account has the name already.
      deployIn("eu-west-1", name, name === "hosts" ? { HostName: "rollcall-host-eu-west-1" } : {}),
    ]);
    const names = listNames(one);
    if (name !== "publisher") expect(names.length).toBeGreaterThan(0);
    expect(listNames(other).filter((each) => names.includes(each))).toEqual([]);
  });

  it("have no outputs that are exported, whose names would be taken", async () => {
    for (const name of NAMES) {
      const file = new URL(`templates/rollcall-${name}.template.json`, import.meta.url);
      expect(await readFile(file, "utf8")).not.toContain('"Export"');
    }
  });
});

describe.each(["reader", "publisher", "hosts"] as const)("the roles of rollcall-%s", (name) => {
  const all = async (parameters: Readonly<Record<string, string>>) =>
    Object.values(await deployTemplate(name, { ...NEEDED[name], ...parameters }));
  const rolesOf = async (parameters: Readonly<Record<string, string>>) =>
    (await all(parameters)).filter(({ Type }) => Type === "AWS::IAM::Role");

  it("get a boundary of the account and a path where they are named, each of them", async () => {
    const roles = await rolesOf({ PermissionsBoundary: "boundaries/standard", RolePath: "/rollcall/" });
    expect(roles.length).toBeGreaterThan(0);
    for (const { Properties } of roles)
      expect(Properties).toMatchObject({
        PermissionsBoundary: "arn:aws:iam::111111111111:policy/boundaries/standard",
        Path: "/rollcall/",
      });
    for (const { Properties } of await rolesOf({})) {
      expect(Properties).not.toHaveProperty("PermissionsBoundary");
      expect(Properties.Path).toBe("/");
    }
  });

  it("leave no policy and no profile at another path", async () => {
    const others = (await all({ RolePath: "/rollcall/" })).filter(({ Type }) =>
      /ManagedPolicy|InstanceProfile/.test(Type),
    );
    if (name === "hosts") expect(others).toHaveLength(3);
    for (const { Properties } of others) expect(Properties.Path).toBe("/rollcall/");
  });
});

describe.each(["reader", "publisher"] as const)("the functions of rollcall-%s", (name) => {
  const codesOf = async (parameters: Readonly<Record<string, string>>) =>
    Object.values(await deployTemplate(name, { ...NEEDED[name], ...parameters }))
      .filter(({ Type }) => Type === "AWS::Lambda::Function")
      .map(({ Properties }) => Properties.Code);

  it("have their program from a bucket where one is named, and else in the template", async () => {
    const inBucket = await codesOf({ S3Bucket: "programs", S3Key: "rollcall/1-rollcall-lambda.zip" });
    expect(inBucket.length).toBeGreaterThan(0);
    for (const code of inBucket)
      expect(code).toEqual({ S3Bucket: "programs", S3Key: "rollcall/1-rollcall-lambda.zip" });
    for (const code of await codesOf({}))
      expect(code).toEqual({ ZipFile: expect.stringContaining("// rollcall:") });
  });
});
