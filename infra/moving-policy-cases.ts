// Who may do what with a bucket that is moved from; for tests.
import { readFile } from "node:fs/promises";
import {
  ANONYMOUS,
  administrator,
  departureOf,
  federated,
  forger,
  MEMBER,
  program,
  readPolicy,
  reportOf,
  session,
} from "./callers.ts";
import type { Json } from "./intrinsics.ts";
import type { Case } from "./policy-cases.ts";
import {
  BUCKET,
  type Caller,
  deployTemplate,
  ORGANIZATION,
  type Request,
  STORE_ACCOUNT,
} from "./simulation.ts";

/** Where the old bucket is in the tests. */
const OLD = "app-configs";

/** What rollcall aws init writes for it: src/store/old-bucket-policy.test.ts compares. */
export async function readOldBucketPolicy(): Promise<Json> {
  return JSON.parse(await readFile(new URL("old-bucket-policy.json", import.meta.url), "utf8")) as Json;
}

/** The same, were it the whole policy: without what was in force before. */
export async function readOwnStatements(): Promise<Json> {
  const policy = (await readOldBucketPolicy()) as { readonly Statement: readonly { readonly Sid: string }[] };
  return { ...policy, Statement: policy.Statement.filter(({ Sid }) => Sid.startsWith("Rollcall")) };
}

/** As such buckets have it: all hosts may put whatever they like. */
export const WIDE_POLICY: Json = {
  Version: "2012-10-17",
  Statement: [
    {
      Sid: "HostsPut",
      Effect: "Allow",
      Principal: { AWS: "*" },
      Action: "s3:PutObject",
      Resource: `arn:aws:s3:::${OLD}/*`,
      Condition: { StringEquals: { "aws:PrincipalOrgID": ORGANIZATION } },
    },
  ],
};

const at = (request: Request): Request => ({ ...request, bucket: OLD });
const put = (key: string): Request => at({ action: "s3:PutObject", key });
const get = (key: string): Request => at({ action: "s3:GetObject", key });
const remove = (key: string): Request => at({ action: "s3:DeleteObject", key });
const LIST = at({ action: "s3:ListBucket" });
const ofMember = (request: Request): Request => ({ ...request, owner: MEMBER });

const MOVING = { AlsoReadBucket: OLD };
const READER = named(await program("ReaderRole", MOVING), "rollcall-reader-ReaderRole1A2B3C");
const REFRESHER = named(await program("RefresherRole", MOVING), "rollcall-reader-RefresherRole1A2B3C");
const PUBLISHER = named(await program("PublisherRole", MOVING), "rollcall-publisher-PublisherRole1A2B3C");
const OTHER_READER = await program("ReaderRole");

/** CloudFormation names a role after its stack. */
function named(caller: Caller, role: string): Caller {
  return { ...caller, arn: `arn:aws:sts::${STORE_ACCOUNT}:assumed-role/${role}/function` };
}

const grant = (action: string, resource: string): Json => ({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: action, Resource: resource }],
});

/** A role with the script's right: anything in the bucket. */
const SCRIPT = grant("s3:PutObject", `arn:aws:s3:::${OLD}/*`);
const HOSTS = await deployTemplate("hosts", { Bucket: BUCKET, LegacyBucket: OLD });
const AGENT = [readPolicy(HOSTS.Policy), readPolicy(HOSTS.LegacyPolicy)];
const OLD_HOST = session({ policies: [SCRIPT] });
const LOCAL_OLD_HOST = session({ account: STORE_ACCOUNT, policies: [SCRIPT] });
const NEW_HOST = session({ policies: AGENT });
const LOCAL_NEW_HOST = session({ account: STORE_ACCOUNT, policies: AGENT });
const NEIGHBOUR = session({ session: "i-0b2" });
const OPERATOR = administrator(STORE_ACCOUNT);
const FEDERATED = federated(MEMBER, "i-0b2");

