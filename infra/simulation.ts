// Asks a simulator of IAM who may do what, by the policies of the committed templates; for tests.
import { readFile } from "node:fs/promises";
import { anonymousPrincipal, runSimulation } from "@cloud-copilot/iam-simulate";
import { type Deployment, deploy, type Json, type Template } from "./intrinsics.ts";

export const STORE_ACCOUNT = "111111111111";
export const ORGANIZATION = "o-a1b2c3d4e5";
export const REGION = "ap-northeast-1";
export const BUCKET = `rollcall-${STORE_ACCOUNT}-${REGION}`;

/** Whoever asks. */
export interface Caller {
  /** An ARN; undefined for a request that nobody signed. */
  readonly arn: string | undefined;
  readonly account: string;
  /** aws:userid */
  readonly userId?: string;
  readonly organization?: string;
  /** The instance that EC2 gave the credentials to. */
  readonly instance?: string;
  /** What the caller's own account grants. */
  readonly policies: readonly Json[];
}

/** Of the store, or of a key that a bucket is encrypted with. */
export interface Request {
  readonly action: string;
  /**
   * The ARN of the key in KMS, where it is asked, and the service that asks in the caller's name.
   */
  readonly kms?: { readonly arn: string; readonly service?: string };
  /** Another bucket than the store's, and whose it is; else the store's account's. */
  readonly bucket?: string;
  readonly owner?: string;
  /** Undefined for the bucket itself. */
  readonly key?: string | undefined;
  readonly isPlainHttp?: boolean;
  readonly tls?: string;
}

export const ADMINISTRATOR: Json = {
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
};

/** Reads a committed template. */
async function readTemplate(name: "store" | "reader" | "publisher" | "hosts"): Promise<Template> {
  return JSON.parse(
    await readFile(new URL(`templates/rollcall-${name}.template.json`, import.meta.url), "utf8"),
  );
}

/** Deploys a template into the store's account, in mind. */
export async function deployTemplate(
  name: "store" | "reader" | "publisher" | "hosts",
  parameters: Deployment["parameters"] = {},
) {
  return deploy(await readTemplate(name), { account: STORE_ACCOUNT, region: REGION, parameters });
}

/**
 * The properties of a resource that a deployment makes, in the form that the test knows them to
 * have. @throws Error if it makes none of this name
 */
export function propertiesOf<T>(resources: Awaited<ReturnType<typeof deployTemplate>>, name: string): T {
  const resource = resources[name];
  if (!resource) throw new Error(`the template makes no ${name}`);
  return resource.Properties as T;
}

/**
 * Whether the policy of the store, or of the key, and the caller's own let a request through.
 *
 * @throws Error if the simulator cannot tell
 */
export async function isAllowed(
  resourcePolicy: Json | undefined,
  caller: Caller,
  { action, kms, bucket = BUCKET, owner = STORE_ACCOUNT, key, isPlainHttp, tls = "1.3" }: Request,
): Promise<boolean> {
  const { arn, account, userId, organization, instance, policies } = caller;
  const resource = kms?.arn ?? `arn:aws:s3:::${bucket}${key === undefined ? "" : `/${key}`}`;
  const contextVariables = {
    "aws:SecureTransport": String(!isPlainHttp),
    ...(!kms && !isPlainHttp && { "s3:TlsVersion": tls }),
    ...(kms?.service && { "kms:ViaService": kms.service }),
    "aws:PrincipalAccount": arn ? account : "anonymous",
    // Of a role's session the role's (IAM guide, "aws:PrincipalArn").
    ...(arn && {
      "aws:PrincipalArn": arn.replace(
        /^arn:aws:sts::(\d+):assumed-role\/([^/]+)\/.*$/,
        "arn:aws:iam::$1:role/$2",
      ),
    }),
    ...(userId && { "aws:userid": userId }),
    ...(organization && { "aws:PrincipalOrgID": organization }),
    ...(instance && { "ec2:SourceInstanceARN": `arn:aws:ec2:${REGION}:${account}:instance/${instance}` }),
  };
  const result = await runSimulation(
    {
      request: {
        principal: arn ?? anonymousPrincipal,
        action,
        resource: { resource, accountId: owner },
        contextVariables,
      },
      identityPolicies: policies.map((policy, index) => ({ name: `policy${index}`, policy })),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      ...(resourcePolicy !== undefined && { resourcePolicy }),
      // S3 itself would refuse other accounts, were the policy a public one.
      additionalSettings: { s3: { blockPublicAccess: true } },
    },
    {},
  );
  if (result.resultType !== "single") throw new Error(`${action} ${resource}: ${JSON.stringify(result)}`);
  const ignored = result.result.ignoredContextKeys ?? [];
  if (ignored.length > 0) throw new Error(`the simulator ignores ${ignored.join(", ")}`);
  return result.overallResult === "Allowed";
}
