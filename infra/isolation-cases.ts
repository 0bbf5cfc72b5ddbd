// The table "who may do what" of docs/aws.md, and of each row the cases that show it; for tests.
import {
  ANONYMOUS,
  administrator,
  departureOf,
  federated,
  forger,
  HOST_ROLE_ID,
  MEMBER,
  OTHER_MEMBER,
  OTHER_ROLE_ID,
  reportOf,
  session,
  user,
} from "./callers.ts";
import type { Json } from "./intrinsics.ts";
import { AUTHORIZER, type Case, PUBLISHER, READER, REFRESHER } from "./policy-cases.ts";
import {
  ADMINISTRATOR,
  BUCKET,
  type Caller,
  ORGANIZATION,
  type Request,
  STORE_ACCOUNT,
} from "./simulation.ts";

const put = (key: string): Request => ({ action: "s3:PutObject", key });
const get = (key: string): Request => ({ action: "s3:GetObject", key });
const remove = (key: string): Request => ({ action: "s3:DeleteObject", key });
const LIST: Request = { action: "s3:ListBucket" };
/** What would undo the policy, or write and delete by other means than to put and to delete. */
const UNDOINGS: readonly Request[] = [
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

const MANIFEST = "snapshots/v1/manifest.json";
const SPEC = "specs/v1/current.json";
const KEY = "keys/v1/k.json";
/** What would speak for others, were a host to write it. */
const FORGERIES = [
  MANIFEST,
  "snapshots/v1/0f0f.gz",
  "snapshots/others-v1/0f0f/manifest.json",
  SPEC,
  KEY,
  "keys/v1/hosts/i-0b2.json",
  "answers/v1/a.json.gz",
  "history/v1/log/0000000001.json",
  "releases/v1/r.json",
  "publishers/v1/wiki.json",
  "i-0b2.json",
];

const HOST = session();
const MIGHTY = session({ policies: [ADMINISTRATOR] });
const LOCAL = session({ account: STORE_ACCOUNT });
const MIGHTY_LOCAL = session({ account: STORE_ACCOUNT, policies: [ADMINISTRATOR] });
const NEIGHBOUR = session({ session: "i-0b2" });
const LOCAL_NEIGHBOUR = session({ account: STORE_ACCOUNT, session: "i-0b2" });
const OPERATOR = administrator(STORE_ACCOUNT);
const BASTION_ROLE = `arn:aws:iam::${STORE_ACCOUNT}:role/bastion`;
const BASTION: Caller = {
  ...session({ account: STORE_ACCOUNT, roleId: "AROABASTIONBASTION555", policies: [ADMINISTRATOR] }),
  arn: `arn:aws:sts::${STORE_ACCOUNT}:assumed-role/bastion/i-0a1`,
};
const FEDERATED = federated(MEMBER, "i-0a1");
const LOCAL_FEDERATED = federated(STORE_ACCOUNT, "i-0a1");
/** Whoever the host's role trusts besides EC2, after somebody edited its trust policy. */
const trustedBesidesEc2 = (account: string, name: string) =>
  session({ account, session: name, instance: undefined, policies: [ADMINISTRATOR] });
const FORGED = forger({ session: "i-0a1" });
const LOCAL_FORGED = forger({ account: STORE_ACCOUNT, session: "i-0a1" });

/** Each caller with each key. */
function cross(
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

const PLAIN = { OrganizationId: ORGANIZATION };
const LOCKED = { ...PLAIN, RequireInstance: "true" };
const WITH_OPERATORS = {
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

export const ISOLATION: readonly IsolationRow[] = [
  {
    who: "an instance",
    may:
      "put its own report and its own departure: the keys with its account, its role and its " +
      "instance id; get published specs",
    mayNot:
      "put anything else, delete, or change the bucket's policy and rules, whatever its role grants, " +
      "in the bucket's account too: no other's report, no snapshot, spec or key; and, from another " +
      "account, list or read any report",
    shown: [
      {
        store: PLAIN,
        cases: [
          ["allow", HOST, put(reportOf(HOST)), "its own report"],
          ["allow", HOST, put(departureOf(HOST)), "its own departure"],
          ["allow", MIGHTY_LOCAL, put(reportOf(MIGHTY_LOCAL)), "its own, whatever else its role grants"],
          ["allow", HOST, get(SPEC), "a spec"],
          ...cross(
            "deny",
            [
              [HOST, "a host"],
              [MIGHTY, "a host with an administrator's rights in its account"],
              [LOCAL, "a host of the bucket's account"],
              [MIGHTY_LOCAL, "a host with an administrator's rights in the bucket's account"],
            ],
            FORGERIES,
            put,
          ),
          ...cross(
            "deny",
            [
              [MIGHTY, "a host with an administrator's rights in its account"],
              [MIGHTY_LOCAL, "a host with an administrator's rights in the bucket's account"],
            ],
            [MANIFEST, SPEC, KEY, reportOf(NEIGHBOUR), reportOf(LOCAL_NEIGHBOUR)],
            remove,
          ),
          ...UNDOINGS.map((asked): Case => ["deny", MIGHTY_LOCAL, asked, "what would undo all this"]),
          ["deny", MIGHTY_LOCAL, put(reportOf(LOCAL_NEIGHBOUR)), "a neighbour's report"],
          ["deny", MIGHTY, put(reportOf(NEIGHBOUR)), "a neighbour's report"],
          ["deny", MIGHTY, put(departureOf(NEIGHBOUR)), "a neighbour's departure"],
          ["deny", MIGHTY, LIST, "a list"],
          ["deny", MIGHTY, get(reportOf(NEIGHBOUR)), "a neighbour's report, to read"],
        ],
      },
      {
        store: PLAIN,
        added: WIDE_ALLOW,
        cases: [
          ["allow", HOST, put(reportOf(HOST)), "its own report"],
          ...cross("deny", [[MIGHTY, "whatever was added to the policy"]], FORGERIES, put),
          ["deny", MIGHTY, put(reportOf(NEIGHBOUR)), "a neighbour's report, likewise"],
          ["deny", MIGHTY, put(departureOf(NEIGHBOUR)), "a neighbour's departure, likewise"],
          ["deny", FORGED, put(MANIFEST), "a session that calls itself an instance, likewise"],
          ["deny", user(MEMBER), put("i-0b2.json"), "a user: nothing lies at the top"],
          ["deny", FEDERATED, put(reportOf(FEDERATED)), "a federated user named i-…, likewise"],
        ],
      },
    ],
  },
  {
    who: "an instance with one of the `OperatorRoles`, which are of the bucket's account",
    may: "besides, what its role grants: publish specs, keep the snapshot, make keys",
    mayNot: "put or delete another's report; change the bucket's policy and rules",
    shown: [
      {
        store: WITH_OPERATORS,
        cases: [
          ...cross("allow", [[BASTION, "a bastion"]], [SPEC, MANIFEST, KEY], put),
          ["allow", BASTION, remove(MANIFEST), "a bastion tidies"],
          ["deny", BASTION, put(reportOf(LOCAL_NEIGHBOUR)), "a host's report"],
          ["deny", BASTION, remove(reportOf(LOCAL_NEIGHBOUR)), "a host's report"],
          ...UNDOINGS.map((asked): Case => ["deny", BASTION, asked, "a bastion undoes nothing"]),
          ["deny", MIGHTY_LOCAL, put(MANIFEST), "a role that is not named"],
        ],
      },
      { store: PLAIN, cases: [["deny", BASTION, put(SPEC), "a bastion that is not named"]] },
    ],
  },
  {
    who:
      "whoever may assume another role of an admitted account or of the bucket's, or make one " +
      "(administrators), with a session name of his choice: `i-…`; a Lambda function that is " +
      "called so",
    may:
      "put a report and a departure under that role's id; get specs. If the name is the id of an " +
      "instance of that account and the report is newer, it counts in that instance's place, and " +
      "the instance's own is listed under `/v1/problems` as `superseded`. `RequireInstance=true` " +
      "closes all this",
    mayNot:
      "put another's key, a snapshot, a spec or a key; delete; change the bucket's policy and rules; " +
      "from another account, list or read any report",
    shown: [
      {
        store: PLAIN,
        cases: [
          ["allow", FORGED, put(reportOf(FORGED)), "under its own role's id"],
          ["allow", FORGED, put(departureOf(FORGED)), "a departure likewise"],
          ["allow", LOCAL_FORGED, put(reportOf(LOCAL_FORGED)), "in the bucket's account"],
          ["allow", FORGED, get(SPEC), "a spec"],
          [
            "allow",
            forger({ session: "i-am-a-function" }),
            put(`reports/v1/${MEMBER}/${OTHER_ROLE_ID}:i-am-a-function.json`),
            "a function of such a name",
          ],
          ...cross(
            "deny",
            [
              [FORGED, "a name of his choice"],
              [LOCAL_FORGED, "a name of his choice, in the bucket's account"],
            ],
            [...FORGERIES, reportOf(HOST), reportOf(LOCAL), departureOf(HOST)],
            put,
          ),
          ...UNDOINGS.map(
            (asked): Case => ["deny", LOCAL_FORGED, asked, "a name of his choice undoes nothing"],
          ),
          ["deny", FORGED, LIST, "a list"],
          ["deny", FORGED, remove(reportOf(HOST)), "removing"],
          ["deny", FORGED, get(reportOf(HOST)), "reading"],
        ],
      },
      {
        store: LOCKED,
        cases: [
          ["deny", FORGED, put(reportOf(FORGED)), "no instance signed"],
          ["deny", FORGED, put(departureOf(FORGED)), "no instance signed"],
          ["deny", LOCAL_FORGED, put(reportOf(LOCAL_FORGED)), "no instance signed"],
          ["deny", FORGED, get(SPEC), "no instance signed"],
        ],
      },
    ],
  },
  {
    who:
      "whoever may edit the trust policy of the hosts' role (administrators of its account), or " +
      "is trusted by it besides EC2",
    may:
      "be any instance of that account and role: put its report and departure, under its very " +
      "key. `RequireInstance=true` closes this too",
    mayNot: "be an instance of another account or another role; put a snapshot, a spec or a key",
    shown: [
      {
        store: PLAIN,
        cases: [
          ["allow", trustedBesidesEc2(MEMBER, "i-0b2"), put(reportOf(NEIGHBOUR)), "an instance of that role"],
          ["allow", trustedBesidesEc2(MEMBER, "i-0b2"), put(departureOf(NEIGHBOUR)), "its departure"],
          [
            "allow",
            trustedBesidesEc2(STORE_ACCOUNT, "i-0b2"),
            put(reportOf(LOCAL_NEIGHBOUR)),
            "in the bucket's account",
          ],
          [
            "deny",
            trustedBesidesEc2(MEMBER, "someone"),
            put(`reports/v1/${MEMBER}/${HOST_ROLE_ID}:someone.json`),
            "no instance's name",
          ],
          [
            "deny",
            trustedBesidesEc2(MEMBER, "mi-0b2"),
            put(`reports/v1/${MEMBER}/${HOST_ROLE_ID}:mi-0b2.json`),
            "a managed node's",
          ],
          [
            "deny",
            trustedBesidesEc2(MEMBER, "i-0b2"),
            put(reportOf(session({ account: OTHER_MEMBER, session: "i-0b2" }))),
            "another account's",
          ],
          [
            "deny",
            trustedBesidesEc2(MEMBER, "i-0b2"),
            put(reportOf(session({ roleId: OTHER_ROLE_ID, session: "i-0b2" }))),
            "another role's",
          ],
          ...cross(
            "deny",
            [
              [trustedBesidesEc2(MEMBER, "i-0b2"), "an edited trust policy"],
              [trustedBesidesEc2(STORE_ACCOUNT, "i-0b2"), "an edited trust policy in the bucket's account"],
            ],
            [MANIFEST, SPEC, KEY],
            put,
          ),
        ],
      },
      {
        store: LOCKED,
        cases: [
          ["deny", trustedBesidesEc2(MEMBER, "i-0b2"), put(reportOf(NEIGHBOUR)), "no instance signed"],
          ["deny", trustedBesidesEc2(MEMBER, "i-0b2"), put(departureOf(NEIGHBOUR)), "no instance signed"],
          [
            "deny",
            trustedBesidesEc2(STORE_ACCOUNT, "i-0b2"),
            put(reportOf(LOCAL_NEIGHBOUR)),
            "no instance signed",
          ],
          ["deny", trustedBesidesEc2(MEMBER, "i-0b2"), get(SPEC), "no instance signed"],
          ["allow", NEIGHBOUR, put(reportOf(NEIGHBOUR)), "the instance itself"],
        ],
      },
    ],
  },
  {
    who:
      "in accounts other than the bucket's: users, federated users whatever their names, and " +
      "sessions of other names. In the bucket's own account such callers may besides what their " +
      "policies grant, as its administrators do below",
    may: "nothing",
    mayNot: "put, get, list or delete anything",
    shown: [
      {
        store: PLAIN,
        cases: [
          ...cross(
            "deny",
            [
              [user(MEMBER), "a user"],
              [FEDERATED, "a federated user named i-…"],
              [administrator(MEMBER), "a session of another name"],
            ],
            [MANIFEST, SPEC, reportOf(HOST)],
            put,
          ),
          ...cross(
            "deny",
            [
              [user(MEMBER), "a user"],
              [FEDERATED, "a federated user named i-…"],
              [administrator(MEMBER), "a session of another name"],
            ],
            [SPEC, reportOf(HOST)],
            get,
          ),
          ["deny", FEDERATED, put(reportOf(FEDERATED)), "under its own id"],
          ["deny", FEDERATED, put(departureOf(FEDERATED)), "a departure under its own id"],
          [
            "deny",
            federated(MEMBER, `${HOST_ROLE_ID}:i-0a1`),
            put(reportOf(HOST)),
            "a name with the role's id in it",
          ],
          ["deny", federated(OTHER_MEMBER, "i-0a1"), put(reportOf(HOST)), "of another account"],
          ["deny", user(MEMBER), put(`reports/v1/${MEMBER}/AIDAUSERUSERUSERUSER3.json`), "under its own id"],
          ["deny", FEDERATED, LIST, "a list"],
          ["deny", FEDERATED, remove(reportOf(HOST)), "removing"],
          ["deny", ANONYMOUS, get(SPEC), "nobody"],
        ],
      },
    ],
  },
  {
    who: "administrators of the bucket's own account",
    may: "publish specs, make keys, write the snapshot, read; change the bucket's policy",
    mayNot:
      "put or delete a report under an instance's key. Who must, changes the bucket's policy " +
      "first, which leaves a trace",
    shown: [
      {
        store: PLAIN,
        cases: [
          ...cross("allow", [[OPERATOR, "an administrator"]], [SPEC, KEY, MANIFEST], put),
          ["allow", OPERATOR, get(reportOf(HOST)), "an administrator reads"],
          ...UNDOINGS.map((asked): Case => ["allow", OPERATOR, asked, "nobody is locked out"]),
          ...cross(
            "deny",
            [
              [OPERATOR, "an administrator"],
              [user(STORE_ACCOUNT), "a user with an administrator's rights"],
              [LOCAL_FEDERATED, "a federated user named i-…"],
            ],
            [reportOf(HOST), reportOf(LOCAL), departureOf(LOCAL)],
            put,
          ),
          ["deny", LOCAL_FEDERATED, put(reportOf(LOCAL_FEDERATED)), "a federated user, under its own id"],
          ["deny", OPERATOR, remove(reportOf(LOCAL)), "an administrator removes none"],
        ],
      },
    ],
  },
  {
    who: "the reader",
    may: "list, read reports, departures, snapshots, specs; put answers that are too large for API Gateway",
    mayNot: "write anything else",
    shown: [
      {
        store: PLAIN,
        cases: [
          ["allow", READER, LIST, "lists"],
          ...cross("allow", [[READER, "reads"]], [reportOf(HOST), departureOf(HOST), MANIFEST, SPEC], get),
          ["allow", READER, put("answers/v1/a.json.gz"), "puts an answer aside"],
          ...cross("deny", [[READER, "writes no"]], [MANIFEST, SPEC, KEY, reportOf(HOST), "i-0b2.json"], put),
          ...cross("deny", [[READER, "removes no"]], [MANIFEST, SPEC, reportOf(HOST)], remove),
        ],
      },
    ],
  },
  {
    who: "the refresher",
    may: "list, read the same but specs; put and delete snapshots and history",
    mayNot: "write anything else",
    shown: [
      {
        store: PLAIN,
        cases: [
          ["allow", REFRESHER, LIST, "lists"],
          ...cross("allow", [[REFRESHER, "reads"]], [reportOf(HOST), departureOf(HOST), MANIFEST], get),
          ["allow", REFRESHER, put(MANIFEST), "keeps the snapshot"],
          ["allow", REFRESHER, remove(MANIFEST), "tidies"],
          ["allow", REFRESHER, put("history/v1/log/0000000001.gz"), "records history"],
          ["allow", REFRESHER, remove("history/v1/log/0000000001.gz"), "removes entries of closed days"],
          ["deny", HOST, put("history/v1/log/0000000001.gz"), "no host records"],
          ["deny", READER, put("history/v1/log/0000000001.gz"), "the reader records nothing"],
          ["deny", REFRESHER, get(SPEC), "reads no specs"],
          ...cross("deny", [[REFRESHER, "writes no"]], [SPEC, KEY, reportOf(HOST), "i-0b2.json"], put),
        ],
      },
    ],
  },
  {
    who: "the publisher, if there is one",
    may: "list, read the same as the refresher; put what it keeps; read parameters below one path",
    mayNot: "write anything else",
    shown: [
      {
        store: PLAIN,
        cases: [
          ["allow", PUBLISHER, LIST, "lists"],
          ...cross("allow", [[PUBLISHER, "reads"]], [reportOf(HOST), departureOf(HOST), MANIFEST], get),
          ["allow", PUBLISHER, put("publishers/v1/wiki.json"), "keeps its state"],
          ["deny", PUBLISHER, get(SPEC), "reads no specs"],
          ...cross("deny", [[PUBLISHER, "writes no"]], [MANIFEST, SPEC, KEY, reportOf(HOST)], put),
        ],
      },
    ],
  },
  {
    who: "the authorizer, where tokens open the API, which may write its log",
    may: "nothing",
    mayNot: "list, read or write anything in the bucket",
    shown: [
      {
        store: PLAIN,
        cases: [
          ["deny", AUTHORIZER, LIST, "lists nothing"],
          ...cross("deny", [[AUTHORIZER, "reads no"]], [reportOf(HOST), MANIFEST, SPEC, KEY], get),
          ...cross("deny", [[AUTHORIZER, "writes no"]], [reportOf(HOST), MANIFEST, SPEC, KEY], put),
        ],
      },
    ],
  },
  {
    who: "whoever holds the API key, or a token where these open the API",
    may: "ask",
    mayNot: "write: the API on AWS only reads, and has the reader's rights",
    shown: [
      {
        store: PLAIN,
        cases: [
          ["allow", READER, get(reportOf(HOST)), "asks through the reader"],
          ["deny", READER, put(reportOf(HOST)), "writes nothing through it"],
          ["deny", READER, get(KEY), "keys of servers are not read"],
        ],
      },
    ],
  },
  {
    who: "all",
    may: "TLS 1.2 or later",
    mayNot: "plain HTTP",
    shown: [
      {
        store: PLAIN,
        cases: [
          ["allow", HOST, { ...put(reportOf(HOST)), tls: "1.2" }, "TLS 1.2"],
          ["deny", HOST, { ...put(reportOf(HOST)), tls: "1.1" }, "TLS 1.1"],
          ["deny", OPERATOR, { ...LIST, isPlainHttp: true }, "plain HTTP"],
          ["deny", READER, { ...get(reportOf(HOST)), isPlainHttp: true }, "plain HTTP"],
        ],
      },
    ],
  },
];

/** What hosts may do in a bucket with that Allow alone: why no snapshot is believed there. */
export const WIDE_ALONE_CASES: readonly Case[] = [
  ...cross("allow", [[MIGHTY, "nothing is kept from hosts"]], [MANIFEST, SPEC, KEY, "i-0b2.json"], put),
  ["allow", MIGHTY, put(reportOf(NEIGHBOUR)), "not even a neighbour's report"],
  ["allow", FEDERATED, put(MANIFEST), "nor from anybody of the organisation"],
];
