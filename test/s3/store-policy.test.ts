// The bucket policy of the AWS stack on the real S3 server, with sessions of roles: what a host may
// and may not, by a server that evaluates it. The server knows aws:userid in conditions,
// NotResource and Deny. It does not know policy variables, organisations and accounts, so the
// policy is the committed template's, filled in for one session, and without the condition on the
// organisation. infra/policies.test.ts has the rest.
import { readFile } from "node:fs/promises";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { deploy, type Template } from "../../infra/intrinsics.ts";
import { parseReportKey } from "../../src/report/key.ts";
import { makeBucket, putPolicy, putRaw, signedFetch } from "./bucket.ts";
import { makeRole, openSession, type S3Session } from "./session.ts";

const ACCOUNT = "111122223333";
const REGION = "ap-northeast-1";
const BUCKET = `rollcall-${ACCOUNT}-${REGION}`;
const SPEC = "specs/v1/current.json";

const server = inject("s3");

interface Statement {
  readonly Sid: string;
  readonly Condition?: Readonly<Record<string, unknown>>;
}

/** The statements that the template makes, with the session in the place of the variables. */
async function fillIn({ userId }: S3Session): Promise<Statement[]> {
  const file = new URL("../../infra/templates/rollcall-store.template.json", import.meta.url);
  const template: Template = JSON.parse(await readFile(file, "utf8"));
  const parameters = { OrganizationId: "o-a1b2c3d4e5" };
  const { BucketPolicy } = deploy(template, { account: ACCOUNT, region: REGION, parameters });
  const text = JSON.stringify(BucketPolicy?.Properties.PolicyDocument)
    .replaceAll("$" + "{aws:PrincipalAccount}", ACCOUNT)
    // It takes no colon in an ARN's last part, which AWS does (IAM guide, "Policy variables"); `?`
    // is any one character.
    .replaceAll("$" + "{aws:userid}", userId.replace(":", "?"))
    // Its ids of roles are UUIDs.
    .replaceAll("AROA*:", "*:")
    // A right's name may end in `*`, and has none within; replicas' it does not know.
    .replace('"s3:Put*Configuration","s3:Replicate*"', '"s3:PutLifecycleConfiguration"');
  const { Statement } = JSON.parse(text) as { Statement: Statement[] };
  return Statement.map(({ Condition, ...statement }) => {
    const { StringEquals: _organization, ...known } = Condition ?? {};
    return { ...statement, ...(Object.keys(known).length > 0 && { Condition: known }) };
  });
}

/** Whether a request is let through. @throws what else went wrong */
async function isAllowed(request: Promise<unknown>): Promise<boolean> {
  return request.then(
    () => true,
    (error: unknown) => {
      if (String(error).includes("<Code>AccessDenied</Code>")) return false;
      throw error;
    },
  );
}

const put = (session: S3Session, key: string) => isAllowed(putRaw(server, BUCKET, key, "{}", session));
const ask = (session: S3Session, method: "GET" | "DELETE", path: string) =>
  isAllowed(signedFetch(server, { method, path: `/${BUCKET}${path}`, user: session }));

const reportOf = ({ userId }: S3Session) => `reports/v1/${ACCOUNT}/${userId}.json`;
const departureOf = ({ userId }: S3Session) => `departures/v1/${ACCOUNT}/${userId}.json`;
const toPath = (key: string) => `/${key.replaceAll(":", "%3A")}`;

const NOTHING = [{ Effect: "Allow", Action: ["s3:GetObject"], Resource: "arn:aws:s3:::elsewhere/*" }];
const ANYTHING = [{ Effect: "Allow", Action: ["s3:*"], Resource: "arn:aws:s3:::*" }];

describe.each([
  ["nothing", NOTHING],
  ["anything", ANYTHING],
])("a host whose role grants %s", (name, rights) => {
  let host: S3Session;
  let neighbour: S3Session;
  let sameName: S3Session;
  let person: S3Session;

  beforeAll(async () => {
    await makeBucket(server, BUCKET);
    for (const role of ["hosts", "others", "people"]) await makeRole(server, `${role}-${name}`, rights);
    host = await openSession(server, `hosts-${name}`, "i-0a1");
    neighbour = await openSession(server, `hosts-${name}`, "i-0b2");
    sameName = await openSession(server, `others-${name}`, "i-0a1");
    person = await openSession(server, `people-${name}`, "someone");
    // Without a policy the owner fills the bucket: the policy would not let even the owner write
    // reports.
    await signedFetch(server, { method: "DELETE", path: `/${BUCKET}?policy` });
    for (const key of [SPEC, reportOf(neighbour), "keys/v1/k.json"]) await putRaw(server, BUCKET, key, "{}");
    await putPolicy(server, BUCKET, await fillIn(host));
  });

  it("writes its own report and departure, where the reader finds whose they are", async () => {
    expect(await put(host, reportOf(host))).toBe(true);
    expect(await put(host, departureOf(host))).toBe(true);
    expect(parseReportKey(reportOf(host))).toEqual({ account: ACCOUNT, id: "i-0a1" });
  });

  it("changes neither the bucket's policy nor its rules", async () => {
    for (const what of ["policy", "lifecycle", "publicAccessBlock", "ownershipControls"])
      expect([what, await ask(host, "DELETE", `?${what}`)]).toEqual([what, false]);
    expect(await ask(host, "DELETE", "")).toBe(false);
    expect(await isAllowed(putPolicy(server, BUCKET, NOTHING, host))).toBe(false);
  });

  it("writes no other host's, and nothing that looks like its own", async () => {
    const others = [reportOf(neighbour), departureOf(neighbour), reportOf(sameName)];
    const tricks = [
      `${reportOf(host)}.json`,
      reportOf(host).slice(0, -1),
      `/${reportOf(host)}`,
      reportOf(host).replace(ACCOUNT, "444455556666"),
      reportOf(host).replace(`${ACCOUNT}/`, `${ACCOUNT}/../${ACCOUNT}/`),
      reportOf(host).replace("reports", "Reports"),
      reportOf(host).replace("v1", "v2"),
      "i-0a1.json",
    ];
    for (const key of [...others, ...tricks]) expect([key, await put(host, key)]).toEqual([key, false]);
  });

  it("removes nothing that hosts wrote", async () => {
    await put(host, reportOf(host));
    for (const key of [reportOf(host), reportOf(neighbour)])
      expect(await ask(host, "DELETE", toPath(key))).toBe(false);
  });

  it("reads published specs", async () => {
    expect(await ask(host, "GET", toPath(SPEC))).toBe(true);
  });

  it("is no host under a session's name that is no instance's", async () => {
    await putPolicy(server, BUCKET, await fillIn(person));
    expect(await put(person, reportOf(person))).toBe(false);
    expect(await put(person, departureOf(person))).toBe(false);
    await putPolicy(server, BUCKET, await fillIn(host));
    expect(await put(host, reportOf(host))).toBe(true);
  });

  // An administrator's session of the store's own account may: here all are of one account.
  if (rights === NOTHING) {
    it("does nothing else", async () => {
      for (const key of [SPEC, "keys/v1/k.json", "snapshots/v1/manifest.json"])
        expect(await put(host, key)).toBe(false);
      for (const key of [reportOf(host), reportOf(neighbour), "keys/v1/k.json"])
        expect(await ask(host, "GET", toPath(key))).toBe(false);
      expect(await ask(host, "GET", "?list-type=2")).toBe(false);
      expect(await ask(host, "DELETE", toPath(SPEC))).toBe(false);
      expect(await ask(person, "GET", toPath(SPEC))).toBe(false);
    });
  }
});
