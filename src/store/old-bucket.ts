// A look at a bucket that is moved from: its policy, who owns its objects, and what lies in it.
// Nothing is written.
import {
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  type S3Client,
} from "@aws-sdk/client-s3";
import {
  type BucketEnvironment,
  explainBucketError,
  findRegion,
  judgeRefusal,
  openBucketClient,
} from "./bucket-client.ts";
import { createShutOut, type ShutOut } from "./old-bucket-policy.ts";
import type { S3Location } from "./s3-url.ts";

/** Of a bucket with more objects only the first ones are looked at. */
const MAX_LISTED = 200_000;

export interface OldBucketLook {
  /** The policy in force, as JSON; undefined where there is none. */
  readonly policy: string | undefined;
  readonly shutOut: ShutOut;
  /** Objects that were listed, and whether those were all. */
  readonly listed: number;
  readonly isWhole: boolean;
  /**
   * Whether all objects are the bucket owner's, whoever puts them; undefined where that cannot be
   * told.
   */
  readonly ownsAll: boolean | undefined;
  readonly region: string | undefined;
}

/** Looks. @throws StoreError that says which right is missing */
export async function lookAtOldBucket(location: S3Location, env: BucketEnvironment): Promise<OldBucketLook> {
  const client = await openBucketClient(location, env);
  try {
    const policy = await readPolicy(client, location.bucket);
    const ownsAll = await readOwnership(client, location.bucket);
    return { policy, ownsAll, region: findRegion(location, env), ...(await list(client, location.bucket)) };
  } catch (error) {
    throw explainBucketError(error, location);
  } finally {
    client.destroy();
  }
}

async function readPolicy(client: S3Client, Bucket: string): Promise<string | undefined> {
  try {
    return (await client.send(new GetBucketPolicyCommand({ Bucket }))).Policy;
  } catch (error) {
    if (judgeRefusal(error) === "absent") return undefined;
    throw error;
  }
}

async function readOwnership(client: S3Client, Bucket: string): Promise<boolean | undefined> {
  try {
    const { OwnershipControls } = await client.send(new GetBucketOwnershipControlsCommand({ Bucket }));
    return OwnershipControls?.Rules?.some(({ ObjectOwnership }) => ObjectOwnership === "BucketOwnerEnforced");
  } catch (error) {
    const refusal = judgeRefusal(error);
    if (refusal === "absent") return false;
    if (refusal !== undefined) return undefined;
    throw error;
  }
}

async function list(client: S3Client, Bucket: string) {
  const shutOut = createShutOut();
  let listed = 0;
  let ContinuationToken: string | undefined;
  do {
    const page: ListObjectsV2CommandOutput = await client.send(
      new ListObjectsV2Command({ Bucket, ...(ContinuationToken && { ContinuationToken }) }),
    );
    for (const { Key = "" } of page.Contents ?? []) shutOut.take(Key);
    listed += page.Contents?.length ?? 0;
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken !== undefined && listed < MAX_LISTED);
  return { shutOut: shutOut.found, listed, isWhole: ContinuationToken === undefined };
}
