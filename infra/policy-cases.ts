// Who may do what with the store: each case with its reason; for tests.
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
  OUTSIDER,
  program,
  reportOf,
  session,
  user,
} from "./callers.ts";
import { ADMINISTRATOR, type Caller, type Request, STORE_ACCOUNT } from "./simulation.ts";

/** Whether a request is let through. */
export type Case = readonly [decision: "allow" | "deny", who: Caller, request: Request, why: string];

const put = (key: string, more: Partial<Request> = {}): Request => ({ action: "s3:PutObject", key, ...more });
const get = (key: string, more: Partial<Request> = {}): Request => ({ action: "s3:GetObject", key, ...more });
const remove = (key: string): Request => ({ action: "s3:DeleteObject", key });
const LIST: Request = { action: "s3:ListBucket" };

const HOST = session();
const NEIGHBOUR = session({ session: "i-0b2" });
const FAR_NEIGHBOUR = session({ account: OTHER_MEMBER, roleId: OTHER_ROLE_ID, session: "i-0c3" });
const MIGHTY_HOST = session({ policies: [ADMINISTRATOR] });
const LOCAL_HOST = session({ account: STORE_ACCOUNT });
const MIGHTY_LOCAL_HOST = session({ account: STORE_ACCOUNT, policies: [ADMINISTRATOR] });
const FEDERATED = federated(MEMBER, "i-0a1");
const LOCAL_FEDERATED = federated(STORE_ACCOUNT, "i-0a1");
// What is no instance has a session of another form; docs/aws.md, "Hosts that are not EC2".
const elsewhere = (name: string) => session({ session: name, instance: undefined });
const TASK = elsewhere("0123456789abcdef0123456789abcdef");
const POD = elsewhere("eks-prod-web-7d9c-0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0");
const ON_PREMISES = elsewhere("mi-0123456789abcdef0");
const CERTIFIED = elsewhere("00b3c1d2e4f5061728394a5b6c7d8e9f01");
const OPERATOR = administrator(STORE_ACCOUNT);
export const READER = await program("ReaderRole");
export const REFRESHER = await program("RefresherRole");
export const PUBLISHER = await program("PublisherRole");
export const AUTHORIZER = await program("AuthorizerRole", {
  Authorization: "JWT",
  JwtIssuer: "https://login.example.com/",
  JwtAudience: "rollcall",
});
const SPEC = "specs/v1/current.json";

