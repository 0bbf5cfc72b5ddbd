// What rollcall aws init does for a bucket that is moved from: looks at it, and says which policy
// it should have and what that would shut out.

import { lookAtOldBucket, type OldBucketLook } from "../../store/old-bucket.ts";
import { planOldBucketPolicy } from "../../store/old-bucket-policy.ts";
import { openStore } from "../../store/open.ts";
import { parseS3Url } from "../../store/s3-url.ts";
import { StoreError } from "../../store/store.ts";
import type { Io } from "../program/io.ts";
import type { Deployment } from "./aws-answers.ts";
import { quoteWord } from "./aws-deployment.ts";

export const POLICY_FILE = "bucket-policy.json";

/** The file's text, where it can be made; and what to tell. */
export interface OldBucketAdvice {
  readonly policy: string | undefined;
  readonly lines: readonly string[];
}

/**
 * Looks at the bucket with the credentials at hand.
 *
 * @param account where the reader is deployed; else the account of the credentials
 * @param out the folder that is written, as its user calls it
 */
export async function adviseOnOldBucket(
  deployment: Deployment,
  { account: given, out }: { readonly account: string | undefined; readonly out: string },
  io: Io,
): Promise<OldBucketAdvice> {
  const { bucket } = deployment;
  const url = `s3://${bucket}`;
  try {
    const look = await io.waiting.during(`looking at ${url}`, lookAtOldBucket(parseS3Url(url), io.env));
    const account = given ?? (await io.waiting.during("asking whose credentials these are", ask(url, io)));
    if (account === undefined) return explainMissing(bucket, "which account these credentials are of");
    const { region = "" } = look;
    const policy = planOldBucketPolicy({
      ...deployment,
      account,
      partition: region.startsWith("cn-") ? "aws-cn" : region.startsWith("us-gov-") ? "aws-us-gov" : "aws",
      current: look.policy,
    });
    return { policy, lines: describeOldBucket(bucket, `${out}/${POLICY_FILE}`, look) };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return explainMissing(bucket, error instanceof StoreError ? error.reason : error.message);
  }
}

async function ask(url: string, { clock, cwd, env }: Io): Promise<string | undefined> {
  const store = await openStore(url, { clock, cwd, env, isReadOnly: true });
  try {
    return (await store.identify?.())?.account;
  } finally {
    await store.close?.();
  }
}

function explainMissing(bucket: string, why: string): OldBucketAdvice {
  return {
    policy: undefined,
    lines: [
      `${POLICY_FILE} is not written: the policy of ${bucket} and what lies there cannot be told: ${why}.`,
      "Run this again with credentials that have s3:GetBucketPolicy and s3:ListBucket there, and " +
        "--account ID where they are not of the account that you deploy into. The bucket needs the " +
        "policy if it is another account's, or if hosts that never had the script are to write the old form.",
    ],
  };
}

/** What to tell of a look. @param path the policy's file, as its user calls it */
export function describeOldBucket(bucket: string, path: string, look: OldBucketLook): string[] {
  const { shutOut, listed, isWhole, ownsAll } = look;
  const among = isWhole ? `of its ${listed} objects` : `of its first ${listed} objects (there are more)`;
  const nothing = isWhole
    ? "It shuts nothing out"
    : `It shuts out nothing among the first ${listed}, and of the others that cannot be told`;
  const unseen = shutOut.count - shutOut.keys.length;
  return [
    `${path} has all statements of ${bucket}'s policy, and those for Rollcall. Set it if the bucket is ` +
      "another account's, if hosts that never had the script are to write the old form, or to keep " +
      "instances from writing anything but reports:",
    `  $ aws s3api put-bucket-policy --bucket ${bucket} --policy ${quoteWord(`file://${path}`)}`,
    shutOut.count === 0
      ? `${nothing}: ${among} each is INSTANCE_ID.json, or lies where its host may write.`
      : `Instances could then put nothing but reports, and ${among} ${shutOut.count} are something else. ` +
        "If an instance writes them, add them to NotResource first:",
    ...shutOut.keys.map((key) => `  ${JSON.stringify(key)}`),
    ...(unseen > 0 ? [`  and ${unseen} more`] : []),
    ...(ownsAll === false
      ? [
          `Objects in ${bucket} belong to whoever puts them: what hosts of other accounts write, its ` +
            "owner may not be able to read, and the old API would fail by it. Before such hosts write " +
            `there: aws s3api put-bucket-ownership-controls --bucket ${bucket} --ownership-controls ` +
            "'Rules=[{ObjectOwnership=BucketOwnerEnforced}]'",
        ]
      : []),
  ];
}
