// Tests that the policy for a bucket that is moved from, which the program writes, and the stacks'
// policies mean the same by an instance and by its keys.
import { expect, it } from "vitest";
import { INSTANCE_SESSION, OWN_KEYS, TOP_LEVEL_REPORTS } from "../../infra/keys.ts";
import { planOldBucketPolicy } from "../../src/store/old-bucket-policy.ts";

interface Statement {
  readonly Sid: string;
}

it("takes for an instance and its keys what the stacks take", () => {
  const policy = planOldBucketPolicy({
    bucket: "app-configs",
    account: "111111111111",
    name: "rollcall",
    organization: "",
    accounts: [],
    current: JSON.stringify({ Version: "2012-10-17", Statement: [] }),
  });
  const { Statement: statements } = JSON.parse(policy) as { Statement: Statement[] };
  const find = (sid: string) => statements.find(({ Sid }) => Sid === sid);
  expect(find("RollcallHostsPutTheOldForm")).toMatchObject({
    Resource: [`arn:aws:s3:::app-configs/${TOP_LEVEL_REPORTS}`],
    Condition: { StringLike: { "aws:userid": INSTANCE_SESSION } },
  });
  expect(find("RollcallInstancesPutReportsAlone")).toMatchObject({
    NotResource: [TOP_LEVEL_REPORTS, ...OWN_KEYS].map((key) => `arn:aws:s3:::app-configs/${key}`),
  });
});
