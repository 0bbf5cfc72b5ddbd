// The rows of "who may do what" that are of the program's own functions; for tests.
import { departureOf, reportOf } from "./callers.ts";
import {
  cross,
  ENTRY,
  get,
  HOST,
  type IsolationRow,
  KEY,
  LIST,
  MANIFEST,
  PLAIN,
  put,
  remove,
  SPEC,
} from "./isolation-row.ts";
import { AUTHORIZER, PUBLISHER, READER, REFRESHER } from "./policy-cases.ts";

/** Rows of the program's functions, and of whoever asks through them. */
export const FUNCTION_ISOLATION: readonly IsolationRow[] = [
  {
    who: "the reader",
    may:
      "list, read reports, departures, snapshots, history, specs; put answers that are too large " +
      "for API Gateway",
    mayNot: "write anything else",
    shown: [
      {
        store: PLAIN,
        cases: [
          ["allow", READER, LIST, "lists"],
          ...cross(
            "allow",
            [[READER, "reads"]],
            [reportOf(HOST), departureOf(HOST), MANIFEST, ENTRY, SPEC],
            get,
          ),
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
          ["allow", REFRESHER, put(ENTRY), "records history"],
          ["allow", REFRESHER, remove(ENTRY), "removes entries of closed days"],
          ["deny", HOST, put(ENTRY), "no host records"],
          ["deny", READER, put(ENTRY), "the reader records nothing"],
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
];