/** A store of an organisation. */
export const ORGANIZATION_CASES: readonly Case[] = [
  // What hosts live from.
  ["allow", HOST, put(reportOf(HOST)), "its own report"],
  ["allow", HOST, put(departureOf(HOST)), "its own departure"],
  ["allow", HOST, get(SPEC), "a published spec"],
  ["allow", LOCAL_HOST, put(reportOf(LOCAL_HOST)), "its own report, from the store's account"],
  ["allow", LOCAL_HOST, get(SPEC), "a published spec, from the store's account"],
  [
    "allow",
    FAR_NEIGHBOUR,
    put(reportOf(FAR_NEIGHBOUR)),
    "an account that nobody ever named: the organisation has it",
  ],
  ["allow", HOST, put(reportOf(HOST), { tls: "1.2" }), "TLS 1.2"],
  [
    "deny",
    session({ policies: [] }),
    put(reportOf(HOST)),
    "another account's host whose own role grants nothing",
  ],

  // Neighbours.
  ["deny", HOST, put(reportOf(NEIGHBOUR)), "a neighbour's report in the same account and role"],
  ["deny", HOST, put(departureOf(NEIGHBOUR)), "a neighbour's departure"],
  ["deny", HOST, put(reportOf(FAR_NEIGHBOUR)), "a report in another account"],
  ["deny", HOST, put(departureOf(FAR_NEIGHBOUR)), "a departure in another account"],
  ["deny", MIGHTY_HOST, put(reportOf(NEIGHBOUR)), "whatever its role grants: a neighbour's report"],
  ["deny", MIGHTY_HOST, put(reportOf(FAR_NEIGHBOUR)), "whatever its role grants: another account's report"],
  [
    "deny",
    MIGHTY_HOST,
    put(`reports/v1/${OTHER_MEMBER}/${HOST_ROLE_ID}:i-0a1.json`),
    "whatever its role grants: its own user id under another account",
  ],
  [
    "deny",
    MIGHTY_LOCAL_HOST,
    put(reportOf(NEIGHBOUR)),
    "an administrator's rights in the store's account: another's report",
  ],
  [
    "deny",
    MIGHTY_LOCAL_HOST,
    put(reportOf(session({ account: STORE_ACCOUNT, session: "i-0d4" }))),
    "nor a neighbour's there",
  ],
  ["deny", HOST, put(`reports/v1/${MEMBER}/${OTHER_ROLE_ID}:i-0a1.json`), "its own id under another role"],
  [
    "deny",
    HOST,
    put(`reports/v1/${OTHER_MEMBER}/${HOST_ROLE_ID}:i-0a1.json`),
    "its own user id under another account",
  ],

  // Names that look like its own.
  ["deny", HOST, put(`${reportOf(HOST)}.json`), "more behind its key"],
  ["deny", HOST, put(reportOf(HOST).slice(0, -1)), "less than its key"],
  ["deny", HOST, put(`reports/v1/${MEMBER}/x/${HOST.userId}.json`), "a folder more"],
  [
    "deny",
    HOST,
    put(`reports/v1/${MEMBER}/../${OTHER_MEMBER}/${HOST.userId}.json`),
    "S3 knows no `..`: the key is another one",
  ],
  ["deny", HOST, put(`reports/v1/${MEMBER}//${HOST.userId}.json`), "an empty folder more"],
  ["deny", HOST, put(`/${reportOf(HOST)}`), "a slash before its key"],
  [
    "deny",
    HOST,
    put(`reports/v1/${MEMBER}/%2e%2e/${HOST.userId}.json`),
    "an escape is letters like others in a key",
  ],
  ["deny", HOST, put(`reports/v1/local/${HOST.userId}.json`), "the account of folders and servers"],
  ["deny", HOST, put(`reports/v2/${MEMBER}/${HOST.userId}.json`), "another version of the layout"],
  ["deny", HOST, put(`REPORTS/v1/${MEMBER}/${HOST.userId}.json`), "keys are told apart by case"],
  ["deny", HOST, put("i-0a1.json"), "its id at the top of the bucket, which nothing ties to it"],
  ["deny", MIGHTY_LOCAL_HOST, put("i-0b2.json"), "a neighbour's at the top, whatever its role grants"],

  // All else a host might want.
  ["deny", HOST, LIST, "a list"],
  ["deny", HOST, get(reportOf(HOST)), "its own report back"],
  ["deny", HOST, get(reportOf(NEIGHBOUR)), "a neighbour's report"],
  ["deny", MIGHTY_HOST, get(reportOf(MIGHTY_HOST)), "its own report back, whatever its role grants"],
  ["deny", MIGHTY_HOST, get(reportOf(NEIGHBOUR)), "a neighbour's report, whatever its role grants"],
  ["deny", MIGHTY_HOST, get("keys/v1/k.json"), "keys, whatever its role grants"],
  [
    "deny",
    MIGHTY_HOST,
    { action: "s3:PutObjectTagging", key: reportOf(MIGHTY_HOST) },
    "tags on its own report",
  ],
  ["deny", HOST, remove(reportOf(HOST)), "removing its own: a departure is a mark, not a removal"],
  ["deny", HOST, remove(reportOf(NEIGHBOUR)), "removing a neighbour's"],
  [
    "deny",
    MIGHTY_LOCAL_HOST,
    remove(reportOf(NEIGHBOUR)),
    "removing a neighbour's, whatever its role grants",
  ],
  ["deny", HOST, put(SPEC), "a spec for everybody"],
  ["deny", MIGHTY_HOST, put(SPEC), "a spec, with an administrator's rights in its own account"],
  ["deny", HOST, put("snapshots/v1/manifest.json"), "the snapshot"],
  ["deny", HOST, get("snapshots/v1/manifest.json"), "reading the snapshot"],
  ["deny", HOST, get("keys/v1/k.json"), "keys"],
  ["deny", HOST, put("keys/v1/k.json"), "a key of its own making"],
  ["deny", HOST, put("releases/v1/r.json"), "a release"],
  ["deny", MIGHTY_HOST, LIST, "a list, with an administrator's rights in its own account"],
  ["deny", HOST, { action: "s3:PutObjectAcl", key: reportOf(HOST) }, "opening its report to others"],
  ["deny", HOST, { action: "s3:PutBucketPolicy" }, "the policy itself"],
  [
    "deny",
    HOST,
    { action: "s3:AbortMultipartUpload", key: reportOf(NEIGHBOUR) },
    "breaking off a neighbour's upload",
  ],

  // The line.
  ["deny", HOST, put(reportOf(HOST), { isPlainHttp: true }), "plain HTTP"],
  ["deny", HOST, get(SPEC, { isPlainHttp: true }), "plain HTTP, reading"],
  ["deny", OPERATOR, { ...LIST, isPlainHttp: true }, "plain HTTP, an administrator"],
  ["deny", HOST, put(reportOf(HOST), { tls: "1.1" }), "TLS 1.1"],
  ["deny", HOST, put(reportOf(HOST), { tls: "1.0" }), "TLS 1.0"],
  ["deny", READER, get(reportOf(HOST), { tls: "1.1" }), "TLS 1.1, the reader"],

  // Strangers.
  ["deny", session({ organization: "o-zzzzzzzzzz" }), put(reportOf(HOST)), "another organisation"],
  [
    "deny",
    session({ account: OUTSIDER, organization: undefined }),
    put(`reports/v1/${OUTSIDER}/${HOST.userId}.json`),
    "no organisation",
  ],
  ["deny", session({ organization: "o-zzzzzzzzzz" }), get(SPEC), "another organisation, a spec"],
  ["deny", ANONYMOUS, get(SPEC), "nobody, a spec"],
  ["deny", ANONYMOUS, put(reportOf(HOST)), "nobody, a report"],
  ["deny", ANONYMOUS, put("reports/v1/anonymous/.json"), "nobody, where the variables might lead"],
  ["deny", ANONYMOUS, LIST, "nobody, a list"],

  // Sessions that are not an instance's, and names that pretend to be.
  [
    "deny",
    user(MEMBER),
    put(`reports/v1/${MEMBER}/AIDAUSERUSERUSERUSER3.json`),
    "a user of a member account, under its own id",
  ],
  [
    "deny",
    user(STORE_ACCOUNT),
    put(`reports/v1/${STORE_ACCOUNT}/AIDAUSERUSERUSERUSER3.json`),
    "a user of the store's account, likewise",
  ],
  ["deny", user(MEMBER), get(SPEC), "specs are for instances"],
  [
    "deny",
    administrator(MEMBER),
    put(reportOf(administrator(MEMBER))),
    "an administrator of a member account, under its own id",
  ],
  ["deny", OPERATOR, put(reportOf(OPERATOR)), "an administrator of the store's account, under its own id"],
  ["deny", OPERATOR, put(reportOf(HOST)), "an administrator of the store's account, a host's"],
  [
    "deny",
    forger({ session: "i-0a1" }),
    put(reportOf(HOST)),
    "the host's name for a session of another role: the role's id differs",
  ],
  [
    "deny",
    forger({ account: STORE_ACCOUNT, session: "i-0a1" }),
    put(reportOf(HOST)),
    "the same in the store's account",
  ],
  [
    "deny",
    forger({ session: `${HOST_ROLE_ID}:i-0a1` }),
    put(reportOf(HOST)),
    "names may have no colon, and it would not help",
  ],
  ["deny", FEDERATED, put(reportOf(FEDERATED)), "a federated user with an instance's name: its own key"],
  ["deny", FEDERATED, put(departureOf(FEDERATED)), "nor its own departure"],
  ["deny", FEDERATED, put(reportOf(HOST)), "nor the report of the instance whose name it has"],
  ["deny", FEDERATED, get(SPEC), "nor a spec"],
  [
    "deny",
    LOCAL_FEDERATED,
    put(reportOf(LOCAL_FEDERATED)),
    "nor in the store's own account, with all rights",
  ],
  ["deny", TASK, put(reportOf(TASK)), "a task of ECS, whose session has the task's id"],
  ["deny", POD, put(reportOf(POD)), "a pod of EKS, by Pod Identity"],
  ["deny", ON_PREMISES, put(reportOf(ON_PREMISES)), "a server with a hybrid activation of Systems Manager"],
  ["deny", CERTIFIED, put(reportOf(CERTIFIED)), "a server with IAM Roles Anywhere: its certificate's number"],
  ["deny", forger({ session: "x,i-0a1" }), put(reportOf(HOST)), "a name that ends like the host's"],
  [
    "allow",
    forger({ session: "i-0a1" }),
    put(`reports/v1/${MEMBER}/${OTHER_ROLE_ID}:i-0a1.json`),
    "under its own role's id a session may call itself what it likes",
  ],

  // Operators in the store's account, where identity policies count.
  ["allow", OPERATOR, LIST, "an administrator lists"],
  ["allow", OPERATOR, get(reportOf(HOST)), "an administrator reads"],
  ["allow", OPERATOR, put(SPEC), "an administrator publishes a spec"],
  ["allow", OPERATOR, put("keys/v1/k.json"), "an administrator makes a key"],
  ["allow", OPERATOR, put("templates/abc.template"), "CloudFormation's templates"],
  ["allow", OPERATOR, remove("snapshots/v1/x.gz"), "an administrator throws a snapshot away"],
  [
    "allow",
    OPERATOR,
    { action: "s3:PutBucketPolicy" },
    "an administrator changes the policy: nobody is locked out",
  ],
  [
    "deny",
    OPERATOR,
    remove(reportOf(HOST)),
    "an administrator removes a report only after changing the policy",
  ],
  ["deny", OPERATOR, put("notes.txt"), "nothing lies where nothing belongs"],
  ["deny", user(STORE_ACCOUNT, []), LIST, "a user without rights"],

  // The program.
  ["allow", READER, LIST, "the reader lists"],
  ["allow", READER, get(reportOf(HOST)), "the reader reads reports"],
  ["allow", READER, get(departureOf(HOST)), "the reader reads departures"],
  ["allow", READER, get("snapshots/v1/manifest.json"), "the reader begins from the snapshot"],
  ["allow", READER, get(SPEC), "the reader reads specs"],
  ["allow", READER, get("i-0a1.json"), "the reader reads reports at the top"],
  ["allow", READER, put("answers/v1/a.json.gz"), "the reader puts a large answer aside"],
  [
    "allow",
    READER,
    get("answers/v1/a.json.gz"),
    "the reader signs a URL for it, which has the reader's rights",
  ],
  ["deny", READER, put(reportOf(HOST)), "the reader writes no report"],
  ["deny", READER, put(reportOf(READER)), "not even one of its own"],
  ["deny", READER, put("snapshots/v1/manifest.json"), "the snapshot is the refresher's"],
  ["deny", READER, put(SPEC), "the reader publishes nothing"],
  ["deny", READER, get("keys/v1/k.json"), "keys are API Gateway's here"],
  ["deny", READER, get("templates/abc.template"), "templates are CloudFormation's"],
  ["deny", READER, remove(reportOf(HOST)), "the reader removes no report"],
  ["deny", READER, remove("answers/v1/a.json.gz"), "answers expire by themselves"],
  ["allow", REFRESHER, LIST, "the refresher lists"],
  ["allow", REFRESHER, get(reportOf(HOST)), "the refresher reads reports"],
  ["allow", REFRESHER, get("i-0a1.json"), "the refresher reads reports at the top"],
  ["allow", REFRESHER, put("snapshots/v1/manifest.json"), "the refresher writes the snapshot"],
  ["allow", REFRESHER, remove("snapshots/v1/x.gz"), "the refresher tidies the snapshot"],
  ["deny", REFRESHER, put(reportOf(HOST)), "the refresher writes no report"],
  ["deny", REFRESHER, remove(reportOf(HOST)), "the refresher removes no report"],
  ["deny", REFRESHER, put("answers/v1/a.json.gz"), "answers are the reader's"],
  ["deny", REFRESHER, get(SPEC), "the refresher needs no specs"],
  ["deny", REFRESHER, get("keys/v1/k.json"), "the refresher needs no keys"],
  ["allow", PUBLISHER, LIST, "the publisher lists"],
  ["allow", PUBLISHER, get(reportOf(HOST)), "the publisher reads reports"],
  ["allow", PUBLISHER, get("publishers/v1/wiki.json"), "the publisher reads what it keeps"],
  ["allow", PUBLISHER, put("publishers/v1/wiki.json"), "the publisher writes what it keeps"],
  ["deny", PUBLISHER, remove("publishers/v1/wiki.json"), "the publisher removes nothing"],
  ["deny", PUBLISHER, put(reportOf(HOST)), "the publisher writes no report"],
  ["deny", PUBLISHER, put("snapshots/v1/manifest.json"), "the snapshot is the refresher's"],
  ["deny", PUBLISHER, get("keys/v1/k.json"), "the publisher needs no keys"],
  ["deny", HOST, get("publishers/v1/wiki.json"), "a host reads nothing of publishers"],
  ["deny", HOST, put("publishers/v1/wiki.json"), "a host writes nothing of publishers"],
];

