// The stack rollcall-store: the bucket that holds everything, and who may do what with it.
import {
  Aws,
  CfnCondition,
  CfnOutput,
  CfnRule,
  Duration,
  Fn,
  RemovalPolicy,
  type StackProps,
  Validations,
} from "aws-cdk-lib";
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type LifecycleRule,
  ObjectOwnership,
} from "aws-cdk-lib/aws-s3";
import type { Construct } from "constructs";
import { CLOSED_DAYS } from "./keys.ts";
import { RollcallStack } from "./rollcall-stack.ts";
import { listStoreStatements } from "./store-policy.ts";

export interface StoreStackProps extends StackProps {
  /** `keep` leaves the bucket and what is in it when the stack goes; `delete` takes both away. */
  readonly data: "keep" | "delete";
}

/** An answer is fetched at once, by a URL that is good for minutes; S3 knows whole days only. */
const ANSWERS_DAYS = 1;

const PARAMETERS = [
  {
    heading: "Bucket",
    parameters: {
      Name: {
        label: "Name",
        default: "rollcall",
        allowedPattern: "^[a-z0-9][a-z0-9-]{0,30}[a-z0-9]$",
        constraintDescription: "2 to 32 lower case letters, digits and hyphens",
        description: "The bucket is called NAME-ACCOUNT-REGION.",
      },
      ExpiryDays: {
        label: "Days until reports expire",
        type: "Number",
        default: 1,
        minValue: 1,
        maxValue: 30,
        description:
          "Reports and departures are removed so many days after they came, at the next midnight UTC.",
      },
    },
  },
  {
    heading: "Who may report: an organisation, or accounts; if neither is given, the bucket's own account",
    parameters: {
      OrganizationId: {
        label: "AWS Organization",
        default: "",
        allowedPattern: "^(o-[a-z0-9]{10,32})?$",
        constraintDescription: "such as o-a1b2c3d4e5, or nothing",
        description: "Hosts in all accounts of this organisation may report, those of new accounts too.",
      },
      Accounts: {
        label: "Accounts",
        default: "",
        allowedPattern: "^([0-9]{12}(,[0-9]{12})*)?$",
        constraintDescription: "account ids of 12 digits, split by commas without blanks, or nothing",
        description:
          "Hosts in these accounts may report; name the bucket's own account too if hosts are there.",
      },
      RequireInstance: {
        label: "Ask for the instance's ARN",
        default: "false",
        allowedValues: ["false", "true"],
        description:
          "A second lock: take reports only where AWS says which instance signed " +
          "(ec2:SourceInstanceARN). Recommended where all hosts are EC2 instances. Try it with one host " +
          "first.",
      },
      OperatorRoles: {
        label: "Roles of operators",
        default: "",
        allowedPattern:
          "^(arn:[a-z-]+:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+(,arn:[a-z-]+:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+)*)?$",
        constraintDescription: "ARNs of roles, split by commas without blanks, or nothing",
        description:
          "Instances write their own report and departure alone. Those of these roles of the bucket's " +
          "account may write what their role grants: a bastion that publishes specs, a server.",
      },
    },
  },
] as const;

/** The bucket and its policy. */
export class StoreStack extends RollcallStack {
  constructor(scope: Construct, id: string, { data, ...props }: StoreStackProps) {
    super(scope, id, { description: "Rollcall: the bucket that hosts report to", ...props });
    const parameters = this.declareParameters(PARAMETERS);
    const organizationId = parameters.OrganizationId.valueAsString;
    const accounts = parameters.Accounts.valueAsString;
    const isGiven = (value: string) => Fn.conditionNot(Fn.conditionEquals(value, ""));

    new CfnRule(this, "OrganizationOrAccounts").addAssertion(
      Fn.conditionOr(Fn.conditionEquals(organizationId, ""), Fn.conditionEquals(accounts, "")),
      "Give an organisation or accounts, not both: accounts of the organisation need " +
        "no mention, and others would be left out.",
    );

    const bucket = new Bucket(this, "Bucket", {
      bucketName: `${parameters.Name.valueAsString}-${Aws.ACCOUNT_ID}-${Aws.REGION}`,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      encryption: BucketEncryption.S3_MANAGED,
      // A report is replaced every hour and of no use afterwards: versions would multiply the bill
      // and outlive the expiry. What is to be kept (specs, history, releases) gets a key of its own
      // each time and is not overwritten.
      versioned: false,
      lifecycleRules: listLifecycleRules(parameters.ExpiryDays.valueAsNumber),
      // RetainExceptOnCreate: a first deployment that fails half way leaves no bucket behind, whose
      // name the next one would find taken.
      removalPolicy: data === "delete" ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
      autoDeleteObjects: data === "delete",
    });
    const statements = listStoreStatements({
      bucketArn: bucket.bucketArn,
      organizationId,
      accounts,
      hasOrganization: new CfnCondition(this, "HasOrganization", { expression: isGiven(organizationId) }),
      hasAccounts: new CfnCondition(this, "HasAccounts", { expression: isGiven(accounts) }),
      requiresInstance: new CfnCondition(this, "RequiresInstance", {
        expression: Fn.conditionEquals(parameters.RequireInstance.valueAsString, "true"),
      }),
      operatorRoles: parameters.OperatorRoles.valueAsString,
      hasOperatorRoles: new CfnCondition(this, "HasOperatorRoles", {
        expression: isGiven(parameters.OperatorRoles.valueAsString),
      }),
      reportsMayBeDeleted: data === "delete",
    });
    for (const statement of statements) bucket.addToResourcePolicy(statement);
    // A bucket that stays keeps its locks.
    if (data === "keep") bucket.policy?.applyRemovalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);
    Validations.of(bucket).acknowledge({
      id: "AwsSolutions-S1",
      reason:
        "Server access logs would be another bucket with more objects than this one " +
        "has; where each request has to be on record, CloudTrail's data events do it " +
        "for the account.",
    });

    new CfnOutput(this, "BucketName", { value: bucket.bucketName });
    new CfnOutput(this, "StoreUrl", {
      value: `s3://${bucket.bucketName}?region=${Aws.REGION}`,
      description: "What hosts name as their store",
    });
  }
}

/** 13 months: a year, and a month beside it to compare with. */
const CLOSED_DAYS_STAY = 396;

/**
 * No rule reaches specs, keys, the log of history, releases, nor snapshots: a piece of the snapshot
 * is written once and in use for as long as the manifest names it, so no age is safe; whoever
 * writes the manifest removes pieces an hour after the last one that named them.
 */
function listLifecycleRules(expiryDays: number): LifecycleRule[] {
  const expire = (id: string, prefix: string, days: number): LifecycleRule => ({
    id,
    prefix,
    expiration: Duration.days(days),
  });
  return [
    expire("rollcall-reports", "reports/", expiryDays),
    expire("rollcall-departures", "departures/", expiryDays),
    expire("rollcall-top-level", "i-", expiryDays),
    expire("rollcall-answers", "answers/", ANSWERS_DAYS),
    ...CLOSED_DAYS.map((name) => expire(`rollcall-history-${name}`, `history/v1/${name}/`, CLOSED_DAYS_STAY)),
    expire("rollcall-templates", "templates/", ANSWERS_DAYS),
    { id: "rollcall-unfinished-uploads", abortIncompleteMultipartUploadAfter: Duration.days(1) },
  ];
}
