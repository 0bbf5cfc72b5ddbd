// Who may do what with the bucket. A host may write its own report and departure, and nobody,
// however mighty, another's.
import { Aws, type CfnCondition, Fn } from "aws-cdk-lib";
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import { HOST_PREFIXES, INSTANCE_SESSION, OPERATOR_PREFIXES, OWN_KEYS, SPECS } from "./keys.ts";

export interface StorePolicyOptions {
  readonly bucketArn: string;
  readonly organizationId: string;
  /** Account ids, split by commas. */
  readonly accounts: string;
  readonly hasOrganization: CfnCondition;
  readonly hasAccounts: CfnCondition;
  readonly requiresInstance: CfnCondition;
  /** ARNs of roles whose instances may write more than hosts do, split by commas. */
  readonly operatorRoles: string;
  readonly hasOperatorRoles: CfnCondition;
  /**
   * Whether whoever has the right to may delete reports: the stack itself, where it takes the data
   * with it.
   */
  readonly reportsMayBeDeleted: boolean;
}

/** The oldest TLS that is spoken with; S3 itself takes no older either, at its own endpoints. */
const MIN_TLS = "1.2";

/**
 * What changes who may do what in a bucket or what becomes of its objects, and what writes there as
 * replication does (Service Authorization Reference, "Actions defined by Amazon S3"). The rights to
 * lifecycle rules, replication, encryption and inventories end in Configuration.
 */
const BUCKET_RULES = ["s3:PutBucket*", "s3:DeleteBucket*", "s3:Put*Configuration", "s3:Replicate*"];

/**
 * Set for credentials that EC2 gave to an instance (EC2 guide, "Grant permission by instance ARN"),
 * whose role's session name nobody chose.
 */
const INSTANCE_ARN_KEY = "ec2:SourceInstanceARN";
const INSTANCE_ARN = `arn:${Aws.PARTITION}:ec2:*:\${aws:PrincipalAccount}:instance/i-*`;

/**
 * The statements of the bucket's policy, which stays "not public" (S3 guide, "The meaning of
 * public"): each that allows names accounts or one organisation.
 */
export function listStoreStatements(options: StorePolicyOptions): PolicyStatement[] {
  const { bucketArn, reportsMayBeDeleted, operatorRoles, hasOperatorRoles } = options;
  const below = (keys: readonly string[]) => keys.map((key) => `${bucketArn}/${key}`);
  const everything = { Action: "s3:*", Resource: [bucketArn, `${bucketArn}/*`] };
  const hosts = describeHosts(options);
  const everyInstance = { StringLike: { "aws:userid": INSTANCE_SESSION } };
  const instances = {
    ...everyInstance,
    ArnNotEquals: Fn.conditionIf(
      hasOperatorRoles.logicalId,
      { "aws:PrincipalArn": Fn.split(",", operatorRoles) },
      Aws.NO_VALUE,
    ),
  };
  return [
    { Sid: "HostsPutTheirOwn", Effect: "Allow", ...hosts, Action: "s3:PutObject", Resource: below(OWN_KEYS) },
    { Sid: "HostsGetSpecs", Effect: "Allow", ...hosts, Action: "s3:GetObject", Resource: below([SPECS]) },
    deny("NoPlainHttp", { ...everything, Condition: { Bool: { "aws:SecureTransport": "false" } } }),
    deny("NoOldTls", { ...everything, Condition: { NumericLessThan: { "s3:TlsVersion": MIN_TLS } } }),
    // The right to put is also that to copy onto a key and to upload in parts (S3 guide, "Required
    // permissions for Amazon S3 API operations").
    deny("NobodyPutsAnothersReport", {
      Action: "s3:PutObject",
      NotResource: below([...OWN_KEYS, ...OPERATOR_PREFIXES.map((prefix) => `${prefix}*`)]),
    }),
    // In the bucket's own account a role's own policies are enough, and a host's may be wide. What
    // it could write besides its own would speak for others: a snapshot, a spec, an API key.
    deny("InstancesPutNothingElse", {
      Action: "s3:PutObject",
      NotResource: below(OWN_KEYS),
      Condition: instances,
    }),
    deny("InstancesDeleteNothing", {
      Action: ["s3:DeleteObject", "s3:DeleteObjectVersion"],
      Resource: below(["*"]),
      Condition: instances,
    }),
    // Whoever may change this policy may take out what is denied above; whoever may set rules for
    // the bucket may have its objects expire, or others written there. No operator's instance needs
    // to.
    deny("InstancesChangeNoRules", {
      Action: BUCKET_RULES,
      Resource: everything.Resource,
      Condition: everyInstance,
    }),
    // A user or a function has a key of its own as well, by the letter of the statement before; no
    // host reports from there. Negated operators hold for a request without the key too (IAM guide,
    // "Condition operators"), so that nothing hangs on aws:userid being there. Where the instance's
    // ARN is asked for, it is here too: in the bucket's own account a role's own policies are
    // enough, and what is allowed above says nothing.
    deny("OnlyInstancesReport", {
      Action: "s3:PutObject",
      Resource: below(HOST_PREFIXES.map((prefix) => `${prefix}*`)),
      Condition: {
        StringNotLike: Fn.conditionIf(
          options.requiresInstance.logicalId,
          { [INSTANCE_ARN_KEY]: INSTANCE_ARN },
          { "aws:userid": INSTANCE_SESSION },
        ),
      },
    }),
    // Lifecycle rules need no right. An operator who has to remove a report takes this statement
    // out, which is noticed, and puts it back.
    ...(reportsMayBeDeleted
      ? []
      : [
          deny("NobodyDeletesReports", {
            Action: ["s3:DeleteObject", "s3:DeleteObjectVersion"],
            Resource: below(HOST_PREFIXES.map((prefix) => `${prefix}*`)),
          }),
        ]),
  ].map((statement) => PolicyStatement.fromJson(statement));
}

function deny(Sid: string, rest: object) {
  return { Sid, Effect: "Deny", Principal: { AWS: "*" }, ...rest };
}

/**
 * Sessions of instances: of the organisation, where one is given; else of the accounts; else of the
 * bucket's own.
 */
function describeHosts(options: StorePolicyOptions) {
  const { organizationId, accounts, hasOrganization, hasAccounts, requiresInstance } = options;
  const listed = Fn.conditionIf(hasAccounts.logicalId, Fn.split(",", accounts), Aws.ACCOUNT_ID);
  const lock = Fn.conditionIf(requiresInstance.logicalId, INSTANCE_ARN, Aws.NO_VALUE);
  return {
    Principal: { AWS: Fn.conditionIf(hasOrganization.logicalId, "*", listed) },
    Condition: {
      StringLike: { "aws:userid": INSTANCE_SESSION, [INSTANCE_ARN_KEY]: lock },
      StringEquals: Fn.conditionIf(
        hasOrganization.logicalId,
        { "aws:PrincipalOrgID": organizationId },
        Aws.NO_VALUE,
      ),
    },
  };
}