const LISTED = session({ organization: undefined });
/** A store of listed accounts. */
export const ACCOUNTS_CASES: readonly Case[] = [
  ["allow", LISTED, put(reportOf(LISTED)), "a listed account, in no organisation"],
  ["allow", LISTED, get(SPEC), "a listed account, a spec"],
  [
    "allow",
    session({ account: OTHER_MEMBER }),
    put(reportOf(session({ account: OTHER_MEMBER }))),
    "the other listed account",
  ],
  ["deny", LISTED, put(reportOf(NEIGHBOUR)), "a neighbour's report"],
  [
    "deny",
    session({ account: OUTSIDER }),
    put(reportOf(session({ account: OUTSIDER }))),
    "an account that is not listed, of whatever organisation",
  ],
  ["deny", session({ account: OUTSIDER }), get(SPEC), "an account that is not listed, a spec"],
  ["deny", session({ policies: [] }), put(reportOf(HOST)), "a listed account whose role grants nothing"],
  ["deny", LISTED, put(reportOf(LISTED), { isPlainHttp: true }), "plain HTTP"],
  [
    "allow",
    LOCAL_HOST,
    put(reportOf(LOCAL_HOST)),
    "the store's own account needs no word of the bucket's: the host's own policy is enough",
  ],
  [
    "deny",
    session({ account: STORE_ACCOUNT, policies: [] }),
    put(reportOf(LOCAL_HOST)),
    "without it, not being listed counts",
  ],
];

