// The refresher: brings the snapshot up to date every minute, so that a question costs the
// difference alone, and counts the roll for the alarms.
import { Aws, type ICfnConditionExpression } from "aws-cdk-lib";
import type { Function as LambdaFunction } from "aws-cdk-lib/aws-lambda";
import { Construct } from "constructs";
import { HISTORY, SNAPSHOTS, TOP_LEVEL_REPORTS } from "./keys.ts";
import { Program, type ProgramSettings } from "./program.ts";
import { addSchedule } from "./schedule.ts";
import type { StoreRights } from "./store-rights.ts";

export interface RefresherProps extends ProgramSettings {
  /** `rate(1 minute)` */
  readonly rate: string;
  readonly reservedConcurrency: ICfnConditionExpression;
  /** Accounts that get metrics of their own. */
  readonly accountMetrics: string;
}

/** A first look at a large store reads every report; all later ones take a second. */
const TIMEOUT_SECONDS = 300;

const RIGHTS: StoreRights = {
  get: ["reports/*", "departures/*", SNAPSHOTS, TOP_LEVEL_REPORTS, ...HISTORY],
  put: [SNAPSHOTS, ...HISTORY],
  delete: [SNAPSHOTS, ...HISTORY],
};

/**
 * The function and its clock. What fails is not tried again: the next minute does it all anyway.
 */
export class Refresher extends Construct {
  readonly function: LambdaFunction;

  constructor(scope: Construct, id: string, { rate, accountMetrics, ...props }: RefresherProps) {
    super(scope, id);
    this.function = new Program(this, "Default", {
      ...props,
      environment: {
        ...props.environment,
        // The dimension of the metrics that the alarms watch (roll-alarms.ts).
        ROLLCALL_METRICS_STACK: Aws.STACK_NAME,
        ROLLCALL_ACCOUNT_METRICS: accountMetrics,
      },
      handler: "index.refresh",
      description: "Rollcall: keeps the snapshot",
      timeoutSeconds: TIMEOUT_SECONDS,
      rights: RIGHTS,
      isTriedOnce: true,
    }).function;

    addSchedule(this, { target: this.function, rate, description: "Rollcall: keeps the snapshot" });
  }
}
