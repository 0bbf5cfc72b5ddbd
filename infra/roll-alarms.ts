// What wakes somebody up about the roll itself: nobody reports, too few do, a whole account has
// fallen silent. The refresher counts (src/api/roll-metrics.ts), CloudWatch compares.
import { Aws, Duration } from "aws-cdk-lib";
import { Alarm, ComparisonOperator, Metric, Stats, TreatMissingData } from "aws-cdk-lib/aws-cloudwatch";
import { Construct } from "constructs";

export interface RollAlarmsProps {
  /** Parameters of the stack (reader-parameters.ts). */
  readonly notFreshPercent: number;
  readonly silentAccounts: number;
}

/** As the refresher writes them. */
const NAMESPACE = "Rollcall";

const PERIOD = Duration.minutes(5);

/** Two looks, so that one odd minute is none. */
const PERIODS = 2;

/** No host at all. */
const ALL_PERCENT = 100;

/** A metric of this stack's roll. @param statistic within each period */
export function metricOfRoll(metricName: string, statistic: string = Stats.MINIMUM, period = PERIOD): Metric {
  return new Metric({
    namespace: NAMESPACE,
    metricName,
    dimensionsMap: { Stack: Aws.STACK_NAME },
    statistic,
    period,
  });
}

/**
 * The alarms. Each compares one number with a limit, since an alarm's expression sees the data
 * points of its own evaluation range alone, and neither what the roll was yesterday nor who left as
 * it should: both the refresher knows, from the reports of silent hosts, which stay a day.
 *
 * A missing data point leaves an alarm as it is. So a new store, of which there is none, never
 * raises one, and a roll that has been empty for longer than reports are kept does not end it.
 */
export class RollAlarms extends Construct {
  readonly all: readonly Alarm[];

  constructor(scope: Construct, id: string, { notFreshPercent, silentAccounts }: RollAlarmsProps) {
    super(scope, id);
    // The smallest of a period: all its minutes are at least so bad.
    const notFresh = metricOfRoll("NotFreshPercent");
    this.all = [
      this.#add("Empty", "No host is fresh, and some were within a day", notFresh, ALL_PERCENT),
      this.#add(
        "Shrunken",
        "Of the hosts of the last day, but for those that left, too many are not fresh: rollcall coverage",
        notFresh,
        notFreshPercent,
      ),
      this.#add(
        "SilentAccounts",
        "An account had hosts within a day and has no fresh one: rollcall coverage, or the refresher's log",
        metricOfRoll("SilentAccounts"),
        silentAccounts,
      ),
    ];
  }

  #add(name: string, alarmDescription: string, metric: Metric, threshold: number): Alarm {
    return new Alarm(this, name, {
      alarmDescription: `Rollcall (${Aws.STACK_NAME}): ${alarmDescription}`,
      metric,
      threshold,
      evaluationPeriods: PERIODS,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: TreatMissingData.IGNORE,
    });
  }
}