/** The function behind the old API. */
const OLD_LAMBDA: Caller = {
  arn: `arn:aws:sts::${STORE_ACCOUNT}:assumed-role/app-report/function`,
  account: STORE_ACCOUNT,
  userId: "AROAOLDLAMBDAOLDLAMB5:app-report",
  organization: ORGANIZATION,
  policies: [grant("s3:ListBucket", `arn:aws:s3:::${OLD}`), grant("s3:GetObject", `arn:aws:s3:::${OLD}/*`)],
};

/** Whatever the bucket's policy says. */
export const MOVING_CASES: readonly Case[] = [
  ["allow", READER, LIST, "the reader lists it"],
  ["allow", READER, get("i-0a1.json"), "the reader reads what scripts put"],
  ["allow", READER, get(reportOf(NEIGHBOUR)), "the reader reads what agents put there before"],
  ["allow", REFRESHER, LIST, "the refresher lists it"],
  ["allow", REFRESHER, get("i-0a1.json"), "the refresher reads it for the snapshot"],
  ["allow", PUBLISHER, LIST, "the publisher lists it"],
  ["allow", PUBLISHER, get("i-0a1.json"), "the publisher reads it"],
  ["deny", OTHER_READER, LIST, "a reader that was not told of it"],
  ["deny", OTHER_READER, get("i-0a1.json"), "likewise, a report"],
  ["deny", READER, get("snapshots/v1/manifest.json"), "a snapshot there is nobody's word"],
  ["deny", REFRESHER, get("snapshots/v1/manifest.json"), "nor the refresher's"],
  ["deny", READER, get("secrets.txt"), "the reader reads nothing else"],
  ["deny", READER, get("keys/v1/k.json"), "no keys"],
  ["deny", READER, remove("i-0a1.json"), "the reader removes nothing"],
  ["deny", REFRESHER, remove("i-0a1.json"), "the refresher removes nothing"],
  ["deny", REFRESHER, remove("snapshots/v1/x.gz"), "not even a snapshot"],
  ["deny", PUBLISHER, remove("i-0a1.json"), "the publisher removes nothing"],
  ["deny", READER, at({ action: "s3:PutBucketPolicy" }), "the reader changes no policy"],
  ["allow", OLD_LAMBDA, LIST, "the old API lists it"],
  ["allow", OLD_LAMBDA, get("i-0a1.json"), "the old API reads"],
];

export const NO_POLICY_CASES: readonly Case[] = [
  ["deny", READER, put("i-0a1.json"), "the reader writes nothing at the top"],
  ["deny", READER, put("answers/v1/a.json.gz"), "no answer"],
  ["deny", REFRESHER, put("snapshots/v1/manifest.json"), "the refresher writes no snapshot there"],
  ["deny", REFRESHER, put("snapshots/others-v1/a/manifest.json"), "nor another"],
  ["deny", PUBLISHER, put("publishers/v1/wiki.json"), "the publisher writes nothing"],
  ["allow", LOCAL_NEW_HOST, put("i-0a1.json"), "the agent writes the old form, in the bucket's account"],
  ["deny", LOCAL_NEW_HOST, put("snapshots/v1/manifest.json"), "and nothing else"],
  ["deny", LOCAL_NEW_HOST, put(reportOf(LOCAL_NEW_HOST)), "no report of the new form"],
  ["deny", LOCAL_NEW_HOST, get("i-0a1.json"), "it reads nothing back"],
  ["deny", NEW_HOST, put("i-0a1.json"), "another account's agent, without a word of the bucket's"],
  ["allow", LOCAL_OLD_HOST, put("snapshots/v1/manifest.json"), "the script's own right is wide"],
];

