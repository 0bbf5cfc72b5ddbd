// Sets up a bucket for Rollcall, one part after another, and says what became of each. Heavy: only
// `rollcall store init` loads it.
import {
  CreateBucketCommand,
  type CreateBucketCommandInput,
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  PutBucketEncryptionCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutPublicAccessBlockCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import {
  type BucketEnvironment,
  explainBucketError,
  findRegion,
  judgeRefusal,
  openBucketClient,
  readError,
} from "./bucket-client.ts";
import {
  type Lifecycle,
  planEncryption,
  planLifecycle,
  planOwnership,
  planPublicAccessBlock,
  planTlsPolicy,
  warnOfLifecycle,
} from "./bucket-plan.ts";
import { findNamedEndpoint, isAwsEndpoint } from "./s3-endpoint.ts";
import { formatS3Url, type S3Location } from "./s3-url.ts";
import { StoreError } from "./store.ts";

/** What became of a part: `failed` and `denied` leave work to do, `left_out` has its reason. */
export type SetupOutcome =
  | "set"
  | "would_set"
  | "already_so"
  | "not_supported"
  | "left_out"
  | "denied"
  | "failed";

export interface SetupStep {
  readonly step: string;
  readonly outcome: SetupOutcome;
  /** The IAM action that is missing, where the outcome is `denied`. */
  readonly needs?: string;
  /** Why, where the outcome alone does not say it. */
  readonly detail?: string;
}

export interface Setup {
  readonly steps: readonly SetupStep[];
  readonly warnings: readonly string[];
}

export interface SetupOptions {
  readonly location: S3Location;
  readonly env: BucketEnvironment;
  /** Whether reports at the top of the store should expire too. */
  readonly topLevel: boolean;
  /** Whether to look and change nothing. */
  readonly dryRun: boolean;
}

/** One part of a bucket's configuration. T is what the server says of it. */
interface Part<T> {
  readonly step: string;
  readonly readAction: string;
  readonly writeAction: string;
  /** @returns undefined where a server that does not know the part answers with something else */
  readonly read: () => Promise<T | undefined>;
  /** What to write; undefined if all is so already. */
  readonly plan: (current: T | undefined) => T | undefined;
  readonly write: (wanted: T) => Promise<unknown>;
  /** What to say beside the outcome. */
  readonly note?: string;
  /** Told of what was found. */
  readonly onFound?: (current: T) => void;
}

/**
 * Sets up the bucket: makes it if it is missing, closes it to the public, gives its objects to its
 * owner, encrypts it, lets reports expire after a day, and denies plain HTTP. What is so already
 * stays; a part that is denied does not keep the others from being done.
 *
 * @throws StoreError if the server cannot be reached, refuses the keys, or the bucket belongs to
 *   somebody else
 */
export async function setUpBucket(options: SetupOptions): Promise<Setup> {
  const { location, env } = options;
  const client = await openBucketClient(location, env);
  try {
    return await setUp(client, options);
  } catch (error) {
    throw explainBucketError(error, location);
  } finally {
    client.destroy();
  }
}

async function setUp(client: S3Client, { location, env, topLevel, dryRun }: SetupOptions): Promise<Setup> {
  const warnings: string[] = [];
  const bucketStep = await makeBucket(client, { location, env, dryRun });
  if (bucketStep.needs === "s3:CreateBucket") return { steps: [bucketStep], warnings };
  const isMissing = bucketStep.outcome === "would_set";
  const settle = <T>(part: Part<T>): Promise<SetupStep> => settlePart(part, { isMissing, dryRun });
  const Bucket = location.bucket;
  const isAws = isAwsEndpoint(findNamedEndpoint(location, env));
  const steps = [bucketStep];

  steps.push(
    await settle({
      step: "public access block",
      readAction: "s3:GetBucketPublicAccessBlock",
      writeAction: "s3:PutBucketPublicAccessBlock",
      read: async () =>
        (await client.send(new GetPublicAccessBlockCommand({ Bucket }))).PublicAccessBlockConfiguration,
      plan: (current) => planPublicAccessBlock(current, { isAws }),
      ...(!isAws && {
        note: "all but BlockPublicAcls, which makes some servers refuse every write; public ACLs are ignored",
      }),
      write: (PublicAccessBlockConfiguration) =>
        client.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration })),
    }),
    await settle({
      step: "objects belong to the bucket's owner",
      readAction: "s3:GetBucketOwnershipControls",
      writeAction: "s3:PutBucketOwnershipControls",
      read: async () => {
        const { OwnershipControls } = await client.send(new GetBucketOwnershipControlsCommand({ Bucket }));
        return OwnershipControls?.Rules && OwnershipControls;
      },
      plan: planOwnership,
      write: (OwnershipControls) =>
        client.send(new PutBucketOwnershipControlsCommand({ Bucket, OwnershipControls })),
    }),
    await settle({
      step: "default encryption",
      readAction: "s3:GetEncryptionConfiguration",
      writeAction: "s3:PutEncryptionConfiguration",
      read: async () => {
        const { ServerSideEncryptionConfiguration } = await client.send(
          new GetBucketEncryptionCommand({ Bucket }),
        );
        return ServerSideEncryptionConfiguration?.Rules && ServerSideEncryptionConfiguration;
      },
      plan: planEncryption,
      write: (ServerSideEncryptionConfiguration) =>
        client.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration })),
    }),
    await settle<Lifecycle>({
      step: "expiry after a day",
      readAction: "s3:GetLifecycleConfiguration",
      writeAction: "s3:PutLifecycleConfiguration",
      read: async () => {
        const { Rules, TransitionDefaultMinimumObjectSize } = await client.send(
          new GetBucketLifecycleConfigurationCommand({ Bucket }),
        );
        return {
          Rules: Rules ?? [],
          ...(TransitionDefaultMinimumObjectSize && { TransitionDefaultMinimumObjectSize }),
        };
      },
      plan: (current) => planLifecycle(current, { prefix: location.prefix, topLevel }),
      write: ({ Rules, TransitionDefaultMinimumObjectSize }) =>
        client.send(
          new PutBucketLifecycleConfigurationCommand({
            Bucket,
            LifecycleConfiguration: { Rules },
            ...(TransitionDefaultMinimumObjectSize && { TransitionDefaultMinimumObjectSize }),
          }),
        ),
      onFound: (current) => warnings.push(...warnOfLifecycle(current, location.prefix)),
    }),
  );
  steps.push(await denyPlainHttp(client, { location, env }, settle));
  return { steps, warnings };
}