/** A store with neither. */
export const OWN_ACCOUNT_CASES: readonly Case[] = [
  ["allow", LOCAL_HOST, put(reportOf(LOCAL_HOST)), "the store's own account"],
  ["allow", LOCAL_HOST, get(SPEC), "the store's own account, a spec"],
  [
    "deny",
    LOCAL_HOST,
    put(reportOf(session({ account: STORE_ACCOUNT, session: "i-0d4" }))),
    "a neighbour's report",
  ],
  ["deny", HOST, put(reportOf(HOST)), "any other account"],
  ["deny", HOST, get(SPEC), "any other account, a spec"],
  [
    "deny",
    session({ account: STORE_ACCOUNT, policies: [] }),
    put(reportOf(LOCAL_HOST)),
    "a role that grants nothing: naming the account leaves it to the account",
  ],
];

const FORGED = forger({ session: "i-0a1" });
const LOCAL_FORGED = forger({ account: STORE_ACCOUNT, session: "i-0a1" });
/** A store that asks for the instance's ARN. */
export const INSTANCE_CASES: readonly Case[] = [
  ["allow", HOST, put(reportOf(HOST)), "credentials that EC2 gave to an instance"],
  ["allow", HOST, get(SPEC), "the same, a spec"],
  [
    "deny",
    session({ instance: undefined }),
    put(reportOf(HOST)),
    "credentials that nobody's instance was given",
  ],
  ["deny", FORGED, put(reportOf(FORGED)), "a session's name that somebody picked"],
  ["deny", FORGED, get(SPEC), "the same, a spec"],
  ["allow", LOCAL_HOST, put(reportOf(LOCAL_HOST)), "an instance of the store's account"],
  [
    "deny",
    LOCAL_FORGED,
    put(reportOf(LOCAL_FORGED)),
    "a session's name that somebody picked in the store's account, whose own policies would be enough",
  ],
  ["deny", LOCAL_FORGED, put(departureOf(LOCAL_FORGED)), "the same, a departure"],
  ["allow", OPERATOR, put(SPEC), "an administrator still publishes a spec"],
  ["deny", HOST, put(reportOf(NEIGHBOUR)), "a neighbour's report"],
];

