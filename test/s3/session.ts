// Sessions of a role on the tests' S3 server, as EC2 instances have them on AWS: keys that end, with a session token.
import { signedFetch } from "./bucket.ts";
import type { S3Server, S3User } from "./server.ts";

export interface S3Session extends S3User {
  readonly sessionToken: string;
}

type Server = Pick<S3Server, "endpoint" | "user">;

/** Makes a role that may do anything with the user's buckets, and a session of it. */
export async function assumeRole(server: Server, role: string, session: string): Promise<S3Session> {
  const user = { AWS: ["arn:aws:iam:::user/user"] };
  const trust = allow({ Principal: user, Action: ["sts:AssumeRole"] });
  const rights = allow({ Action: ["s3:*"], Resource: "arn:aws:s3:::*" });
  const iam = "2010-05-08";
  await post(server, { Action: "CreateRole", RoleName: role, AssumeRolePolicyDocument: trust, Version: iam });
  await post(server, { Action: "PutRolePolicy", RoleName: role, PolicyName: "all", PolicyDocument: rights, Version: iam });
  const RoleArn = `arn:aws:iam:::role/${role}`;
  const xml = await post(server, { Action: "AssumeRole", RoleArn, RoleSessionName: session, Version: "2011-06-15" });
  const read = (name: string) => new RegExp(`<${name}>([^<]+)</${name}>`).exec(xml)?.[1] ?? "";
  return { accessKeyId: read("AccessKeyId"), secretAccessKey: read("SecretAccessKey"), sessionToken: read("SessionToken") };
}

function allow(statement: object): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", ...statement }] });
}

async function post(server: Server, parameters: Record<string, string>): Promise<string> {
  const body = new URLSearchParams(parameters).toString();
  const headers = { "Content-Type": "application/x-www-form-urlencoded" };
  return await (await signedFetch(server, { method: "POST", path: "/", service: "sts", headers, body })).text();
}
