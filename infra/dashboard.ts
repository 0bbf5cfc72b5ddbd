// One page of graphs: who asks, how long it takes, what fails, how the snapshot does.
import { Aws, Duration } from "aws-cdk-lib";
import {
  AlarmStatusWidget,
  Dashboard as CloudWatchDashboard,
  GraphWidget,
  type IMetric,
  type IWidget,
  Metric,
  Stats,
} from "aws-cdk-lib/aws-cloudwatch";
import type { Function as LambdaFunction } from "aws-cdk-lib/aws-lambda";
import { Construct } from "constructs";
import type { Alarms } from "./alarms.ts";
import { metricOfRoll } from "./roll-alarms.ts";

export interface DashboardProps {
  readonly reader: LambdaFunction;
  readonly refresher: LambdaFunction;
  readonly apiName: string;
  readonly stageName: string;
  readonly alarms: Alarms;
}

const PERIOD = Duration.minutes(1);
const SUM = { period: PERIOD, statistic: Stats.SUM };
const DAY = Duration.days(1);

/**
 * The dashboard, called after its stack and region: an account's dashboards have no region, and
 * there may be a reader in several (CloudWatch guide, "Using Amazon CloudWatch dashboards").
 */
export class Dashboard extends Construct {
  constructor(
    scope: Construct,
    id: string,
    { reader, refresher, apiName, stageName, alarms }: DashboardProps,
  ) {
    super(scope, id);
    const api = (metricName: string, statistic: string, label: string) => {
      const dimensionsMap = { ApiName: apiName, Stage: stageName };
      return new Metric({
        namespace: "AWS/ApiGateway",
        metricName,
        dimensionsMap,
        period: PERIOD,
        statistic,
        label,
      });
    };
    const roll = (metricName: string) => metricOfRoll(metricName, Stats.MAXIMUM, PERIOD);
    const duration = (one: LambdaFunction, percent: number) =>
      one.metricDuration({ period: PERIOD, statistic: Stats.p(percent), label: `p${percent}` });
    const dashboard = new CloudWatchDashboard(this, "Page", {
      dashboardName: `${Aws.STACK_NAME}-${Aws.REGION}`,
      defaultInterval: DAY,
    });
    dashboard.addWidgets(
      new AlarmStatusWidget({ title: "Alarms", width: 24, height: 3, alarms: [...alarms.all] }),
    );
    dashboard.addWidgets(
      draw("Questions a minute", [
        api("Count", Stats.SUM, "all"),
        api("4XXError", Stats.SUM, "4xx"),
        api("5XXError", Stats.SUM, "5xx"),
      ]),
      draw("Time to answer, ms", [api("Latency", Stats.p(50), "p50"), api("Latency", Stats.p(99), "p99")]),
      draw("Readers at work", [
        reader.metric("ConcurrentExecutions", { period: PERIOD, statistic: Stats.MAXIMUM }),
        reader.metricThrottles(SUM),
        reader.metricErrors(SUM),
      ]),
    );
    dashboard.addWidgets(
      draw("Reader, ms", [duration(reader, 50), duration(reader, 99)]),
      draw("Refreshes a minute", [refresher.metricInvocations(SUM), refresher.metricErrors(SUM)]),
      draw("Refresher, ms", [duration(refresher, 50), duration(refresher, 99)]),
    );
    dashboard.addWidgets(
      draw("Hosts", [roll("FreshHosts"), roll("SilentHosts"), roll("SetAsideHosts")]),
      draw("Accounts without a fresh host", [roll("SilentAccounts")]),
      draw("Hosts that are not fresh, %", [roll("NotFreshPercent")]),
    );
  }
}

function draw(title: string, left: IMetric[]): IWidget {
  return new GraphWidget({ title, left, width: 8, height: 6, leftYAxis: { min: 0 } });
}
