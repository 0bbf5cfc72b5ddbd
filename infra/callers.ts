// Whoever may come to the store: hosts, neighbours, strangers, people, the program itself; for
// tests.
import type { Json } from "./intrinsics.ts";
import {
  ADMINISTRATOR,
  BUCKET,
  type Caller,
  deployTemplate,
  ORGANIZATION,
  STORE_ACCOUNT,
} from "./simulation.ts";

export const MEMBER = "222222222222";
export const OTHER_MEMBER = "444444444444";
export const OUTSIDER = "333333333333";

/** The host's role in each account has an id of its own. */
export const HOST_ROLE_ID = "AROAHOSTHOSTHOSTHOST1";
export const OTHER_ROLE_ID = "AROAOTHEROTHEROTHER22";

/** The rights of the stack rollcall-hosts. */
const HOST_POLICY = readPolicy((await deployTemplate("hosts", { Bucket: BUCKET })).Policy);

interface SessionOptions {
  readonly account?: string;
  readonly roleId?: string;
  readonly session?: string;
  readonly organization?: string | undefined;
  readonly instance?: string | undefined;
  readonly policies?: readonly Json[];
}

/** A session of a role. By default: an instance with the host's role in a member account. */
export function session(options: SessionOptions = {}): Caller {
  const { account = MEMBER, roleId = HOST_ROLE_ID, session = "i-0a1", policies = [HOST_POLICY] } = options;
  const organization = "organization" in options ? options.organization : ORGANIZATION;
  const instance = "instance" in options ? options.instance : session;
  return {
    arn: `arn:aws:sts::${account}:assumed-role/${roleId === HOST_ROLE_ID ? "rollcall-host" : "other"}/${session}`,
    account,
    userId: `${roleId}:${session}`,
    ...(organization && { organization }),
    ...(instance && { instance }),
    policies,
  };
}

/**
 * Somebody, or a program, who picks the session's name when assuming a role that is not a host's.
 */
export function forger(options: SessionOptions = {}): Caller {
  return session({ roleId: OTHER_ROLE_ID, policies: [ADMINISTRATOR], instance: undefined, ...options });
}

export function user(
  account: string,
  policies: readonly Json[] = [ADMINISTRATOR],
  organization: string | undefined = ORGANIZATION,
): Caller {
  return {
    arn: `arn:aws:iam::${account}:user/someone`,
    account,
    userId: "AIDAUSERUSERUSERUSER3",
    ...(organization && { organization }),
    policies,
  };
}

/**
 * A federated user (STS, GetFederationToken), whose name whoever asks for it chooses: `aws:userid`
 * is ACCOUNT:NAME. With all rights of the user who asked.
 */
export function federated(account: string, name: string): Caller {
  return {
    arn: `arn:aws:sts::${account}:federated-user/${name}`,
    account,
    userId: `${account}:${name}`,
    organization: ORGANIZATION,
    policies: [ADMINISTRATOR],
  };
}

/** An administrator's session: `aws sso login`, say. */
export function administrator(account: string): Caller {
  return forger({ account, session: "someone@example.com" });
}

export const ANONYMOUS: Caller = { arn: undefined, account: "anonymous", policies: [] };

/**
 * A function of the stacks rollcall-reader and rollcall-publisher, by the name of its role there.
 *
 * @param parameters of its stack
 */
export async function program(
  role: "ReaderRole" | "RefresherRole" | "PublisherRole" | "AuthorizerRole",
  parameters: Readonly<Record<string, string>> = {},
): Promise<Caller> {
  const isPublisher = role === "PublisherRole";
  const resources = await (isPublisher
    ? deployTemplate("publisher", { Publishers: "{}", ...parameters })
    : deployTemplate("reader", parameters));
  const [policy] = (resources[role]?.Properties.Policies ?? []) as readonly {
    readonly PolicyDocument: Json;
  }[];
  if (!policy) throw new Error(`the template has no ${role}`);
  const attached = Object.values(resources).filter(
    ({ Type, Properties }) =>
      Type === "AWS::IAM::Policy" && (Properties.Roles as readonly Json[]).includes(role),
  );
  return {
    arn: `arn:aws:sts::${STORE_ACCOUNT}:assumed-role/${role}/function`,
    account: STORE_ACCOUNT,
    userId: "AROAPROGRAMPROGRAM444:function",
    organization: ORGANIZATION,
    policies: [policy.PolicyDocument, ...attached.map(readPolicy)],
  };
}

/** The policy document of a resource that has one. */
export function readPolicy(
  resource: { readonly Properties: Readonly<Record<string, Json>> } | undefined,
): Json {
  const document = resource?.Properties.PolicyDocument;
  if (document === undefined) throw new Error("the template has no such policy");
  return document;
}

/** The keys of one session: its report and its departure. */
export function reportOf({ account, userId }: Caller): string {
  return `reports/v1/${account}/${userId}.json`;
}

export function departureOf({ account, userId }: Caller): string {
  return `departures/v1/${account}/${userId}.json`;
}
