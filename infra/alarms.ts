// What wakes somebody up: questions that fail or wait, a snapshot that nobody keeps, and a roll
// that is empty or too short.
import { Aws, type CfnCondition, Duration } from "aws-cdk-lib";
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  Metric,
  Stats,
  TreatMissingData,
} from "aws-cdk-lib/aws-cloudwatch";
import type { Function as LambdaFunction } from "aws-cdk-lib/aws-lambda";
import { Construct } from "constructs";
import { sendMail } from "./alarm-mail.ts";
import { RollAlarms, type RollAlarmsProps } from "./roll-alarms.ts";

export interface AlarmsProps {
  readonly reader: LambdaFunction;
  readonly refresher: LambdaFunction;
  readonly apiName: string;
  readonly stageName: string;
  readonly email: string;
  readonly hasEmail: CfnCondition;
  readonly roll: RollAlarmsProps;
}

const PERIOD = Duration.minutes(5);

/**
 * An answer that took so long is worth an alarm, whatever the response mode: a question waits 25 s
 * for the store, and then has failed (src/api/lambda.ts).
 */
const SLOW_MS = 20_000;

/** So many failures within a period are no accident. */
const FAILURES = 5;

/** The alarms, which the dashboard shows too. */
export class Alarms extends Construct {
  readonly all: readonly Alarm[];
  readonly serverErrors: IMetric;

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    const { reader, refresher, apiName, stageName } = props;
    const sum = { period: PERIOD, statistic: Stats.SUM };
    this.serverErrors = new Metric({
      namespace: "AWS/ApiGateway",
      metricName: "5XXError",
      dimensionsMap: { ApiName: apiName, Stage: stageName },
      ...sum,
    });
    // One that fails has run, and one that does not run has not failed: what counts is that it came
    // to its end.
    const refreshes = new MathExpression({
      expression: "invocations - errors",
      usingMetrics: { invocations: refresher.metricInvocations(sum), errors: refresher.metricErrors(sum) },
      label: "Refreshes that came to their end",
      period: PERIOD,
    });
    this.all = [
      this.#add("ReaderErrors", "Questions fail with an error of the program", {
        metric: reader.metricErrors(sum),
        threshold: FAILURES,
      }),
      this.#add(
        "ReaderThrottles",
        "Questions find no free reader: raise ReservedConcurrency, or the account's limit",
        {
          metric: reader.metricThrottles(sum),
          threshold: FAILURES,
        },
      ),
      this.#add(
        "ReaderSlow",
        "One question in a hundred takes 20 seconds or more: more MemorySize, or a larger MaxAge",
        {
          metric: reader.metricDuration({ period: PERIOD, statistic: Stats.p(99) }),
          threshold: SLOW_MS,
          periods: 3,
        },
      ),
      this.#add("ServerErrors", "The API answers with 5xx", {
        metric: this.serverErrors,
        threshold: FAILURES,
      }),
      this.#add(
        "RefresherStands",
        "The snapshot has not been brought up to date for 10 minutes; answers are right but slower",
        {
          metric: refreshes,
          threshold: 1,
          periods: 2,
          isLow: true,
        },
      ),
      ...new RollAlarms(this, "Roll", props.roll).all,
    ];
    sendMail(this, this.all, props);
  }

  #add(
    name: string,
    alarmDescription: string,
    {
      metric,
      threshold,
      periods = 1,
      isLow = false,
    }: { metric: IMetric; threshold: number; periods?: number; isLow?: boolean },
  ): Alarm {
    return new Alarm(this, name, {
      alarmDescription: `Rollcall (${Aws.STACK_NAME}): ${alarmDescription}`,
      metric,
      threshold,
      evaluationPeriods: periods,
      comparisonOperator: isLow
        ? ComparisonOperator.LESS_THAN_THRESHOLD
        : ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      // Where nobody asks nothing fails; a refresher of which nothing is heard stands still.
      treatMissingData: isLow ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
    });
  }
}
