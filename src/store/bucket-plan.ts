// What a bucket should be set to so that Rollcall may live in it: pure, from what is set now to
// what is to be written.
import type {
  GetBucketLifecycleConfigurationOutput,
  LifecycleRule,
  OwnershipControls,
  PublicAccessBlockConfiguration,
  ServerSideEncryptionConfiguration,
} from "@aws-sdk/client-s3";
import { findPartition } from "../network/aws-address.ts";
import { EXPIRING_AREAS, KEPT_PREFIXES } from "./layout.ts";
import type { S3Location } from "./s3-url.ts";

const DAY_MS = 24 * 60 * 60_000;

const TLS_ONLY = "RollcallTlsOnly";

/**
 * @returns what to write; undefined if all is so already. So do all functions here whose names
 *   begin with `plan`.
 */
export function planPublicAccessBlock(
  current: PublicAccessBlockConfiguration | undefined,
  { isAws }: { readonly isAws: boolean },
): PublicAccessBlockConfiguration | undefined {
  const wanted = {
    // Ceph 16 then refuses every put, whatever its ACL. Where public ACLs are ignored nothing is
    // lost without it.
    BlockPublicAcls: isAws || current?.BlockPublicAcls === true,
    IgnorePublicAcls: true,
    BlockPublicPolicy: true,
    RestrictPublicBuckets: true,
  };
  const isSo = Object.entries(wanted).every(([name, value]) => {
    return (current?.[name as keyof PublicAccessBlockConfiguration] ?? false) === value;
  });
  return isSo ? undefined : wanted;
}

/** All objects belong to the bucket's owner, whoever wrote them, and no ACL counts. */
export function planOwnership(current: OwnershipControls | undefined): OwnershipControls | undefined {
  const isSo = current?.Rules?.some(({ ObjectOwnership }) => ObjectOwnership === "BucketOwnerEnforced");
  return isSo ? undefined : { Rules: [{ ObjectOwnership: "BucketOwnerEnforced" }] };
}

