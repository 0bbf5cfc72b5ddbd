// What S3 costs, by region.

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
