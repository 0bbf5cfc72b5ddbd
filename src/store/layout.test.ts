// Tests of the layout: its own order, and that the AWS stacks give each principal what it says and
// nothing else. The stacks are read from their committed templates, as infra/ imports nothing of
// src/ nor src/ of infra/.
import { readdir, readFile } from "node:fs/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEPARTURES_PREFIX, formatReportKey, parseReportKey, REPORTS_PREFIX } from "../report/key.ts";
import { EXPIRY_MS } from "../report/limits.ts";
import {
  API_KEYS_PREFIX,
  AREAS,
  type Area,
  CURRENT_EDITION_KEY,
  DENIALS_PREFIX,
  ENROLMENTS_PREFIX,
  EXPIRING_AREAS,
  KEPT_PREFIXES,
  KEY_USES_PREFIX,
  locateAnswer,
  locateApiKey,
  locateDay,
  locateDayChanges,
  locateDayRolls,
  locateDenial,
  locateEdition,
  locateEnrolment,
  locateHistoryPiece,
  locateKeyUse,
  locateLogEntry,
  locateOthersSnapshot,
  locatePublisherState,
  locateSnapshotManifest,
  locateSnapshotPiece,
  NONCE_SECRET_KEY,
  type Principal,
  PUBLISHERS_CLOCK_KEY,
  parseDay,
  parseEditionNumber,
  parseName,
  SNAPSHOT_MANIFEST_KEY,
  SNAPSHOT_PREFIX,
  SWEPT_PREFIXES,
} from "./layout.ts";
import { checkKey } from "./store.ts";

const DAY_MS = 24 * 60 * 60_000;
const areaOf = (key: string): Area | undefined => AREAS.find(({ prefix }) => key.startsWith(prefix));

