// Tests of what is told of a bucket that is moved from.
import { expect, it } from "vitest";
import type { OldBucketLook } from "../../store/old-bucket.ts";
import { describeOldBucket } from "./aws-old-bucket.ts";

const LOOK: OldBucketLook = {
  policy: undefined,
  shutOut: { count: 0, keys: [] },
  listed: 3,
  isWhole: true,
  ownsAll: true,
  region: "ap-northeast-1",
};

const tell = (more: Partial<OldBucketLook>) =>
  describeOldBucket("app-configs", "aws/bucket-policy.json", { ...LOOK, ...more }).join("\n");

it("says that nothing is shut out only where all was looked at", () => {
  expect(tell({})).toContain("It shuts nothing out: of its 3 objects each is");
  const part = tell({ listed: 200_000, isWhole: false });
  expect(part).not.toContain("shuts nothing out");
  expect(part).toContain("nothing among the first 200000, and of the others that cannot be told");
});

it("shows what is shut out, and that there is more", () => {
  const told = tell({ listed: 200_000, isWhole: false, shutOut: { count: 21, keys: ["web01.json"] } });
  expect(told).toContain("of its first 200000 objects (there are more) 21 are something else");
  expect(told).toContain('  "web01.json"\n  and 20 more');
});
