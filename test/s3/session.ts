// Sessions of a role on the tests' S3 server, as EC2 instances have them on AWS: keys that end,
// with a session token.
import { signedFetch } from "./bucket.ts";
import type { S3Server, S3User } from "./server.ts";

export interface S3Session extends S3User {
  readonly sessionToken: string;
  /** ROLE_ID:SESSION, as aws:userid is. */
  readonly userId: string;
}

type Server = Pick<S3Server, "endpoint" | "user">;

const IAM_VERSION = "2010-05-08";
const STS_VERSION = "2011-06-15";

/**
 * Makes a role that the server's user may assume. @param statements what the role may do; else
 * anything with the user's buckets
 */
export async function makeRole(
  server: Server,
  role: string,
  statements: readonly object[] = [{ Effect: "Allow", Action: ["s3:*"], Resource: "arn:aws:s3:::*" }],
): Promise<void> {
  const user = { AWS: ["arn:aws:iam:::user/user"] };
  const trust = formatPolicy([{ Effect: "Allow", Principal: user, Action: ["sts:AssumeRole"] }]);
  await post(server, {
    Action: "CreateRole",
    RoleName: role,
    AssumeRolePolicyDocument: trust,
    Version: IAM_VERSION,
  });
  const rights = { PolicyName: "rights", PolicyDocument: formatPolicy(statements) };
  await post(server, { Action: "PutRolePolicy", RoleName: role, ...rights, Version: IAM_VERSION });
}

/** Makes a session of a role that is there. */
export async function openSession(server: Server, role: string, session: string): Promise<S3Session> {
  const RoleArn = `arn:aws:iam:::role/${role}`;
  const xml = await post(server, {
    Action: "AssumeRole",
    RoleArn,
    RoleSessionName: session,
    Version: STS_VERSION,
  });
  const read = (name: string) => new RegExp(`<${name}>([^<]+)</${name}>`).exec(xml)?.[1] ?? "";
  return {
    accessKeyId: read("AccessKeyId"),
    secretAccessKey: read("SecretAccessKey"),
    sessionToken: read("SessionToken"),
    // So the server calls it; AWS calls it AssumedRoleId.
    userId: read("AssumeRoleId"),
  };
}

/** Makes a role that may do anything with the user's buckets, and a session of it. */
export async function assumeRole(server: Server, role: string, session: string): Promise<S3Session> {
  await makeRole(server, role);
  return await openSession(server, role, session);
}

function formatPolicy(statements: readonly object[]): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: statements });
}

async function post(server: Server, parameters: Record<string, string>): Promise<string> {
  const body = new URLSearchParams(parameters).toString();
  const headers = { "Content-Type": "application/x-www-form-urlencoded" };
  return await (
    await signedFetch(server, { method: "POST", path: "/", service: "sts", headers, body })
  ).text();
}