describe("the layout", () => {
  it("has each area once, and none inside another", () => {
    for (const { prefix } of AREAS)
      expect(AREAS.filter((area) => prefix.startsWith(area.prefix))).toHaveLength(1);
  });

  it("lets what hosts write go when no answer shows it any more, and nothing that is kept", () => {
    expect(AREAS.filter(({ put }) => put.includes("host")).map(({ staysMs }) => staysMs)).toEqual([
      EXPIRY_MS,
      EXPIRY_MS,
    ]);
    const expiring = EXPIRING_AREAS.map(({ prefix }) => prefix);
    expect(expiring.filter((prefix) => KEPT_PREFIXES.includes(prefix))).toEqual([]);
    expect([...expiring, ...KEPT_PREFIXES, "templates/"].sort()).toEqual(
      AREAS.map(({ prefix }) => prefix).sort(),
    );
    for (const prefix of SWEPT_PREFIXES) expect(areaOf(prefix)?.put).toEqual(["host"]);
  });

  it("has each kind of object in the area that is of its kind, under a key that stores take", () => {
    const keys: readonly (readonly [key: string, prefix: string])[] = [
      [formatReportKey("i-0123456789abcdef0"), "reports/"],
      [`${DEPARTURES_PREFIX}local/a.json`, "departures/"],
      ["i-0123456789abcdef0.json", "i-"],
      [SNAPSHOT_MANIFEST_KEY, "snapshots/"],
      [locateSnapshotPiece(SNAPSHOT_PREFIX, "00ff"), "snapshots/"],
      [locateSnapshotManifest(locateOthersSnapshot("s3://app-configs")), "snapshots/"],
      [locateAnswer("00ff"), "answers/"],
      [CURRENT_EDITION_KEY, "specs/"],
      [locateEdition(7), "specs/"],
      [locateApiKey("abcdefghijkl"), "keys/"],
      [locateEnrolment("host.example"), "keys/"],
      [locateDenial("host.example"), "keys/"],
      [locateKeyUse("hosts/host.example"), "keys/"],
      [NONCE_SECRET_KEY, "keys/"],
      [locatePublisherState("docbase"), "publishers/"],
      [PUBLISHERS_CLOCK_KEY, "publishers/"],
      [locateLogEntry(7), "history/v1/log/"],
      [locateHistoryPiece("00ff"), "history/v1/pieces/"],
      [locateDayChanges(20_000), "history/v1/changes/"],
      [locateDayRolls(20_000), "history/v1/rolls/"],
      [locateDay({ day: 20_000, first: 1, last: 1440 }), "history/v1/receipts/"],
    ];
    for (const [key, prefix] of keys) {
      expect([key, areaOf(key)?.prefix]).toEqual([key, prefix]);
      expect(() => checkKey(key)).not.toThrow();
    }
    // Every area that something lies in today is among them.
    const isUsed = ({ prefix }: Area) => !["releases/", "templates/"].includes(prefix);
    expect(new Set(keys.map(([, prefix]) => prefix))).toEqual(
      new Set(AREAS.filter(isUsed).map(({ prefix }) => prefix)),
    );
  });

  it("reads a closed day out of its mark's key", () => {
    const number = fc.integer({ min: 1, max: 9_999_999_999 });
    const day = fc.integer({ min: 1, max: 100_000 });
    fc.assert(
      fc.property(day, number, number, (at, first, last) => {
        expect(parseDay(locateDay({ day: at, first, last }))).toEqual({ day: at, first, last });
        expect(parseDay(locateDayRolls(at))).toBeUndefined();
      }),
    );
  });

  it("reads a name out of the key that it was put into", () => {
    const host = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/);
    const places = [
      [ENROLMENTS_PREFIX, locateEnrolment],
      [DENIALS_PREFIX, locateDenial],
      [API_KEYS_PREFIX, locateApiKey],
      [KEY_USES_PREFIX, locateKeyUse],
    ] as const;
    fc.assert(
      fc.property(host, fc.constantFrom(...places), (name, [prefix, locate]) => {
        expect(parseName(prefix, locate(name))).toBe(name);
        expect(parseName(REPORTS_PREFIX, locate(name))).toBeUndefined();
        expect(parseReportKey(locate(name))).toBeUndefined();
      }),
    );
    expect(parseName(DENIALS_PREFIX, `${DENIALS_PREFIX}host`)).toBeUndefined();
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000_000 }), (number) => {
        expect(parseEditionNumber(locateEdition(number))).toBe(number);
      }),
    );
  });

  it("stands in docs/stores/layout.md, row by row", async () => {
    const page = await readFile(new URL("../../docs/stores/layout.md", import.meta.url), "utf8");
    const list = (principals: readonly Principal[]) =>
      principals.length === 0 ? "nobody" : principals.join(", ");
    const rows = AREAS.map(
      (area) =>
        `| \`${area.suffix ? toPattern(area) : area.prefix}\` | ${area.holds} | ${list(area.put)} | ` +
        `${list(area.get)} | ${list(area.remove)} | ${sayStay(area)} |`,
    );
    expect(page.split("\n").filter((line) => line.startsWith("| `"))).toEqual(rows);
    for (const { staysMs } of AREAS) expect([undefined, DAY_MS, 396 * DAY_MS]).toContain(staysMs);
  });

  it("is said nowhere else", async () => {
    const areas = AREAS.map(({ prefix }) => prefix).filter((prefix) => prefix.endsWith("/"));
    // A key or a prefix in a string, and no address of the API, whose paths begin with /v1/.
    const literal = new RegExp(`["'\`](${areas.join("|")})(v[0-9]|\\$|["'\`])`);
    const root = new URL("..", import.meta.url);
    const saying: string[] = [];
    for (const name of await readdir(root, { recursive: true })) {
      if (!name.endsWith(".ts") || name.endsWith(".test.ts") || name.startsWith("testing/")) continue;
      const text = await readFile(new URL(name, root), "utf8");
      const code = text.split("\n").filter((line) => !/^\s*(\/\/|\/?\*)/.test(line));
      if (literal.test(code.join("\n"))) saying.push(name);
    }
    expect(saying.sort()).toEqual(["report/key.ts", "store/layout.ts"]);
  });
});

function sayStay({ staysMs }: Area): string {
  if (staysMs === undefined) return "kept";
  return staysMs === DAY_MS ? "a day" : "13 months";
}

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
interface Statement {
  readonly Sid?: string;
  readonly Effect: "Allow" | "Deny";
  readonly Action: string | readonly string[];
  readonly Resource?: Json;
  readonly NotResource?: Json;
}
type Resources = Readonly<
  Record<string, { readonly Type: string; readonly Properties: { readonly [name: string]: Json } }>
