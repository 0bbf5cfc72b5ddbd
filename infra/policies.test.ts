// Tests of who may do what, by a simulator of IAM over the committed templates: the store's policy
// and the caller's own, as AWS takes them together.
import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { MEMBER, OTHER_MEMBER, readPolicy } from "./callers.ts";
import type { Json } from "./intrinsics.ts";
import { ISOLATION, WIDE_ALONE_CASES } from "./isolation-cases.ts";
import { WIDE_ALLOW } from "./isolation-row.ts";
import { KEY_CASES } from "./key-policy-cases.ts";
import {
  ADDED_ALONE_CASES,
  CROSS_ACCOUNT_CASES,
  MOVING_CASES,
  NARROWED_CASES,
  NO_POLICY_CASES,
  readOldBucketPolicy,
  readOwnStatements,
  WIDE_POLICY,
} from "./moving-policy-cases.ts";
import {
  ACCOUNTS_CASES,
  ALONE_CASES,
  type Case,
  INSTANCE_CASES,
  OLD_BUCKET_CASES,
  ORGANIZATION_CASES,
  OWN_ACCOUNT_CASES,
} from "./policy-cases.ts";
import { BUCKET, deployTemplate, isAllowed, ORGANIZATION, STORE_ACCOUNT } from "./simulation.ts";

/** One test for each case. @param policy undefined for a bucket that has none */
function check(policy: Json | undefined, cases: readonly Case[]): void {
  it.each(
    cases.map(([decision, who, request, why]) => {
      const asked = `${request.action} ${request.kms?.arn ?? request.key ?? "(the bucket)"}`;
      return [
        `${decision} ${asked} by ${who.userId ?? "nobody"} of ${who.account}: ${why}`,
        decision,
        who,
        request,
      ] as const;
    }),
  )("%s", async (_title, decision, who, request) => {
    expect(await isAllowed(policy, who, request)).toBe(decision === "allow");
  });
}

describe("a host, were the bucket's policy to let its account do anything", () => {
  const statement = {
    Effect: "Allow",
    Principal: { AWS: MEMBER },
    Action: "s3:*",
    Resource: [`arn:aws:s3:::${BUCKET}`, `arn:aws:s3:::${BUCKET}/*`],
  };
  check({ Version: "2012-10-17", Statement: [statement] }, ALONE_CASES);
});

describe("the program, at a bucket that has no policy", () => {
  check(undefined, OLD_BUCKET_CASES);
});

describe("a bucket that is moved from", () => {
  describe("without a policy", () => check(undefined, [...MOVING_CASES, ...NO_POLICY_CASES]));

  describe("whose policy lets hosts put anything", () => check(WIDE_POLICY, MOVING_CASES));

  describe("with what rollcall aws init writes for such a one", async () => {
    check(await readOldBucketPolicy(), NARROWED_CASES);
  });

  describe("with that alone", async () => {
    check(await readOwnStatements(), ADDED_ALONE_CASES);
  });

  describe("in another account, with the same", async () => {
    check(await readOldBucketPolicy(), CROSS_ACCOUNT_CASES);
  });
});

describe("the program, at a bucket with a key of its owner's own", () => {
  const statement = {
    Effect: "Allow",
    Principal: { AWS: `arn:aws:iam::${STORE_ACCOUNT}:root` },
    Action: "kms:*",
    Resource: "*",
  };
  check({ Version: "2012-10-17", Statement: [statement] }, KEY_CASES);
});

describe("a bucket with an old one's wide Allow alone", () => {
  check({ Version: "2012-10-17", Statement: [WIDE_ALLOW] }, WIDE_ALONE_CASES);
});

