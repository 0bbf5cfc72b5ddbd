// The policy of a bucket that is moved from: what is in force there, and what Rollcall adds, as one
// document to paste. Pure.
import { DEPARTURES_PREFIX, parseDepartureKey, parseReportKey, REPORTS_PREFIX } from "../report/key.ts";
import { AREAS } from "./layout.ts";

/** S3's own bound (S3 guide, "Bucket policies"): bytes. */
const MAX_POLICY_BYTES = 20 * 1024;

/** Of what would be shut out so many keys are shown. */
const MAX_SHOWN_KEYS = 20;

// As in infra/keys.ts, which imports nothing of src/; a test compares.
const INSTANCE_SESSION = "AROA*:i-*";
/** What is shut out need not be a role's: a federated user may be called ACCOUNT:i-… too. */
const CALLED_LIKE_AN_INSTANCE = "*:i-*";
// biome-ignore lint/suspicious/noTemplateCurlyInString: IAM fills these in, at each request
const CALLER = "${aws:PrincipalAccount}/${aws:userid}.json";

/** INSTANCE_ID.json, and what lies below the prefixes of what hosts write. */
const TOP_LEVEL_REPORTS = AREAS.flatMap(({ prefix, suffix }) => (suffix ? [`${prefix}*${suffix}`] : []));
const HOSTS_OBJECTS = AREAS.flatMap(({ prefix, put }) => (put.includes("host") ? [`${prefix}*`] : []));
const OWN_KEYS = [REPORTS_PREFIX, DEPARTURES_PREFIX].map((prefix) => prefix + CALLER);

/** The names of the statements that are Rollcall's; those of an earlier run are replaced. */
const SIDS = {
  list: "RollcallReaderLists",
  get: "RollcallReaderGets",
  put: "RollcallHostsPutTheOldForm",
  bound: "RollcallInstancesPutReportsAlone",
} as const;

export interface OldBucketPolicyOptions {
  readonly bucket: string;
  /** `aws`, `aws-cn` or `aws-us-gov`. */
  readonly partition?: string;
  /** Where the reader is deployed, and by which name. */
  readonly account: string;
  readonly name: string;
  /** Whose hosts may write the old form; those of the reader's account where both are empty. */
  readonly organization: string;
  readonly accounts: readonly string[];
  /** What is in force, as JSON; undefined where the bucket has none. */
  readonly current: string | undefined;
}

/**
 * Makes the document. All statements that are in force stay as they are.
 *
 * @throws Error if what is in force cannot be read, or all together is longer than S3 takes
 */
export function planOldBucketPolicy(options: OldBucketPolicyOptions): string {
  const { current } = options;
  const policy = (current === undefined ? { Version: "2012-10-17" } : JSON.parse(current)) as {
    readonly Statement?: unknown;
  };
  const own: readonly unknown[] = Object.values(SIDS);
  const kept = [policy.Statement ?? []]
    .flat()
    .filter((statement) => !own.includes((statement as { readonly Sid?: unknown }).Sid));
  const document = { ...policy, Statement: [...kept, ...listStatements(options)] };
  // Without the spaces: those do not count (S3 guide, "Bucket policies").
  const bytes = Buffer.byteLength(JSON.stringify(document));
  if (bytes > MAX_POLICY_BYTES)
    throw new Error(
      `the policy would have ${bytes} bytes, and S3 takes ${MAX_POLICY_BYTES}; shorten it first`,
    );
  return `${JSON.stringify(document, null, 2)}\n`;
}

function listStatements({
  bucket,
  partition = "aws",
  account,
  name,
  organization,
  accounts,
}: OldBucketPolicyOptions): object[] {
  const arn = `arn:${partition}:s3:::${bucket}`;
  const below = (keys: readonly string[]) => keys.map((key) => `${arn}/${key}`);
  const roles = ["reader", "publisher"].map(
    (stack) => `arn:${partition}:iam::${account}:role/${name}-${stack}-*`,
  );
  const reader = {
    Effect: "Allow",
    Principal: { AWS: `arn:${partition}:iam::${account}:root` },
    Condition: { ArnLike: { "aws:PrincipalArn": roles } },
  };
  const owners = accounts.length > 0 ? accounts : [account];
  return [
    { Sid: SIDS.list, ...reader, Action: "s3:ListBucket", Resource: arn },
    {
      Sid: SIDS.get,
      ...reader,
      Action: "s3:GetObject",
      Resource: below([...TOP_LEVEL_REPORTS, ...HOSTS_OBJECTS]),
    },
    {
      Sid: SIDS.put,
      Effect: "Allow",
      Principal: { AWS: organization ? "*" : owners.map((id) => `arn:${partition}:iam::${id}:root`) },
      Action: "s3:PutObject",
      Resource: below(TOP_LEVEL_REPORTS),
      Condition: {
        StringLike: { "aws:userid": INSTANCE_SESSION },
        ...(organization && { StringEquals: { "aws:PrincipalOrgID": organization } }),
      },
    },
    // Whatever else lets instances write: a statement that is in force, or the policy of a role.
    // Agents that reported here before go on to write their own keys.
    {
      Sid: SIDS.bound,
      Effect: "Deny",
      Principal: { AWS: "*" },
      Action: "s3:PutObject",
      NotResource: below([...TOP_LEVEL_REPORTS, ...OWN_KEYS]),
      Condition: { StringLike: { "aws:userid": CALLED_LIKE_AN_INSTANCE } },
    },
  ];
}

/** Objects that instances could not put again under the policy. */
export interface ShutOut {
  readonly count: number;
  /** The first ones. */
  readonly keys: readonly string[];
}

/**
 * Tells whether some instance's own key is this one: below its account, and named after its
 * session. What a server writes, or a host by another name, no instance may put.
 */
function isInstancesOwn(key: string): boolean {
  const reportKey = key.startsWith(REPORTS_PREFIX) ? key : parseDepartureKey(key);
  const owner = reportKey === undefined ? undefined : parseReportKey(reportKey);
  return owner !== undefined && /^[0-9]{12}$/.test(owner.account) && /:i-[^/:]*\.json$/.test(key);
}

/**
 * Gathers, of the objects of a bucket, those that no instance could put again. Who wrote them is
 * not told: what people and pipelines write, they go on to write.
 */
export function createShutOut(): { take(key: string): void; readonly found: ShutOut } {
  const keys: string[] = [];
  let count = 0;
  return {
    take(key) {
      if (isInstancesOwn(key) || /^i-.*\.json$/s.test(key)) return;
      count++;
      if (keys.length < MAX_SHOWN_KEYS) keys.push(key);
    },
    get found() {
      return { count, keys };
    },
  };
}