>;

async function readTemplate(name: string) {
  const url = new URL(`../../infra/templates/rollcall-${name}.template.json`, import.meta.url);
  return JSON.parse(await readFile(url, "utf8")) as {
    readonly Resources: Resources;
    readonly Parameters: Readonly<Record<string, { readonly Default?: Json }>>;
  };
}

const templates = {
  store: await readTemplate("store"),
  hosts: await readTemplate("hosts"),
  reader: await readTemplate("reader"),
  publisher: await readTemplate("publisher"),
};

/** All statements of a resource's policies. */
function statementsOf(resources: Resources, name: string): Statement[] {
  const { Properties } = resources[name] ?? expect.fail(`no template has ${name}`);
  const { PolicyDocument, Policies = [] } = Properties as {
    readonly PolicyDocument?: { readonly Statement: Statement[] };
    readonly Policies?: readonly { readonly PolicyDocument: { readonly Statement: Statement[] } }[];
  };
  return [PolicyDocument, ...Policies.map((policy) => policy.PolicyDocument)].flatMap(
    (document) => document?.Statement ?? [],
  );
}

/** The keys that ARNs name, as `reports/*`: what follows the bucket. The bucket itself is "". */
function keysOf(resource: Json | undefined): string[] {
  return [resource ?? []].flat().map((arn) => {
    const last = JSON.stringify(arn).split('"').at(-2) ?? "";
    return last.startsWith("/") ? last.slice(1) : "";
  });
}

/** What IAM calls the caller's own key below a prefix. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: IAM fills these in, at each request
const OWN = "v1/${aws:PrincipalAccount}/${aws:userid}.json";

/** The keys that rights of an action name. */
function keysAllowed(statements: readonly Statement[], action: string): string[] {
  return statements
    .filter(({ Effect, Action }) => Effect === "Allow" && [Action].flat().includes(action))
    .flatMap(({ Resource }) => keysOf(Resource))
    .sort();
}

/** The keys to which the layout gives a principal a right, as policies write them. */
function keysOfLayout(right: "put" | "get" | "remove", principal: Principal): string[] {
  // On AWS the refresher records.
  const parties = principal === "refresher" ? [principal, "recorder" as const] : [principal];
  return AREAS.filter((area) => parties.some((party) => area[right].includes(party)))
    .map((area) => (right === "put" && principal === "host" ? area.prefix + OWN : toPattern(area)))
    .sort();
}

function toPattern({ prefix, suffix = "" }: Area): string {
  return `${prefix}*${suffix}`;
}

const ACTIONS = { put: "s3:PutObject", get: "s3:GetObject", remove: "s3:DeleteObject" } as const;

/** Each principal of the layout that has a role, and every resource that gives it rights. */
const ROLES = [
  ["host", templates.hosts.Resources, "Policy"],
  ["host", templates.store.Resources, "BucketPolicy"],
  ["reader", templates.reader.Resources, "ReaderRole"],
  ["refresher", templates.reader.Resources, "RefresherRole"],
  ["publisher", templates.publisher.Resources, "PublisherRole"],
] as const satisfies readonly (readonly [Principal, Resources, string])[];

/** Who has rights on a bucket that is moved from, and by which resource. */
const OLD_BUCKET: readonly (readonly [party: string, name: string, resources: Resources])[] = [
  ["a host", "LegacyPolicy", templates.hosts.Resources],
  ...[templates.reader, templates.publisher].flatMap(({ Resources: resources }) =>
    Object.keys(resources)
      .filter((name) => name.includes("AlsoReadPolicy"))
      .map((name) => ["a function", name, resources] as const),
  ),
];

