// The stack rollcall-publisher: a function that publishes on a schedule. For those who want pages
// or messages; nothing else needs it.
import {
  Aws,
  CfnCondition,
  CfnOutput,
  type CfnParameter,
  Duration,
  Fn,
  type StackProps,
  Validations,
} from "aws-cdk-lib";
import { Alarm, ComparisonOperator, Stats, TreatMissingData } from "aws-cdk-lib/aws-cloudwatch";
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { Function as LambdaFunction } from "aws-cdk-lib/aws-lambda";
import type { Construct } from "constructs";
import { sendMail } from "./alarm-mail.ts";
import { HISTORY, PUBLISHERS, SNAPSHOTS, TOP_LEVEL_REPORTS } from "./keys.ts";
import { CODE_PARAMETERS, limitRoles, locateCode, ROLE_PARAMETERS } from "./operation-parameters.ts";
import { locateAlsoRead, Program, type ProgramCode } from "./program.ts";
import { ALARM_EMAIL, LOG_RETENTION_DAYS, READER_PARAMETERS, WITHIN } from "./reader-parameters.ts";
import { RollcallStack } from "./rollcall-stack.ts";
import { addSchedule } from "./schedule.ts";
import type { StoreRights } from "./store-rights.ts";

const [STORE_GROUP] = READER_PARAMETERS;

/** A function's environment has 4 KB in all (Lambda quotas). */
const MAX_PUBLISHERS_LENGTH = 2800;
const PUBLISHERS_LIMIT = `at most ${MAX_PUBLISHERS_LENGTH} characters`;
const MAX_LABELS_LENGTH = 800;

const PARAMETERS = [
  STORE_GROUP,
  {
    heading: "Publishing",
    parameters: {
      Publishers: {
        label: "Publishers",
        allowedPattern: "^\\{.*\\}$",
        maxLength: MAX_PUBLISHERS_LENGTH,
        constraintDescription: `JSON: an object of publishers by name, ${PUBLISHERS_LIMIT}`,
        description:
          "JSON, as in the configuration file (docs/publish.md). Tokens are named by token_parameter.",
      },
      PublishRate: {
        label: "How often",
        default: "rate(1 hour)",
        allowedPattern: "^rate\\((1 (minute|hour|day)|([2-9]|[1-9][0-9]{1,2}) (minutes|hours|days))\\)$",
        constraintDescription: "such as rate(30 minutes), rate(1 hour), rate(1 day)",
        description: "All publishers are published so often.",
      },
      ParameterPath: {
        label: "Path of parameters",
        default: "rollcall",
        allowedPattern: "^[A-Za-z0-9_.-]{1,64}$",
        constraintDescription: "one word",
        description:
          "The function may read parameters below /WORD/ of Systems Manager's " +
          "Parameter Store, and no others.",
      },
      Within: WITHIN,
      Labels: {
        label: "Rules for labels",
        default: "",
        allowedPattern: "^(\\[.*\\])?$",
        maxLength: MAX_LABELS_LENGTH,
        constraintDescription: `JSON: an array of rules, at most ${MAX_LABELS_LENGTH} characters, or nothing`,
        description:
          "JSON, as in the configuration file (docs/versions.md). Nothing: env and service of instance_name.",
      },
    },
  },
  {
    heading: "Function",
    parameters: {
      MemorySize: {
        label: "Memory",
        type: "Number",
        default: 1024,
        minValue: 512,
        maxValue: 10240,
        description: "Megabytes.",
      },
      LogRetentionDays: {
        label: "Days that logs are kept",
        type: "Number",
        default: "30",
        allowedValues: LOG_RETENTION_DAYS,
      },
      AlarmEmail: ALARM_EMAIL,
    },
  },
  { heading: "The program", parameters: CODE_PARAMETERS },
  { heading: "Roles", parameters: ROLE_PARAMETERS },
] as const;

const RIGHTS: StoreRights = {
  get: ["reports/*", "departures/*", SNAPSHOTS, TOP_LEVEL_REPORTS, PUBLISHERS, ...HISTORY],
  put: [PUBLISHERS],
};

/** What is left after this, the next run does. */
const TIMEOUT_SECONDS = 300;

export interface PublisherStackProps extends StackProps {
  /** The program: an index.js with the handler publish. */
  readonly code: ProgramCode;
}

