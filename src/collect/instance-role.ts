// What an EC2 instance knows of the role that it has: its name and the id of the credentials in
// use. The role's own id (AROA…) is not among it.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-categories.html
import { parseJson } from "../report/parse-json.ts";
import { type Answer, ask, INSTANCE_ID, type MetadataSource, parseIdentity, readToken } from "./metadata.ts";

/** An instance and the role that it has now. */
export interface InstanceRole {
  readonly instance: string;
  /** 12 digits. A role is always of the account of its instance. */
  readonly account: string;
  readonly region: string;
  readonly name: string;
  /** Of the instance profile, `AIPA…`: another one may bring another role of the same name. */
  readonly profileId: string;
  /** Of the credentials that the instance gives out now: no secret. */
  readonly accessKeyId: string;
}

/** IAM, "Names": of a role. */
const ROLE_NAME = /^[\w+=,.@-]{1,64}$/;
/** IAM, "Unique identifiers". */
const PROFILE_ID = /^AIPA[A-Z0-9]{12,124}$/;
/** STS, "Credentials": of an access key. */
const ACCESS_KEY_ID = /^\w{16,128}$/;

/**
 * Asks the metadata service. @returns in one sentence why it does not say, where it does not say
 * all
 */
export async function readInstanceRole(
  source: MetadataSource,
  signal: AbortSignal,
): Promise<InstanceRole | { readonly failure: string }> {
  const token = await readToken(source, true, signal);
  if ("failure" in token) return token;
  const get = async (path: string) => textOf(await ask(source, "GET", path, token.headers, signal));
  const [instance = "", identity = "", info = "", names = ""] = await Promise.all([
    get("meta-data/instance-id"),
    get("dynamic/instance-identity/document"),
    get("meta-data/iam/info"),
    get("meta-data/iam/security-credentials/"),
  ]);
  const name = names.trim();
  if (!ROLE_NAME.test(name)) return { failure: "this instance has no role (instance profile)" };
  const given = (await get(`meta-data/iam/security-credentials/${name}`)) ?? "";
  const { account, region } = parseIdentity(identity) ?? {};
  const profileId = readText(info, "InstanceProfileId", PROFILE_ID);
  const accessKeyId = readText(given, "AccessKeyId", ACCESS_KEY_ID);
  if (
    !INSTANCE_ID.test(instance.trim()) ||
    account === undefined ||
    region === undefined ||
    profileId === undefined ||
    accessKeyId === undefined
  )
    return { failure: `the metadata service does not say all of the role ${name} of this instance` };
  return { instance: instance.trim(), account, region, name, profileId, accessKeyId };
}

function textOf(answer: Answer): string | undefined {
  return "status" in answer && answer.status === 200 ? answer.body : undefined;
}

function readText(json: string, key: string, form: RegExp): string | undefined {
  const value = (parseJson(Buffer.from(json)) as Record<string, unknown> | null | undefined)?.[key];
  return typeof value === "string" && form.test(value) ? value : undefined;
}
