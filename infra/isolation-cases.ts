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
import { FUNCTION_ISOLATION } from "./function-isolation-cases.ts";
import {
  BASTION,
  cross,
  FEDERATED,
  FORGED,
  FORGERIES,
  get,
  HOST,
  type IsolationRow,
  KEY,
  LIST,
  LOCAL,
  LOCAL_FEDERATED,
  LOCAL_FORGED,
  LOCAL_NEIGHBOUR,
  LOCKED,
  MANIFEST,
  MIGHTY,
  MIGHTY_LOCAL,
  NEIGHBOUR,
  OPERATOR,
  PLAIN,
  put,
  remove,
  SPEC,
  trustedBesidesEc2,
  UNDOINGS,
  WIDE_ALLOW,
  WITH_OPERATORS,
} from "./isolation-row.ts";
import { type Case, READER } from "./policy-cases.ts";
import { STORE_ACCOUNT } from "./simulation.ts";

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
  ...FUNCTION_ISOLATION,
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
