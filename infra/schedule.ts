// A clock that calls a function.
import { Aws } from "aws-cdk-lib";
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { Function as LambdaFunction } from "aws-cdk-lib/aws-lambda";
import { CfnSchedule } from "aws-cdk-lib/aws-scheduler";
import type { Construct } from "constructs";

/** EventBridge Scheduler keeps an event for no less ("RetryPolicy"). */
const MAX_EVENT_AGE_SECONDS = 60;

/**
 * Adds a schedule and its role. What fails is not tried again: the next time does it all anyway.
 *
 * @param rate `rate(1 minute)`
 */
export function addSchedule(
  scope: Construct,
  {
    target,
    rate,
    description,
  }: { readonly target: LambdaFunction; readonly rate: string; readonly description: string },
): void {
  const role = new Role(scope, "ScheduleRole", {
    description: `${description}: calls the function`,
    // Else a schedule of another account could use it ("Confused deputy prevention in EventBridge
    // Scheduler").
    assumedBy: new ServicePrincipal("scheduler.amazonaws.com", {
      conditions: { StringEquals: { "aws:SourceAccount": Aws.ACCOUNT_ID } },
    }),
    inlinePolicies: {
      call: new PolicyDocument({
        statements: [
          new PolicyStatement({ actions: ["lambda:InvokeFunction"], resources: [target.functionArn] }),
        ],
      }),
    },
  });
  new CfnSchedule(scope, "Schedule", {
    description,
    scheduleExpression: rate,
    flexibleTimeWindow: { mode: "OFF" },
    target: {
      arn: target.functionArn,
      roleArn: role.roleArn,
      retryPolicy: { maximumRetryAttempts: 0, maximumEventAgeInSeconds: MAX_EVENT_AGE_SECONDS },
    },
  });
}
