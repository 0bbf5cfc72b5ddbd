// A function of the program: its code, its role with the rights that it is given and no others, its
// log.
import {
  Aws,
  type CfnCondition,
  type CfnResource,
  Duration,
  Fn,
  type ICfnConditionExpression,
  RemovalPolicy,
  Validations,
} from "aws-cdk-lib";
import { CfnPolicy, PolicyDocument, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Architecture, type Code, Function as LambdaFunction, Runtime } from "aws-cdk-lib/aws-lambda";
import { type CfnLogGroup, LogGroup } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import { acknowledgePatterns } from "./acknowledgement.ts";
import { HOSTS_OBJECTS } from "./keys.ts";
import type { CodeInBucket } from "./operation-parameters.ts";
import { listStoreRights, type StoreRights } from "./store-rights.ts";

/** A bucket that is only read. */
export interface AlsoRead {
  readonly name: string;
  readonly isGiven: CfnCondition;
}

/** The setting of the program that names it; nothing where there is none. */
export function locateAlsoRead({ name, isGiven }: AlsoRead): string {
  return Fn.conditionIf(isGiven.logicalId, `s3://${name}?region=${Aws.REGION}`, "").toString();
}

/** The program: an index.js. */
export interface ProgramCode {
  readonly code: Code;
  /** The text of inline code, in whose place a bucket's may be taken. */
  readonly inline?: string;
  readonly inBucket?: CodeInBucket;
}

/** Takes the code from a bucket, where one is named. What CDK deploys lies in a bucket anyway. */
export function placeCode(target: LambdaFunction, { inline, inBucket }: ProgramCode): void {
  if (inline === undefined || !inBucket) return;
  const { bucket, key, isGiven } = inBucket;
  const resource = target.node.defaultChild as CfnResource;
  resource.addPropertyOverride(
    "Code",
    Fn.conditionIf(isGiven.logicalId, { S3Bucket: bucket, S3Key: key }, { ZipFile: inline }),
  );
  // cfn-lint's name for what is acknowledged below.
  resource.addMetadata("cfn-lint", { config: { ignore_checks: ["W1030"] } });
  Validations.of(target).acknowledge({
    id: "CloudFormation-Validate::W1030",
    reason: "Where the parameters are nothing, as by default, the condition chooses the inline program.",
  });
}

/** What all functions of the program share. */
export interface ProgramSettings {
  readonly code: ProgramCode;
  readonly environment: Readonly<Record<string, string>>;
  readonly memoryMegabytes: number;
  readonly logRetentionDays: number;
  readonly bucketArn: string;
  /** A bucket that is read beside it, where there is one. */
  readonly alsoRead: AlsoRead;
  /** The key that the bucket is encrypted with, where it is one of its owner's own. */
  readonly key: { readonly arn: string; readonly isGiven: CfnCondition };
}

export interface ProgramProps extends ProgramSettings {
  /** A function that index.js exports; `index.read`, say. */
  readonly handler: string;
  readonly description: string;
  readonly timeoutSeconds: number;
  readonly rights: StoreRights;
  /** Rights beside those on the store. */
  readonly statements?: readonly PolicyStatement[];
  /** How many may run at a time; as many as there may be, where it is left out. */
  readonly reservedConcurrency?: ICfnConditionExpression;
  /** Whether whoever calls it without waiting is spared a second try. */
  readonly isTriedOnce?: boolean;
}

/**
 * The function. Its calls are not traced: it asks one service, and logs how long each answer took.
 */
export class Program extends Construct {
  readonly function: LambdaFunction;
  readonly logGroup: LogGroup;

  constructor(scope: Construct, id: string, props: ProgramProps) {
    super(scope, id);
    this.logGroup = new LogGroup(this, "Log", { removalPolicy: RemovalPolicy.DESTROY });
    (this.logGroup.node.defaultChild as CfnLogGroup).retentionInDays = props.logRetentionDays;

    const mayLog = new PolicyStatement({
      sid: "Log",
      actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
      resources: [this.logGroup.logGroupArn],
    });
    const role = new Role(this, "Role", {
      description: props.description,
      assumedBy: new ServicePrincipal("lambda.amazonaws.com"),
      inlinePolicies: {
        store: new PolicyDocument({
          statements: [
            ...listStoreRights(props.bucketArn, props.rights),
            ...(props.statements ?? []),
            mayLog,
          ],
        }),
      },
    });

    acknowledgePatterns(role, props.bucketArn, props.rights);
    this.#permitKey(role, props.key);
    this.#permitAlsoRead(role, props.alsoRead);

    this.function = new LambdaFunction(this, "Function", {
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      code: props.code.code,
      handler: props.handler,
      role,
      logGroup: this.logGroup,
      memorySize: props.memoryMegabytes,
      timeout: Duration.seconds(props.timeoutSeconds),
      environment: { ...props.environment },
      ...(props.isTriedOnce && { retryAttempts: 0, maxEventAge: Duration.minutes(1) }),
    });
    placeCode(this.function, props.code);
    // CDK names the role once more than the function's own property does.
    (this.function.node.defaultChild as CfnResource).addDeletionOverride("DependsOn");
    if (props.reservedConcurrency)
      (this.function.node.defaultChild as CfnResource).addPropertyOverride(
        "ReservedConcurrentExecutions",
        props.reservedConcurrency,
      );
  }

  /** To list it and read what hosts write there, and nothing else. */
  #permitAlsoRead(role: Role, { name, isGiven }: AlsoRead): void {
    const bucketArn = `arn:${Aws.PARTITION}:s3:::${name}`;
    const policy = new CfnPolicy(this, "AlsoReadPolicy", {
      policyName: "also-read",
      roles: [role.roleName],
      policyDocument: new PolicyDocument({
        statements: listStoreRights(bucketArn, { get: HOSTS_OBJECTS, put: [] }),
      }),
    });
    acknowledgePatterns(policy, bucketArn, { get: HOSTS_OBJECTS, put: [] });
    policy.cfnOptions.condition = isGiven;
  }

  /**
   * Reading takes kms:Decrypt, and writing kms:GenerateDataKey as well (S3 guide, "Protecting data
   * with SSE-KMS").
   */
  #permitKey(role: Role, { arn, isGiven }: ProgramSettings["key"]): void {
    const policy = new CfnPolicy(this, "KeyPolicy", {
      policyName: "key",
      roles: [role.roleName],
      policyDocument: new PolicyDocument({
        statements: [
          new PolicyStatement({
            sid: "UseKey",
            actions: ["kms:Decrypt", "kms:GenerateDataKey"],
            resources: [arn],
            conditions: { StringEquals: { "kms:ViaService": `s3.${Aws.REGION}.${Aws.URL_SUFFIX}` } },
          }),
        ],
      }),
    });
    policy.cfnOptions.condition = isGiven;
  }
}