async function denyPlainHttp(
  client: S3Client,
  { location, env }: Pick<SetupOptions, "location" | "env">,
  settle: (part: Part<string>) => Promise<SetupStep>,
): Promise<SetupStep> {
  const step = "TLS only";
  // Whoever speaks plain HTTP would lock itself out.
  if (findNamedEndpoint(location, env)?.protocol === "http:")
    return { step, outcome: "left_out", detail: "the endpoint speaks plain HTTP" };
  const region = findRegion(location, env);
  const Bucket = location.bucket;
  return await settle({
    step,
    readAction: "s3:GetBucketPolicy",
    writeAction: "s3:PutBucketPolicy",
    read: async () => (await client.send(new GetBucketPolicyCommand({ Bucket }))).Policy,
    plan: (current) => planTlsPolicy(current, { bucket: Bucket, region }),
    write: (Policy) => client.send(new PutBucketPolicyCommand({ Bucket, Policy })),
  });
}

async function makeBucket(
  client: S3Client,
  { location, env, dryRun }: Pick<SetupOptions, "location" | "env" | "dryRun">,
): Promise<SetupStep> {
  const Bucket = location.bucket;
  const step = "bucket";
  try {
    await client.send(new HeadBucketCommand({ Bucket }));
    return { step, outcome: "already_so" };
  } catch (error) {
    if (judgeRefusal(error) === "denied") return { step, outcome: "denied", needs: "s3:ListBucket" };
    if (readError(error).status !== 404) throw error;
  }
  if (dryRun) return { step, outcome: "would_set" };
  const region = findRegion(location, env) ?? (await client.config.region());
  // AWS, CreateBucket: us-east-1 is where no constraint leads, and is no constraint itself. Other
  // servers have names of their own.
  const isAwsElsewhere = isAwsEndpoint(findNamedEndpoint(location, env)) && region !== "us-east-1";
  const input: CreateBucketCommandInput = { Bucket };
  if (isAwsElsewhere) {
    const LocationConstraint = region as NonNullable<
      CreateBucketCommandInput["CreateBucketConfiguration"]
    >["LocationConstraint"];
    input.CreateBucketConfiguration = { LocationConstraint };
  }
  try {
    await client.send(new CreateBucketCommand(input));
    return { step, outcome: "set" };
  } catch (error) {
    if (judgeRefusal(error) === "denied") return { step, outcome: "denied", needs: "s3:CreateBucket" };
    const { name } = readError(error);
    if (name === "BucketAlreadyOwnedByYou") return { step, outcome: "already_so" };
    if (name === "BucketAlreadyExists")
      throw new StoreError(`[store] [s3] somebody else has ${formatS3Url(location)}: choose another bucket`, {
        cause: error,
      });
    throw error;
  }
}

async function settlePart<T>(
  part: Part<T>,
  { isMissing, dryRun }: { isMissing: boolean; dryRun: boolean },
): Promise<SetupStep> {
  const { step, plan, note } = part;
  const detail = note === undefined ? {} : { detail: note };
  const found: Found<T> = isMissing ? { current: undefined } : await readPart(part);
  if ("outcome" in found) return found;
  let wanted: T | undefined;
  try {
    wanted = plan(found.current);
  } catch (error) {
    return {
      step,
      outcome: "failed",
      detail: `what is set there cannot be read: ${(error as Error).message}`,
    };
  }
  if (wanted === undefined) return { step, outcome: "already_so", ...detail };
  return dryRun ? { step, outcome: "would_set", ...detail } : await writePart(part, wanted);
}

type Found<T> = SetupStep | { readonly current: T | undefined };

async function readPart<T>({ step, readAction, read, onFound }: Part<T>): Promise<Found<T>> {
  try {
    const current = await read();
    // AWS answers with an error where nothing is set. An answer with something else in it is that
    // of a server that knows no such part.
    if (current === undefined) return { step, outcome: "not_supported" };
    onFound?.(current);
    return { current };
  } catch (error) {
    const refusal = judgeRefusal(error);
    if (refusal === "absent") return { current: undefined };
    if (refusal === "unsupported") return { step, outcome: "not_supported" };
    if (refusal === "denied") return { step, outcome: "denied", needs: readAction };
    throw error;
  }
}

async function writePart<T>({ step, writeAction, write, note }: Part<T>, wanted: T): Promise<SetupStep> {
  try {
    await write(wanted);
    return { step, outcome: "set", ...(note !== undefined && { detail: note }) };
  } catch (error) {
    const refusal = judgeRefusal(error);
    if (refusal === "unsupported") return { step, outcome: "not_supported" };
    if (refusal === "denied") return { step, outcome: "denied", needs: writeAction };
    const { name, status } = readError(error);
    // No answer, or a server in trouble: the rest would fare no better.
    if (status === 0 || status >= 500) throw error;
    return {
      step,
      outcome: "failed",
      detail: `${name}: ${(error as Error).message}`.replace(/\s+/g, " ").slice(0, 300),
    };
  }
}