describe("the AWS stacks", () => {
  it.each(ROLES)(
    "give the %s the layout's rights and no others on objects (%#)",
    (principal, resources, name) => {
      const statements = statementsOf(resources, name);
      for (const right of ["put", "get", "remove"] as const)
        expect([right, keysAllowed(statements, ACTIONS[right])]).toEqual([
          right,
          keysOfLayout(right, principal),
        ]);
      const others = statements
        .filter(({ Effect }) => Effect === "Allow")
        .flatMap(({ Action }) => [Action].flat())
        .filter(
          (action) => /^(s3:|\*)/.test(action) && !(Object.values(ACTIONS) as string[]).includes(action),
        );
      // To list is a right on the bucket, not on a key.
      expect(others).toEqual(principal === "host" ? [] : ["s3:ListBucket"]);
    },
  );

  it("give rights on the bucket to no resource that is not compared", () => {
    const compared = new Set([
      ...ROLES.map(([, , name]) => name as string),
      ...OLD_BUCKET.map(([, name]) => name),
    ]);
    for (const { Resources: resources } of Object.values(templates))
      for (const [name, { Type }] of Object.entries(resources)) {
        if (!/^AWS::(IAM::|S3::BucketPolicy)/.test(Type) || compared.has(name)) continue;
        expect([name, JSON.stringify(resources[name]).match(/"s3:[A-Za-z*]+"/g)]).toEqual([name, null]);
      }
  });

  it.each(OLD_BUCKET)(
    "give %s rights by %s on what scripts and hosts put, in a bucket that is moved from",
    (party, name, resources) => {
      const statements = statementsOf(resources, name);
      const top = AREAS.filter(({ suffix }) => suffix !== undefined);
      const hosts = AREAS.filter(({ put }) => put.includes("host"));
      const isHost = party === "a host";
      const allowed = Object.entries({
        "s3:PutObject": isHost ? top : [],
        "s3:GetObject": isHost ? [] : [...top, ...hosts],
        "s3:DeleteObject": [],
      });
      for (const [action, areas] of allowed)
        expect([action, keysAllowed(statements, action)]).toEqual([action, areas.map(toPattern).sort()]);
      expect(statements.flatMap(({ Action }) => Action).sort()).toEqual(
        isHost ? ["s3:PutObject"] : ["s3:GetObject", "s3:ListBucket"],
      );
    },
  );

  it("let nobody put where the layout has nothing, nor a host's object but by its own key", () => {
    const deny = (sid: string) =>
      statementsOf(templates.store.Resources, "BucketPolicy").find(({ Sid }) => Sid === sid) ??
      expect.fail(`the bucket's policy has no ${sid}`);
    const isHosts = ({ put }: Area) => put.includes("host");
    const writable = AREAS.filter(({ put }) => put.length > 0);
    const wanted = writable.map((area) => (isHosts(area) ? area.prefix + OWN : toPattern(area)));
    const found = keysOf(deny("NobodyPutsAnothersReport").NotResource);
    const [history, others] = [
      wanted.filter((key) => key.startsWith("history/")),
      wanted.filter((key) => !key.startsWith("history/")),
    ];
    // All of history's in one, for the policy's length.
    expect(found.sort()).toEqual([...others, "history/*"].sort());
    expect(history).toHaveLength(5);
    const hosts = AREAS.filter(isHosts).map(toPattern).sort();
    expect(keysOf(deny("OnlyInstancesReport").Resource).sort()).toEqual(hosts);
    expect(keysOf(deny("NobodyDeletesReports").Resource).sort()).toEqual(hosts);
    expect(AREAS.filter(isHosts).flatMap(({ remove }) => remove)).toEqual([]);
  });

  it("remove by age what the layout lets go, as late, and nothing else", () => {
    const bucket = templates.store.Resources.Bucket ?? expect.fail("the template makes no bucket");
    const { Rules } = bucket.Properties.LifecycleConfiguration as {
      readonly Rules: readonly {
        readonly Prefix?: string;
        readonly ExpirationInDays?: number | { readonly Ref: string };
      }[];
    };
    const daysOf = (days: number | { readonly Ref: string }) =>
      typeof days === "number" ? days : templates.store.Parameters[days.Ref]?.Default;
    const rules = Rules.flatMap(({ Prefix = "", ExpirationInDays: days }) =>
      days === undefined ? [] : [[Prefix, daysOf(days)] as const],
    );
    const expiring = AREAS.flatMap(({ prefix, staysMs }) =>
      staysMs === undefined ? [] : [[prefix, Math.ceil(staysMs / DAY_MS)] as const],
    );
    expect(Object.fromEntries(rules)).toEqual(Object.fromEntries(expiring));
    expect(rules).toHaveLength(expiring.length);
  });
});
