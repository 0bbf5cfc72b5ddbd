// Why rights on the store may end in `*`: what AWS's rules want said of each (cdk-nag,
// AwsSolutions-IAM5).
import { Stack, Validations } from "aws-cdk-lib";
import type { Construct } from "constructs";
import type { StoreRights } from "./store-rights.ts";

/**
 * By a key's beginning. Those of hosts have accounts, roles and instances in them, which come and
 * go.
 */
const REASONS: readonly (readonly [prefix: string, reason: string])[] = [
  ["reports/", "Every host's report is read, and hosts come and go."],
  ["departures/", "Every host's departure is read, and hosts come and go."],
  ["i-", "Reports at the top of the bucket are named after instances, which come and go."],
  ["snapshots/", "Pieces of the snapshot are named after what is in them."],
  ["specs/", "Specs are numbered as they are published, and are meant for all hosts."],
  ["publishers/", "What publishers keep is named after them."],
  ["history/", "Entries of history are numbered, and days that are closed have folders of their own."],
  ["answers/", "Answers are named after what is in them; nothing else lies there."],
];

/**
 * Acknowledges each right on keys that end in `*`. One for which there is no reason here stays a
 * finding.
 */
export function acknowledgePatterns(construct: Construct, bucketArn: string, rights: StoreRights): void {
  const keys = new Set([...rights.get, ...rights.put, ...(rights.delete ?? [])]);
  for (const key of keys) {
    const reason = REASONS.find(([prefix]) => key.startsWith(prefix))?.[1];
    if (reason === undefined) continue;
    const id = `AwsSolutions-IAM5[Resource::${formatFinding(construct, `${bucketArn}/${key}`)}]`;
    Validations.of(construct).acknowledge({ id, reason });
  }
}

/**
 * The form in which cdk-nag names what is only known when the stack is deployed: `<Bucket>` for a
 * reference, JSON for the rest.
 */
function formatFinding(construct: Construct, arn: string): string {
  const resolved: unknown = Stack.of(construct).resolve(arn);
  const parts = (resolved as { "Fn::Join": readonly [string, readonly unknown[]] })["Fn::Join"][1];
  return parts
    .map((part) => {
      if (typeof part === "string") return part;
      const { Ref: name } = part as { readonly Ref?: string };
      return name === undefined ? JSON.stringify(part) : `<${name}>`;
    })
    .join("");
}
