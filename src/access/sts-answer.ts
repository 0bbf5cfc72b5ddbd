// STS's answer to a GetCallerIdentity: whose session it was. Pure.

export interface RoleSession {
  readonly account: string;
  readonly role: string;
  /** Of an instance's own role: the instance's id. */
  readonly session: string;
}

/**
 * The whole answer, and nothing but it: no entities, comments or declarations, each element once.
 */
const ANSWER =
  /^\s*(?:<\?xml version="1\.0"(?: encoding="(?:UTF-8|utf-8)")?\s?\?>\s*)?<GetCallerIdentityResponse xmlns="https:\/\/sts\.amazonaws\.com\/doc\/2011-06-15\/">\s*<GetCallerIdentityResult>\s*((?:<(?:Arn|UserId|Account)>[^<>&]{1,300}<\/(?:Arn|UserId|Account)>\s*){3})<\/GetCallerIdentityResult>\s*<ResponseMetadata>\s*<RequestId>[A-Za-z0-9-]{1,100}<\/RequestId>\s*<\/ResponseMetadata>\s*<\/GetCallerIdentityResponse>\s*$/;

/** IAM, "IAM identifiers" and "Names": a role's name, and STS, AssumeRole: a session's. */
const ARN = /^arn:aws[a-z-]{0,20}:sts::(\d{12}):assumed-role\/([\w+=,.@-]{1,64})\/([\w+=,.@-]{2,64})$/;

/**
 * Reads STS's answer.
 *
 * @returns undefined if it is none; a fault if the caller is no session of a role
 */
export function parseAnswer(xml: string): RoleSession | { readonly fault: string } | undefined {
  const inside = ANSWER.exec(xml)?.[1] ?? "";
  const read = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(inside)?.[1];
  const [arn, userId, account] = [read("Arn"), read("UserId"), read("Account")];
  if (arn === undefined || userId === undefined || account === undefined) return undefined;
  const [, arnAccount, role = "", session = ""] = ARN.exec(arn) ?? [];
  if (arnAccount === undefined) {
    const shown = /^[\w:/+=,.@-]{1,300}$/.test(arn) ? arn : "something else";
    return { fault: `AWS says that the caller is ${shown}, which is no session of an instance's role` };
  }
  return arnAccount === account && userId.endsWith(`:${session}`) ? { account, role, session } : undefined;
}