/** SSE-S3, unless the bucket encrypts already in whatever way its owner chose (KMS, say). */
export function planEncryption(
  current: ServerSideEncryptionConfiguration | undefined,
): ServerSideEncryptionConfiguration | undefined {
  const isSo = current?.Rules?.some(
    ({ ApplyServerSideEncryptionByDefault: chosen }) => chosen?.SSEAlgorithm !== undefined,
  );
  return isSo ? undefined : { Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" } }] };
}

/** A bucket's lifecycle configuration, as far as it is written back. */
export type Lifecycle = Pick<
  GetBucketLifecycleConfigurationOutput,
  "Rules" | "TransitionDefaultMinimumObjectSize"
>;

export interface LifecycleOptions {
  readonly prefix: string;
  /** Whether reports that lie at the top of the store as i-….json should expire too. */
  readonly topLevel: boolean;
}

/** Puts Rollcall's rules in their place; the rules of others stay as they are. */
export function planLifecycle(
  current: Lifecycle | undefined,
  { prefix, topLevel }: LifecycleOptions,
): Lifecycle | undefined {
  const existing = current?.Rules ?? [];
  const wanted = listOwnRules(prefix, topLevel);
  const isSo = wanted.every((rule) => existing.some((other) => isSameRule(rule, other)));
  if (isSo) return undefined;
  const ids = new Set(wanted.map(({ ID }) => ID));
  return {
    ...(current?.TransitionDefaultMinimumObjectSize && {
      TransitionDefaultMinimumObjectSize: current.TransitionDefaultMinimumObjectSize,
    }),
    Rules: [...existing.filter(({ ID }) => !ids.has(ID)).map(modernize), ...wanted],
  };
}

/** Says which rules of others would remove what Rollcall keeps, and what to do about each. */
export function warnOfLifecycle(current: Lifecycle | undefined, prefix: string): string[] {
  return (current?.Rules ?? []).flatMap((rule) => {
    const removed = listRemoved(rule, prefix);
    if (removed.length === 0) return [];
    const scope =
      readPrefix(rule) === "" ? "the whole bucket" : `the prefix ${JSON.stringify(readPrefix(rule))}`;
    return [
      `the lifecycle rule ${JSON.stringify(rule.ID ?? "")} expires ${scope} and ` +
        `would remove ${removed.join(", ")}: ` +
        "delete it, or give it a prefix that holds none of these; Rollcall's own " +
        "rules expire the reports (--top-level: those at the top too)",
    ];
  });
}

/** A policy document. Statements of others are never looked into. */
interface Policy {
  readonly Statement?: unknown;
  readonly [name: string]: unknown;
}

/**
 * Adds a statement that denies whatever does not come over TLS; all other statements stay.
 *
 * @param current the bucket's policy, JSON
 * @throws SyntaxError if the current policy is no JSON
 */
export function planTlsPolicy(
  current: string | undefined,
  location: Pick<S3Location, "bucket" | "region">,
): string | undefined {
  const policy: Policy = current === undefined ? { Version: "2012-10-17" } : (JSON.parse(current) as Policy);
  const statements: unknown[] = [policy.Statement ?? []].flat();
  const wanted = denyPlainHttp(location);
  const own = statements.find((statement) => readSid(statement) === TLS_ONLY);
  if (own !== undefined && isSameStatement(own, wanted)) return undefined;
  return JSON.stringify({
    ...policy,
    Statement: [...statements.filter((statement) => statement !== own), wanted],
  });
}

function denyPlainHttp({ bucket, region = "" }: Pick<S3Location, "bucket" | "region">) {
  const arn = `arn:${findPartition(region).id}:s3:::${bucket}`;
  return {
    Sid: TLS_ONLY,
    Effect: "Deny",
    Principal: "*",
    Action: "s3:*",
    Resource: [arn, `${arn}/*`],
    Condition: { Bool: { "aws:SecureTransport": "false" } },
  };
}

function readSid(statement: unknown): unknown {
  return typeof statement === "object" && statement !== null && "Sid" in statement
    ? statement.Sid
    : undefined;
}

/** Servers give policies back with their own order of names, and `*` as `{"AWS": "*"}`. */
function isSameStatement(found: unknown, wanted: ReturnType<typeof denyPlainHttp>): boolean {
  const { Effect, Principal, Action, Resource, Condition } = found as Partial<
    Record<keyof typeof wanted, unknown>
  >;
  const isAnybody =
    Principal === "*" ||
    JSON.stringify(Principal) === '{"AWS":"*"}' ||
    JSON.stringify(Principal) === '{"AWS":["*"]}';
  return (
    Effect === wanted.Effect &&
    isAnybody &&
    JSON.stringify([Action].flat()) === JSON.stringify([wanted.Action]) &&
    JSON.stringify([Resource].flat().sort()) === JSON.stringify(wanted.Resource) &&
    /^\{"Bool":\{"aws:SecureTransport":\[?"?false"?\]?\}\}$/.test(JSON.stringify(Condition) ?? "")
  );
}

function listOwnRules(prefix: string, topLevel: boolean): LifecycleRule[] {
  // Two stores in one bucket have rules of their own.
  const id = (name: string): string => `rollcall-${prefix.replaceAll("/", "-")}${name}`;
  return EXPIRING_AREAS.filter((area) => topLevel || isFolder(area.prefix)).map((area) =>
    makeRule(
      id(isFolder(area.prefix) ? area.prefix.slice(0, -1).replaceAll("/", "-") : "top-level"),
      prefix + area.prefix,
      area.staysMs,
    ),
  );
}

function isFolder(prefix: string): boolean {
  return prefix.endsWith("/");
}

/** An upload in parts that is not done after so many days never will be. */
const MAX_UPLOAD_DAYS = 7;

/**
 * S3 knows whole days only and rounds up to the next midnight UTC ("Lifecycle rules: expiration").
 */
function makeRule(id: string, prefix: string, staysMs: number): LifecycleRule {
  const days = Math.ceil(staysMs / DAY_MS);
  return {
    ID: id,
    Status: "Enabled",
    Filter: { Prefix: prefix },
    Expiration: { Days: days },
    NoncurrentVersionExpiration: { NoncurrentDays: days },
    AbortIncompleteMultipartUpload: { DaysAfterInitiation: Math.min(days, MAX_UPLOAD_DAYS) },
  };
}

function isSameRule(wanted: LifecycleRule, found: LifecycleRule): boolean {
  return (
    found.ID === wanted.ID &&
    found.Status === wanted.Status &&
    !isNarrowed(found) &&
    readPrefix(found) === readPrefix(wanted) &&
    found.Expiration?.Days === wanted.Expiration?.Days &&
    found.NoncurrentVersionExpiration?.NoncurrentDays ===
      wanted.NoncurrentVersionExpiration?.NoncurrentDays &&
    found.AbortIncompleteMultipartUpload?.DaysAfterInitiation ===
      wanted.AbortIncompleteMultipartUpload?.DaysAfterInitiation
  );
}

function readPrefix({ Filter: filter, Prefix: prefix }: LifecycleRule): string {
  return filter?.Prefix ?? filter?.And?.Prefix ?? prefix ?? "";
}

/** Whether a rule holds for some objects of its prefix alone: by tags, or by size. */
function isNarrowed({ Filter: filter }: LifecycleRule): boolean {
  return filter !== undefined && Object.keys(filter).some((name) => name !== "Prefix");
}

/**
 * S3 takes rules in the old form (Prefix beside Filter) or in the new one, and not both in one
 * configuration; they mean the same.
 */
function modernize(rule: LifecycleRule): LifecycleRule {
  if (rule.Filter !== undefined) return rule;
  const { Prefix: prefix = "", ...rest } = rule;
  return { ...rest, Filter: { Prefix: prefix } };
}

/**
 * Which prefixes a rule reaches whose objects it would remove: those that are kept, and those that
 * stay longer than it lets them. Rollcall tags nothing, so a rule that asks for a tag
 * reaches none.
 */
function listRemoved(rule: LifecycleRule, prefix: string): string[] {
  const expires = rule.Expiration?.Days !== undefined || rule.Expiration?.Date !== undefined;
  const asksForTag = rule.Filter?.Tag !== undefined || (rule.Filter?.And?.Tags ?? []).length > 0;
  if (rule.Status !== "Enabled" || !expires || asksForTag) return [];
  const scope = readPrefix(rule);
  // From a date on everything goes, however new it is.
  const staysMs = (rule.Expiration?.Days ?? 0) * DAY_MS;
  const longer = EXPIRING_AREAS.filter((area) => area.staysMs > staysMs).map((area) => area.prefix);
  return [...KEPT_PREFIXES, ...longer]
    .sort()
    .map((name) => prefix + name)
    .filter((kept) => kept.startsWith(scope) || scope.startsWith(kept));
}
