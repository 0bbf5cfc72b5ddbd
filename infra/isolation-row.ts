// What rows of the table "who may do what" are made of: stores, callers, requests; for tests.
import { administrator, federated, forger, MEMBER, session } from "./callers.ts";
import type { Json } from "./intrinsics.ts";
import type { Case } from "./policy-cases.ts";
import {
  ADMINISTRATOR,
  BUCKET,
  type Caller,
  ORGANIZATION,
  type Request,
  STORE_ACCOUNT,
} from "./simulation.ts";

export const put = (key: string): Request => ({ action: "s3:PutObject", key });
export const get = (key: string): Request => ({ action: "s3:GetObject", key });
export const remove = (key: string): Request => ({ action: "s3:DeleteObject", key });
export const LIST: Request = { action: "s3:ListBucket" };
/** What would undo the policy, or write and delete by other means than to put and to delete. */
export const UNDOINGS: readonly Request[] = [
  ...[
    "PutBucketPolicy",
    "DeleteBucketPolicy",
    "PutBucketVersioning",
    "PutBucketPublicAccessBlock",
    "PutBucketOwnershipControls",
    "DeleteBucket",
    "PutLifecycleConfiguration",
    "PutReplicationConfiguration",
    "PutEncryptionConfiguration",
  ].map((action) => ({ action: `s3:${action}` })),
  ...["ReplicateObject", "ReplicateDelete"].map((action) => ({
    action: `s3:${action}`,
    key: "snapshots/v1/manifest.json",
  })),
];

export const MANIFEST = "snapshots/v1/manifest.json";
export const SPEC = "specs/v1/current.json";
export const KEY = "keys/v1/k.json";
export const ENTRY = "history/v1/log/0000000001.gz";
/** What would speak for others, were a host to write it. */
export const FORGERIES = [
  MANIFEST,
  "snapshots/v1/0f0f.gz",
  "snapshots/others-v1/0f0f/manifest.json",
  SPEC,
  KEY,
  "keys/v1/hosts/i-0b2.json",
  "answers/v1/a.json.gz",
  ENTRY,
  "releases/v1/r.json",
  "publishers/v1/wiki.json",
  "i-0b2.json",
];

export const HOST = session();
export const MIGHTY = session({ policies: [ADMINISTRATOR] });
export const LOCAL = session({ account: STORE_ACCOUNT });
export const MIGHTY_LOCAL = session({ account: STORE_ACCOUNT, policies: [ADMINISTRATOR] });
export const NEIGHBOUR = session({ session: "i-0b2" });
export const LOCAL_NEIGHBOUR = session({ account: STORE_ACCOUNT, session: "i-0b2" });
export const OPERATOR = administrator(STORE_ACCOUNT);
const BASTION_ROLE = `arn:aws:iam::${STORE_ACCOUNT}:role/bastion`;
export const BASTION: Caller = {
  ...session({ account: STORE_ACCOUNT, roleId: "AROABASTIONBASTION555", policies: [ADMINISTRATOR] }),
  arn: `arn:aws:sts::${STORE_ACCOUNT}:assumed-role/bastion/i-0a1`,
};
export const FEDERATED = federated(MEMBER, "i-0a1");
export const LOCAL_FEDERATED = federated(STORE_ACCOUNT, "i-0a1");
/** Whoever the host's role trusts besides EC2, after somebody edited its trust policy. */
export const trustedBesidesEc2 = (account: string, name: string) =>
  session({ account, session: name, instance: undefined, policies: [ADMINISTRATOR] });
export const FORGED = forger({ session: "i-0a1" });
export const LOCAL_FORGED = forger({ account: STORE_ACCOUNT, session: "i-0a1" });

/** Each caller with each key. */
export function cross(
  decision: Case[0],
  callers: readonly (readonly [who: Caller, why: string])[],
  keys: readonly string[],
  ask: (key: string) => Request,
): Case[] {
  return callers.flatMap(([who, why]) => keys.map((key): Case => [decision, who, ask(key), why]));
}

/** Which store: its parameters, and a statement that somebody has added to its policy. */
export interface StoreCases {
  readonly store: Readonly<Record<string, string>>;
  readonly added?: Json;
  readonly cases: readonly Case[];
}

/** As an old bucket has it: whoever is of the organisation puts whatever he likes. */
export const WIDE_ALLOW: Json = {
  Sid: "HostsPut",
  Effect: "Allow",
  Principal: { AWS: "*" },
  Action: "s3:PutObject",
  Resource: `arn:aws:s3:::${BUCKET}/*`,
  Condition: { StringEquals: { "aws:PrincipalOrgID": ORGANIZATION } },
};

export const PLAIN = { OrganizationId: ORGANIZATION };
export const LOCKED = { ...PLAIN, RequireInstance: "true" };
export const WITH_OPERATORS = {
  ...PLAIN,
  OperatorRoles: `arn:aws:iam::${STORE_ACCOUNT}:role/other-one,${BASTION_ROLE}`,
};

/** A row of the table, as docs/aws.md has it. */
export interface IsolationRow {
  readonly who: string;
  readonly may: string;
  readonly mayNot: string;
  readonly shown: readonly StoreCases[];
}