/** What a role may do where the bucket's policy is careless. */
export const ALONE_CASES: readonly Case[] = [
  ["allow", HOST, put(reportOf(HOST)), "its own report"],
  ["deny", HOST, put(reportOf(NEIGHBOUR)), "a neighbour's report"],
  ["deny", HOST, put(reportOf(FAR_NEIGHBOUR)), "a report in another account"],
  ["deny", HOST, put(departureOf(NEIGHBOUR)), "a neighbour's departure"],
  ["deny", HOST, get(reportOf(HOST)), "its own report back"],
  ["deny", HOST, put(SPEC), "a spec"],
  ["deny", HOST, LIST, "a list"],
];

/** What the program may do at a bucket that has no policy. */
export const OLD_BUCKET_CASES: readonly Case[] = [
  ["allow", READER, get("i-0a1.json"), "the reader reads reports at the top"],
  ["deny", READER, put(reportOf(HOST)), "the reader writes no report"],
  ["deny", READER, put("i-0a1.json"), "nor one at the top"],
  ["deny", READER, remove(reportOf(HOST)), "the reader removes no report"],
  ["deny", READER, get("secrets.txt"), "the reader reads nothing that is not Rollcall's"],
  ["allow", REFRESHER, remove("snapshots/v1/x.gz"), "the refresher tidies the snapshot"],
  ["deny", REFRESHER, put(reportOf(HOST)), "the refresher writes no report"],
  ["deny", REFRESHER, remove(reportOf(HOST)), "the refresher removes no report"],
  ["deny", REFRESHER, remove("i-0a1.json"), "nor one at the top"],
  ["deny", REFRESHER, get("secrets.txt"), "the refresher reads nothing that is not Rollcall's"],
];