/** With the statements that rollcall aws init adds to the wide policy. */
export const NARROWED_CASES: readonly Case[] = [
  ...MOVING_CASES,
  ["allow", OLD_HOST, put("i-0a1.json"), "the script goes on"],
  ["allow", LOCAL_OLD_HOST, put("i-0a1.json"), "in the bucket's account too"],
  ["allow", NEW_HOST, put("i-0a1.json"), "the agent's old form, from another account"],
  ["allow", NEW_HOST, put("i-0b2.json"), "what no policy can tell: a neighbour's, at the top"],
  ["deny", OLD_HOST, put(reportOf(NEIGHBOUR)), "a neighbour's report of the new form"],
  ["deny", OLD_HOST, put(departureOf(NEIGHBOUR)), "a neighbour's departure"],
  ["deny", LOCAL_OLD_HOST, put(reportOf(NEIGHBOUR)), "whatever its role allows, in the bucket's account"],
  ["allow", OLD_HOST, put(reportOf(OLD_HOST)), "its own: agents that report here go on"],
  ["allow", OLD_HOST, put(departureOf(OLD_HOST)), "and their departures"],
  ["deny", OLD_HOST, put("snapshots/v1/manifest.json"), "a forged snapshot"],
  ["deny", LOCAL_OLD_HOST, put("snapshots/v1/manifest.json"), "likewise in the bucket's account"],
  ["deny", OLD_HOST, put("specs/v1/current.json"), "a spec for everybody"],
  ["deny", OLD_HOST, put("web01.json"), "another name at the top, which aws init lists"],
  ["deny", OLD_HOST, put("x/i-0a1.json"), "a folder before it"],
  ["deny", forger({ session: "i-0a1" }), put("snapshots/v1/manifest.json"), "a session that calls itself so"],
  ["deny", OLD_HOST, get("i-0a1.json"), "hosts read nothing"],
  ["deny", OLD_HOST, LIST, "hosts list nothing"],
  [
    "deny",
    session({ organization: "o-zzzzzzzzzz", policies: [SCRIPT] }),
    put("i-0a1.json"),
    "another organisation",
  ],
  ["deny", ANONYMOUS, put("i-0a1.json"), "nobody"],
  ["deny", ANONYMOUS, get("i-0a1.json"), "nobody, reading"],
  ["allow", OPERATOR, put("notes.txt"), "people write what they wrote"],
  ["allow", OPERATOR, remove("i-0a1.json"), "and remove"],
];

/** Whom the added statements let in, were nobody else's in force. */
export const ADDED_ALONE_CASES: readonly Case[] = [
  ["allow", NEW_HOST, put("i-0a1.json"), "the agent's old form"],
  ["deny", FEDERATED, put("i-0b2.json"), "a federated user named i-…"],
  ["deny", NEW_HOST, put(reportOf(NEIGHBOUR)), "a neighbour's report"],
];

/** The bucket is another account's of the organisation. */
export const CROSS_ACCOUNT_CASES: readonly Case[] = [
  ["allow", READER, ofMember(LIST), "the reader lists it"],
  ["allow", READER, ofMember(get("i-0a1.json")), "the reader reads"],
  ["allow", REFRESHER, ofMember(get("i-0a1.json")), "the refresher reads"],
  ["allow", PUBLISHER, ofMember(get("i-0a1.json")), "the publisher reads"],
  ["deny", READER, ofMember(get("secrets.txt")), "nothing else"],
  ["deny", READER, ofMember(get("snapshots/v1/manifest.json")), "no snapshot"],
  ["deny", READER, ofMember(remove("i-0a1.json")), "it removes nothing"],
  [
    "deny",
    { ...READER, arn: `arn:aws:sts::${STORE_ACCOUNT}:assumed-role/other/function` },
    ofMember(get("i-0a1.json")),
    "another role of the reader's account, with the same rights",
  ],
  ["deny", OTHER_READER, ofMember(LIST), "a reader that was not told of it"],
  ["allow", NEW_HOST, ofMember(put("i-0a1.json")), "the agent's old form, from the bucket's account"],
  ["allow", LOCAL_NEW_HOST, ofMember(put("i-0a1.json")), "and from the reader's"],
];