export class PublisherStack extends RollcallStack {
  constructor(scope: Construct, id: string, { code, ...props }: PublisherStackProps) {
    super(scope, id, { description: "Rollcall: publishes what runs where, on a schedule", ...props });
    const parameters = this.declareParameters(PARAMETERS);
    const { Name, Bucket, Publishers, PublishRate, ParameterPath, Labels, MemorySize, LogRetentionDays } =
      parameters;
    const hasBucket = this.#isGiven("HasBucket", Bucket);
    const derived = `${Name.valueAsString}-${Aws.ACCOUNT_ID}-${Aws.REGION}`;
    const bucketName = Fn.conditionIf(hasBucket.logicalId, Bucket.valueAsString, derived).toString();
    const alsoRead = {
      name: parameters.AlsoReadBucket.valueAsString,
      isGiven: this.#isGiven("HasAlsoReadBucket", parameters.AlsoReadBucket),
    };
    const { function: publisher, logGroup } = new Program(this, "Publisher", {
      code: {
        ...code,
        inBucket: locateCode(this, {
          bucket: parameters.S3Bucket.valueAsString,
          key: parameters.S3Key.valueAsString,
        }),
      },
      bucketArn: `arn:${Aws.PARTITION}:s3:::${bucketName}`,
      memoryMegabytes: MemorySize.valueAsNumber,
      logRetentionDays: LogRetentionDays.valueAsNumber,
      alsoRead,
      key: {
        arn: parameters.KmsKeyArn.valueAsString,
        isGiven: this.#isGiven("HasKmsKey", parameters.KmsKeyArn),
      },
      environment: {
        ROLLCALL_STORE: `s3://${bucketName}?region=${Aws.REGION}`,
        ROLLCALL_ALSO_READ: locateAlsoRead(alsoRead),
        ROLLCALL_PUBLISHERS: Publishers.valueAsString,
        ROLLCALL_LABELS: Labels.valueAsString,
        ROLLCALL_WITHIN: parameters.Within.valueAsString,
      },
      handler: "index.publish",
      description: "Rollcall: publishes what runs where",
      timeoutSeconds: TIMEOUT_SECONDS,
      rights: RIGHTS,
      statements: [this.#maySeeSecrets(ParameterPath.valueAsString)],
      isTriedOnce: true,
    });
    const secrets = `arn:<AWS::Partition>:ssm:<AWS::Region>:<AWS::AccountId>:parameter/<ParameterPath>/*`;
    Validations.of(publisher.role ?? this).acknowledge({
      id: `AwsSolutions-IAM5[Resource::${secrets}]`,
      reason: "Parameters below one path are Rollcall's own, and publishers name which they need.",
    });
    addSchedule(this, {
      target: publisher,
      rate: PublishRate.valueAsString,
      description: "Rollcall: publishes what runs where",
    });
    this.#watch(publisher, parameters.AlarmEmail);
    new CfnOutput(this, "LogCommand", {
      value: `aws logs tail ${logGroup.logGroupName} --region ${Aws.REGION} --since 1d`,
      description: "Prints what the publisher logged",
    });
    limitRoles(this, {
      boundary: parameters.PermissionsBoundary.valueAsString,
      path: parameters.RolePath.valueAsString,
    });
  }

  /** Pages that nobody keeps look like pages on which nothing changes. */
  #watch(publisher: LambdaFunction, email: CfnParameter): void {
    const alarm = new Alarm(this, "PublisherFails", {
      alarmDescription: `Rollcall (${Aws.STACK_NAME}): publishing fails; the log says why`,
      metric: publisher.metricErrors({ period: Duration.hours(1), statistic: Stats.SUM }),
      threshold: 1,
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      // Until the next run nothing is known that is new.
      treatMissingData: TreatMissingData.IGNORE,
    });
    sendMail(this, [alarm], { email: email.valueAsString, hasEmail: this.#isGiven("HasEmail", email) });
  }

  #isGiven(name: string, parameter: CfnParameter): CfnCondition {
    return new CfnCondition(this, name, {
      expression: Fn.conditionNot(Fn.conditionEquals(parameter.valueAsString, "")),
    });
  }

  /**
   * A SecureString under AWS's own key needs no right on the key (Systems Manager guide, "How
   * Parameter Store uses KMS").
   */
  #maySeeSecrets(path: string): PolicyStatement {
    return new PolicyStatement({
      sid: "ReadSecrets",
      actions: ["ssm:GetParameter"],
      resources: [`arn:${Aws.PARTITION}:ssm:${Aws.REGION}:${Aws.ACCOUNT_ID}:parameter/${path}/*`],
    });
  }
}
