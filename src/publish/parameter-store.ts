// Secrets from AWS Systems Manager's Parameter Store: GetParameter, decrypted, with the function's
// own role. https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html
import { formatServiceHost, readAddressForm } from "../network/aws-address.ts";
import type { Clock } from "../report/clock.ts";
import { loadFromChain } from "../store/s3-credentials.ts";
import { createSigner } from "../store/s3-signature.ts";
import { PublishError } from "./publisher.ts";

const TIMEOUT_MS = 10_000;

/** Reads a parameter. @throws PublishError that names it, and shows nothing of its value */
export async function readParameter(
  name: string,
  { env, clock }: { env: NodeJS.ProcessEnv; clock: Clock },
): Promise<string> {
  const region = env.AWS_REGION ?? "us-east-1";
  const host = formatServiceHost("ssm", region, readAddressForm(env));
  const endpoint = new URL(env.AWS_ENDPOINT_URL_SSM ?? `https://${host}`);
  const body = Buffer.from(JSON.stringify({ Name: name, WithDecryption: true }));
  const sign = createSigner({ region, service: "ssm", host: endpoint.host, clock });
  const credentials = await loadFromChain({ env, profile: undefined })(false);
  const headers = { "content-type": "application/x-amz-json-1.1", "x-amz-target": "AmazonSSM.GetParameter" };
  // fetch sets host by itself, to the same.
  const { host: _, ...signed } = sign({ method: "POST", path: "/", query: "", headers, body }, credentials);
  const response = await fetch(endpoint, {
    method: "POST",
    headers: signed,
    body,
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch(() => undefined);
  const answer = (await response?.json().catch(() => undefined)) as
    | { Parameter?: { Value?: unknown }; __type?: unknown }
    | undefined;
  const value = answer?.Parameter?.Value;
  if (response?.ok && typeof value === "string") return value.trim();
  const reason =
    typeof answer?.__type === "string"
      ? (answer.__type.split("#").at(-1) ?? "")
      : `status ${response?.status ?? "none"}`;
  throw new PublishError(
    `the parameter ${name} cannot be read: ` +
      `${reason.replace(/[^\w ]/g, "").slice(0, 60)}; it needs ssm:GetParameter, and ` +
      "the same region",
  );
}
