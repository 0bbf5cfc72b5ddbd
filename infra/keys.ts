// The store's keys, as rights and lifecycle rules need them (docs/push.md has them in full).

/**
 * What stands for the caller in a key: the account of the role, and its session's user id, which on
 * EC2 is ROLE_ID:INSTANCE_ID (IAM guide, "Policy variables").
 */
// biome-ignore lint/suspicious/noTemplateCurlyInString: IAM fills these in, at each request
const CALLER = "${aws:PrincipalAccount}/${aws:userid}.json";

/** The two keys that a host may write. Nobody may write a neighbour's. */
export const OWN_KEYS: readonly string[] = [`reports/v1/${CALLER}`, `departures/v1/${CALLER}`];

/**
 * What the user id of an instance's session looks like: a role's (AROA), whose session's name is
 * the instance's. Users that a call of GetFederationToken names have their account's id in front
 * (IAM guide, "Unique identifiers", and "Policy variables"). Whoever may choose the name of a
 * role's session can have one like it, but a host's own only where the host's role trusts him; the
 * parameter RequireInstance tells these two apart as well.
 */
export const INSTANCE_SESSION = "AROA*:i-*";

/** Below these lies what hosts write. */
export const HOST_PREFIXES: readonly string[] = ["reports/", "departures/"];

/**
 * Below these lies what operators and the reader's side write; templates are CloudFormation's own
 * while it deploys.
 */
export const OPERATOR_PREFIXES: readonly string[] = [
  "snapshots/",
  "specs/",
  "keys/",
  "answers/",
  "history/",
  "releases/",
  "publishers/",
  "templates/",
];

/** Where published specs lie. */
export const SPECS = "specs/*";

/** Reports that a shell script pushed to the top of the bucket: INSTANCE_ID.json. */
export const TOP_LEVEL_REPORTS = "i-*.json";

/** All that hosts write, in whatever way. */
export const HOSTS_OBJECTS: readonly string[] = [
  ...HOST_PREFIXES.map((prefix) => `${prefix}*`),
  TOP_LEVEL_REPORTS,
];

/** Where the roll is kept between refreshes. */
export const SNAPSHOTS = "snapshots/*";

/** Of history: entries and pieces, and the three objects of each closed day. */
export const HISTORY: readonly string[] = ["log", "pieces", "changes", "rolls", "receipts"].map(
  (name) => `history/v1/${name}/*`,
);

/** Below these lie closed days, which stay for 13 months. */
export const CLOSED_DAYS: readonly string[] = ["changes", "rolls", "receipts"];

/** What publishers keep between runs. */
export const PUBLISHERS = "publishers/*";

/** Where answers lie that are too large to be answered. */
export const ANSWERS = "answers/*";
