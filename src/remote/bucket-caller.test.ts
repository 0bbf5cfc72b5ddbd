// Tests of who this host is to a bucket: told by STS, by settings, or by what STS said before; and
// never another.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { memoryStore } from "../store/memory.ts";
import { type Caller, type Store, StoreError, Unavailable } from "../store/store.ts";
import { makeHostDouble } from "../testing/host-double.ts";
import { startMetadataServer, USUAL_METADATA } from "../testing/metadata-server.ts";
import { makeFolder } from "../testing/temporary-folder.ts";
import { CALLER_FILE, openBucketCaller } from "./bucket-caller.ts";
import { createStoreSink } from "./report-sink.ts";
import { parseRoleIds } from "./role-ids.ts";

const ID = "i-0123456789abcdef0";
const ACCOUNT = "123456789012";
const ROLE_ID = "AROAEXAMPLE123456789";
const OTHER_ID = "AROAOTHER12345678901";
const OWN = { account: ACCOUNT, userId: `${ROLE_ID}:${ID}` };
const SIGNAL = new AbortController().signal;
const REPORT = { id: ID, bytes: Buffer.from("{}"), digest: "" };

/** What an instance with a role says of it (EC2 guide, "Instance metadata categories"). */
const WITH_ROLE: Readonly<Record<string, string>> = {
  ...USUAL_METADATA,
  "meta-data/iam/info": JSON.stringify({
    Code: "Success",
    LastUpdated: "2024-02-29T14:59:30Z",
    InstanceProfileArn: `arn:aws:iam::${ACCOUNT}:instance-profile/rollcall-host`,
    InstanceProfileId: "AIPAEXAMPLE123456789",
  }),
  "meta-data/iam/security-credentials/": "rollcall-host",
  "meta-data/iam/security-credentials/rollcall-host": JSON.stringify({
    Code: "Success",
    Type: "AWS-HMAC",
    AccessKeyId: "ASIAEXAMPLE123456789",
    SecretAccessKey: "s",
    Token: "t",
    Expiration: "2024-02-29T20:59:30Z",
  }),
};

interface SetUp {
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly folder?: string;
  readonly roleIds?: string;
  readonly signer?: string | undefined;
  readonly sts?: (region: string | undefined) => Promise<Caller | undefined>;
}

async function setUp({ metadata = WITH_ROLE, folder, roleIds, sts, ...rest }: SetUp = {}) {
  const service = await startMetadataServer({ paths: metadata });
  onTestFinished(() => service.close());
  const asked: (string | undefined)[] = [];
  const signer = "signer" in rest ? rest.signer : "ASIAEXAMPLE123456789";
  const store: Store = {
    ...memoryStore({ clock: () => 0 }),
    readSigner: async () => signer,
    identify: async ({ region } = {}) => {
      asked.push(region);
      return sts ? await sts(region) : OWN;
    },
  };
  const notices: string[] = [];
  const options = {
    store,
    host: makeHostDouble("/nowhere", { metadata: service.source }),
    folder: folder ?? (await makeFolder()),
    roleIds: roleIds === undefined ? [] : (parseRoleIds(roleIds) ?? []),
    onNotice: (notice: string) => void notices.push(notice),
  };
  return { ...options, asked, notices, requests: service.requests, open: () => openBucketCaller(options) };
}

const away = () =>
  Promise.reject(new Unavailable("[store] [s3] no answer from https://sts.test", { hop: "tcp" }));

