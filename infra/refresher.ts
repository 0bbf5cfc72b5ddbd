// The refresher: brings the snapshot up to date every minute, so that a question costs the difference alone.
import { Aws, type ICfnConditionExpression } from "aws-cdk-lib";
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { Function as LambdaFunction } from "aws-cdk-lib/aws-lambda";
import { CfnSchedule } from "aws-cdk-lib/aws-scheduler";
import { Construct } from "constructs";
import { SNAPSHOTS, TOP_LEVEL_REPORTS } from "./keys.ts";
import { Program, type ProgramSettings } from "./program.ts";
import type { StoreRights } from "./store-rights.ts";

export interface RefresherProps extends ProgramSettings {
  /** `rate(1 minute)` */
  readonly rate: string;
  readonly reservedConcurrency: ICfnConditionExpression;
}

/** A first look at a large store reads every report; all later ones take a second. */
const TIMEOUT_SECONDS = 300;

/** EventBridge Scheduler keeps an event for no less ("RetryPolicy"). */
const MAX_EVENT_AGE_SECONDS = 60;

const RIGHTS: StoreRights = {
  get: ["reports/*", "departures/*", SNAPSHOTS, TOP_LEVEL_REPORTS],
  put: [SNAPSHOTS],
  delete: [SNAPSHOTS],
};

/** The function and its clock. What fails is not tried again: the next minute does it all anyway. */
export class Refresher extends Construct {
  readonly function: LambdaFunction;

  constructor(scope: Construct, id: string, { rate, ...props }: RefresherProps) {
    super(scope, id);
    this.function = new Program(this, "Default", {
      ...props,
      handler: "index.refresh",
      description: "Rollcall: keeps the snapshot",
      timeoutSeconds: TIMEOUT_SECONDS,
      rights: RIGHTS,
      isTriedOnce: true,
    }).function;

    const role = new Role(this, "ScheduleRole", {
      description: "Rollcall: calls the refresher",
      // Else a schedule of another account could use it ("Confused deputy prevention in EventBridge Scheduler").
      assumedBy: new ServicePrincipal("scheduler.amazonaws.com", {
        conditions: { StringEquals: { "aws:SourceAccount": Aws.ACCOUNT_ID } },
      }),
      inlinePolicies: {
        call: new PolicyDocument({
          statements: [new PolicyStatement({ actions: ["lambda:InvokeFunction"], resources: [this.function.functionArn] })],
        }),
      },
    });
    new CfnSchedule(this, "Schedule", {
      description: "Rollcall: keeps the snapshot",
      scheduleExpression: rate,
      flexibleTimeWindow: { mode: "OFF" },
      target: {
        arn: this.function.functionArn,
        roleArn: role.roleArn,
        retryPolicy: { maximumRetryAttempts: 0, maximumEventAgeInSeconds: MAX_EVENT_AGE_SECONDS },
      },
    });
  }
}
