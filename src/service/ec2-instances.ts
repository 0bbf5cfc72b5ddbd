// The instances that EC2 says are there: DescribeInstances, in one region with one account's
// credentials. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html
import { formatServiceHost, readAddressForm } from "../network/aws-address.ts";
import type { Environment } from "../network/proxy.ts";
import type { Clock } from "../report/clock.ts";
import { readAwsTrust } from "../store/aws-trust.ts";
import { loadFromChain } from "../store/s3-credentials.ts";
import { openSender } from "../store/s3-open-sender.ts";
import { S3_TIMEOUTS } from "../store/s3-sender.ts";
import { createSigner } from "../store/s3-signature.ts";
import { parseEndpoint } from "../store/s3-url.ts";
import { StoreError } from "../store/store.ts";
import { ServiceError } from "./service-error.ts";

/**
 * Instances of one page, which is EC2's limit, and pages at most. A page has some 10 KB for each.
 */
const PAGE_SIZE = 1000;
const MAX_INSTANCES_PAGES = 1000;
const MAX_INSTANCES_PAGE_BYTES = 64 * 1024 * 1024;

export interface Ec2Options {
  /** Where keys, proxies and another endpoint than AWS's are found. */
  readonly env: Environment;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Lists instances that are pending or running. @throws ServiceError that names the right that is
 * missing
 */
export async function listInstances(
  region: string,
  { env, clock, signal }: Ec2Options,
): Promise<ReadonlySet<string>> {
  const endpoint = env.AWS_ENDPOINT_URL_EC2
    ? parseEndpoint(env.AWS_ENDPOINT_URL_EC2)
    : new URL(`https://${formatServiceHost("ec2", region, readAddressForm(env))}`);
  const trust = await readAwsTrust(env);
  const sender = await openSender({
    origin: endpoint.origin,
    timeouts: { ...S3_TIMEOUTS, headers: 60_000 },
    env,
    trust,
  });
  const sign = createSigner({ region, service: "ec2", host: endpoint.host, clock });
  const ids = new Set<string>();
  try {
    const credentials = await loadFromChain({ env, trust, profile: undefined })(false);
    let token: string | undefined;
    for (let page = 0; page < MAX_INSTANCES_PAGES; page++) {
      const query = formatQuery(token);
      const request = { method: "GET", path: "/", query, headers: {}, body: undefined } as const;
      const headers = sign(request, credentials);
      const answer = await sender.send({
        ...request,
        path: `/?${query}`,
        headers,
        maxBytes: MAX_INSTANCES_PAGE_BYTES,
        signal,
      });
      const xml = answer.body.toString("utf8");
      if (answer.status !== 200) throw new ServiceError("ec2_refused", explain(answer.status, xml, region));
      for (const [, id = ""] of xml.matchAll(/<instanceId>(i-[0-9a-f]{8,17})<\/instanceId>/g)) ids.add(id);
      token = /<nextToken>([^<]+)<\/nextToken>/.exec(xml)?.[1];
      if (token === undefined) return ids;
    }
    throw new ServiceError(
      "ec2_too_many",
      `EC2 in ${region} has more than ${PAGE_SIZE * MAX_INSTANCES_PAGES} instances`,
    );
  } catch (error) {
    if (error instanceof StoreError)
      throw new ServiceError("ec2_failed", `EC2 in ${region}: ${error.reason}`);
    throw error;
  } finally {
    await sender.close();
  }
}

/**
 * In the order of the names, as a signature wants it (IAM user guide, "Create a signed AWS API
 * request").
 */
function formatQuery(token: string | undefined): string {
  return Object.entries({
    Action: "DescribeInstances",
    "Filter.1.Name": "instance-state-name",
    "Filter.1.Value.1": "pending",
    "Filter.1.Value.2": "running",
    MaxResults: String(PAGE_SIZE),
    ...(token !== undefined && { NextToken: token }),
    Version: "2016-11-15",
  })
    .map(
      ([name, value]) =>
        `${name}=${encodeURIComponent(value).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)}`,
    )
    .join("&");
}

function explain(status: number, xml: string, region: string): string {
  const code = /<Code>([A-Za-z0-9.]{1,64})<\/Code>/.exec(xml)?.[1] ?? String(status);
  const advice =
    code === "UnauthorizedOperation"
      ? "; the credentials need ec2:DescribeInstances. Or give a list: aws ec2 " +
        "describe-instances | rollcall coverage --expect -"
      : "";
  return `EC2 in ${region} answered ${status} ${code}${advice}`;
}