describe("who may do what", () => {
  for (const { who, shown } of ISOLATION)
    for (const { store, added, cases } of shown) {
      const name = `${who}: ${Object.keys(store).join()}${added ? ", and a wide Allow was added" : ""}`;
      describe(name, async () => {
        const policy = readPolicy((await deployTemplate("store", store)).BucketPolicy) as {
          readonly Statement: readonly Json[];
        };
        check({ ...policy, Statement: [...policy.Statement, ...(added ? [added] : [])] }, cases);
      });
    }

  it("is what docs/aws.md says, and each row has its cases", async () => {
    const page = await readFile(new URL("../docs/aws.md", import.meta.url), "utf8");
    const [, table = ""] =
      /\n\| who \| may \| may not \|\n\| --- \| --- \| --- \|\n((?:\|.*\n)+)/.exec(page) ?? [];
    expect(table).toBe(ISOLATION.map(({ who, may, mayNot }) => `| ${who} | ${may} | ${mayNot} |\n`).join(""));
    for (const { who, may, shown } of ISOLATION) {
      const decisions = new Set(shown.flatMap(({ cases }) => cases.map(([decision]) => decision)));
      expect([who, ...[...decisions].sort()]).toEqual([who, ...(may === "nothing" ? [] : ["allow"]), "deny"]);
    }
  });
});

describe.each([
  ["with an organisation", { OrganizationId: ORGANIZATION }, ORGANIZATION_CASES],
  ["with accounts", { Accounts: `${MEMBER},${OTHER_MEMBER}` }, ACCOUNTS_CASES],
  ["with neither", {}, OWN_ACCOUNT_CASES],
  [
    "with an organisation, asking for the instance's ARN",
    { OrganizationId: ORGANIZATION, RequireInstance: "true" },
    INSTANCE_CASES,
  ],
])("the store %s", async (_, parameters, cases) => {
  const policy = readPolicy((await deployTemplate("store", parameters)).BucketPolicy);

  check(policy, cases);

  it(
    "gives no principal anything but that: every statement that allows names accounts " +
      "or an organisation",
    () => {
      const { Statement } = policy as { readonly Statement: readonly Readonly<Record<string, never>>[] };
      for (const { Effect, Principal, Condition } of Statement as readonly Record<
        string,
        { AWS: unknown }
      >[]) {
        if (String(Effect) !== "Allow") continue;
        const isFixed = !JSON.stringify(Principal).includes("*");
        expect(
          isFixed ||
            JSON.stringify(Condition).includes(`"StringEquals":{"aws:PrincipalOrgID":"${ORGANIZATION}"}`),
        ).toBe(true);
      }
    },
  );
});

describe("roles", async () => {
  const trusted = async (stack: "reader" | "hosts", parameters = {}) => {
    const resources = await deployTemplate(stack, parameters);
    const roles = Object.entries(resources).filter(([, { Type }]) => Type === "AWS::IAM::Role");
    return Object.fromEntries(
      roles.map(([name, { Properties }]) => {
        const { Statement } = Properties.AssumeRolePolicyDocument as unknown as {
          readonly Statement: readonly object[];
        };
        return [name, Statement];
      }),
    );
  };
  const trust = (service: string) => ({
    Effect: "Allow",
    Principal: { Service: service },
    Action: "sts:AssumeRole",
  });

  it("of hosts are EC2's alone to assume, so that nobody picks a session's name", async () => {
    expect(await trusted("hosts", { Bucket: "b-1" })).toEqual({ Role: [trust("ec2.amazonaws.com")] });
    expect(await trusted("hosts", { Bucket: "b-1", CreateRole: "false" })).toEqual({});
  });

  it("of the publisher are its services' alone, and see secrets below one path", async () => {
    const { PublisherRole, ScheduleRole } = await deployTemplate("publisher", {
      Publishers: "{}",
      ParameterPath: "ours",
    });
    expect(JSON.stringify(PublisherRole?.Properties.AssumeRolePolicyDocument)).toContain(
      '"Service":"lambda.amazonaws.com"',
    );
    expect(JSON.stringify(ScheduleRole?.Properties.AssumeRolePolicyDocument)).toContain(
      '"Service":"scheduler.amazonaws.com"',
    );
    expect(JSON.stringify(PublisherRole?.Properties.Policies)).toContain(`:parameter/ours/*`);
  });

  it("of the program are its services' alone", async () => {
    const own = { Condition: { StringEquals: { "aws:SourceAccount": STORE_ACCOUNT } } };
    expect(await trusted("reader")).toEqual({
      ReaderRole: [trust("lambda.amazonaws.com")],
      RefresherRole: [trust("lambda.amazonaws.com")],
      RefresherScheduleRole: [{ ...trust("scheduler.amazonaws.com"), ...own }],
      ApiLogRoleRole: [trust("apigateway.amazonaws.com")],
    });
  });
});