describe("who this host is", () => {
  it("STS of the instance's own region says it once, and it is kept for the processes after", async () => {
    const first = await setUp();
    const caller = first.open();
    expect(await caller.find(SIGNAL)).toEqual({ ...OWN, from: "STS", role: "rollcall-host" });
    await caller.find(SIGNAL);
    expect(first.asked).toEqual(["ap-northeast-1"]);
    const later = await setUp({ folder: first.folder, sts: away });
    expect(await later.open().find(SIGNAL)).toMatchObject({ ...OWN, from: "state folder" });
    expect(later.asked).toEqual([]);
  });

  it.each([
    [
      "another instance, of which this one's disk is a copy",
      { "meta-data/instance-id": "i-0aaaaaaaaaaaaaaa1" },
    ],
    [
      "another account",
      {
        "dynamic/instance-identity/document": JSON.stringify({
          accountId: "210987654321",
          region: "eu-west-1",
        }),
      },
    ],
    [
      "another instance profile",
      { "meta-data/iam/info": JSON.stringify({ InstanceProfileId: "AIPAOTHER12345678901" }) },
    ],
    [
      "another role",
      {
        "meta-data/iam/security-credentials/": "web",
        "meta-data/iam/security-credentials/web": JSON.stringify({ AccessKeyId: "ASIAEXAMPLE123456789" }),
      },
    ],
    ["no role", { "meta-data/iam/security-credentials/": "" }],
    [
      "other credentials than those that sign",
      {
        "meta-data/iam/security-credentials/rollcall-host": JSON.stringify({
          AccessKeyId: "ASIAOTHER12345678901",
        }),
      },
    ],
  ])("what was kept does not count for %s", async (_name, change) => {
    const { folder, open } = await setUp();
    await open().find(SIGNAL);
    const other = await setUp({ folder, metadata: { ...WITH_ROLE, ...change }, sts: away });
    await expect(other.open().find(SIGNAL)).rejects.toMatchObject({
      name: "Unavailable",
      hop: "sts",
      message: expect.stringContaining("Without STS this host's key in the bucket is not known"),
    });
    expect(other.asked).toHaveLength(1);
  });

  it.each(["", "{", "[]", '{"instance":1}', '{"role_id":"../x"}'])(
    "a kept file of %j is none",
    async (text) => {
      const { folder, open, asked } = await setUp();
      await writeFile(join(folder, CALLER_FILE), text);
      expect(await open().find(SIGNAL)).toMatchObject({ from: "STS" });
      expect(asked).toHaveLength(1);
      expect(JSON.parse(await readFile(join(folder, CALLER_FILE), "utf8"))).toMatchObject({
        role_id: ROLE_ID,
      });
    },
  );

  it("settings need no STS; account and instance are those that the instance itself has", async () => {
    for (const roleIds of [
      ROLE_ID,
      `210987654321/rollcall-host=${OTHER_ID}, ${ACCOUNT}/rollcall-host=${ROLE_ID}`,
    ]) {
      const { open, asked } = await setUp({ roleIds, sts: away });
      expect(await open().find(SIGNAL)).toEqual({ ...OWN, from: "settings", role: "rollcall-host" });
      expect(asked).toEqual([]);
    }
  });

  it("settings for other roles, or for other credentials than the instance's, do not count", async () => {
    const others = await setUp({ roleIds: `${ACCOUNT}/web=${OTHER_ID}`, sts: away });
    await expect(others.open().find(SIGNAL)).rejects.toThrow(
      `set --role-ids to ${ACCOUNT}/rollcall-host=AROA… (aws iam get-role --role-name rollcall-host ` +
        "--query Role.RoleId), or give the VPC an interface endpoint for STS " +
        "(com.amazonaws.ap-northeast-1.sts)",
    );
    const user = await setUp({ roleIds: ROLE_ID, signer: "AKIAEXAMPLE123456789", sts: away });
    await expect(user.open().find(SIGNAL)).rejects.toThrow(
      "the AWS credentials in use are not those of this instance's role rollcall-host, so that " +
        "--role-ids does not count",
    );
  });

  it("keeps nothing of who is no instance's own session", async () => {
    const { open, folder } = await setUp({ sts: async () => ({ account: ACCOUNT, userId: "AIDAEXAMPLE" }) });
    expect(await open().find(SIGNAL)).toMatchObject({ userId: "AIDAEXAMPLE", from: "STS" });
    await expect(readFile(join(folder, CALLER_FILE))).rejects.toThrow("ENOENT");
  });

  it("asks nobody where the store's rules do not go by who asks", async () => {
    const { open, asked, requests } = await setUp({ signer: undefined });
    expect(await open().find(SIGNAL)).toBeUndefined();
    expect({ asked, requests }).toEqual({ asked: [], requests: [] });
  });

  it("tells that nothing can be kept, and goes on", async () => {
    const folder = await makeFolder({ file: "no folder" });
    const { open, notices } = await setUp({ folder: join(folder, "file") });
    expect(await open().find(SIGNAL)).toMatchObject(OWN);
    expect(notices).toEqual([expect.stringContaining("the id of this host's role cannot be kept")]);
  });
});

describe("a bucket that refuses the key", () => {
  const right = `reports/v1/${ACCOUNT}/${ROLE_ID}:${ID}.json`;
  const refusing = (store: Store): Store => ({
    ...store,
    put: (key, body, options) =>
      key === right || key === right.replace("reports", "departures")
        ? store.put(key, body, options)
        : Promise.reject(new StoreError("[store] [s3] cannot write: AccessDenied", { hop: "policy" })),
  });
  const keysOf = async (store: Store) => {
    const keys: string[] = [];
    for await (const page of store.list("")) keys.push(...page.map(({ key }) => key));
    return keys;
  };

  it("is asked again under the name that STS has, and that one is kept", async () => {
    const parts = await setUp({ roleIds: OTHER_ID });
    const sink = createStoreSink(refusing(parts.store), { ...parts, clock: () => 0 });
    await sink.send(REPORT, SIGNAL);
    await sink.leave(ID, "stopped", SIGNAL);
    expect(await keysOf(parts.store)).toEqual([right.replace("reports", "departures"), right]);
    expect(parts.asked).toHaveLength(1);
    expect(parts.notices).toEqual([
      `the settings had ${OTHER_ID}:${ID} for this host's name in the bucket, and STS has ` +
        `${ROLE_ID}:${ID} of ${ACCOUNT}; what STS says counts`,
    ]);
  });

  it("is told with whose word the name was, where STS is away or says the same", async () => {
    for (const sts of [away, async () => ({ account: ACCOUNT, userId: `${OTHER_ID}:${ID}` })]) {
      const parts = await setUp({ roleIds: OTHER_ID, sts });
      const sink = createStoreSink(refusing(parts.store), { ...parts, clock: () => 0 });
      await expect(sink.send(REPORT, SIGNAL)).rejects.toThrow(
        sts === away
          ? `the settings had ${OTHER_ID}:${ID} for this host, and STS could not be asked`
          : "AccessDenied",
      );
      expect(await keysOf(parts.store)).toEqual([]);
    }
  });
});

describe("parseRoleIds", () => {
  it.each([
    "",
    "AIDAEXAMPLE123456789",
    "AROA",
    `${ROLE_ID},${OTHER_ID}`,
    `rollcall-host=${ROLE_ID}`,
    `1234/rollcall-host=${ROLE_ID}`,
    `${ACCOUNT}/a b=${ROLE_ID}`,
    `${ACCOUNT}/a=${ROLE_ID},${ACCOUNT}/a=${OTHER_ID}`,
    `${ACCOUNT}/a=${ROLE_ID}:i-1`,
  ])("refuses %j", (text) => {
    expect(parseRoleIds(text)).toBeUndefined();
  });
});
