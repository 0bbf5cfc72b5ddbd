// The API that a company had before, in the shape of its Lambda function: it lists the whole
// bucket, one page of it, and reads update_date of each object outside its try. For tests.
import { signedFetch } from "./bucket.ts";
import type { S3Server } from "./server.ts";

export interface OldReport {
  readonly update_date: string;
  readonly instance_id: string;
  readonly [field: string]: unknown;
}

/**
 * Asks it.
 *
 * @param since only what was made since, by its update_date; ms since the epoch
 * @throws Error, as the function would answer 502, at whatever is no report
 */
export async function askOldApi(
  server: Pick<S3Server, "endpoint" | "user">,
  bucket: string,
  since: number,
): Promise<OldReport[]> {
  // ListObjectsV2 without its continuation: what comes after 1,000 keys is not there.
  const listing = await (await signedFetch(server, { path: `/${bucket}?list-type=2` })).text();
  const keys = [...listing.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key = ""]) => key);
  const answer: OldReport[] = [];
  for (const key of keys) {
    const text = await (await signedFetch(server, { path: `/${bucket}/${encodeURI(key)}` })).text();
    let report: OldReport;
    try {
      report = JSON.parse(text) as OldReport;
    } catch {
      continue;
    }
    const madeAt = Date.parse(report.update_date.replace(/([+-]\d\d)(\d\d)$/, "$1:$2"));
    if (Number.isNaN(madeAt)) throw new TypeError(`update_date of ${key} is ${report.update_date}`);
    if (madeAt >= since) answer.push(report);
  }
  return answer;
}
