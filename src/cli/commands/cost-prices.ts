// What S3 costs, by region, and what CloudWatch does.

/**
 * AWS's list prices of S3 Standard in US dollars: 1,000 requests, and a GB-month of the first 50
 * TB. From https://aws.amazon.com/s3/pricing/, as noted in November 2026.
 */
export const PRICES = {
  "ap-northeast-1": { put: 0.0047, list: 0.0047, get: 0.00037, storage: 0.025 },
  "us-east-1": { put: 0.005, list: 0.005, get: 0.0004, storage: 0.023 },
} as const;

export type Region = keyof typeof PRICES;

/** In the order of the help; the first is the default. */
export const REGIONS = Object.keys(PRICES) as Region[];

/**
 * What the stack rollcall-reader has CloudWatch keep, whatever the fleet's size: metrics that its
 * alarms look at, and metrics of its own, which the refresher writes. test/aws/watching.test.ts
 * holds the numbers against the template and the program.
 */
export const WATCHED = { alarmMetrics: 9, metrics: 6 } as const;

/**
 * AWS's list prices of CloudWatch in US dollars a month, in either region: a metric that an alarm
 * looks at, and one of the first 10,000 custom metrics. Ten of each are free in an account. From
 * https://aws.amazon.com/cloudwatch/pricing/, as noted in November 2026.
 */
export const CLOUDWATCH_PRICES = { alarmMetric: 0.1, metric: 0.3 } as const;
