// rollcall aws init --bucket, over a bucket on the real S3 server: what it reads there, and what it
// says.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import pMap from "p-map";
import { expect, inject, it, onTestFinished } from "vitest";
import { openStore } from "../../src/store/open.ts";
import { makeHome, run } from "../program.ts";
import { makeBucket, putPolicy, putRaw, signedFetch } from "./bucket.ts";

const server = inject("s3");
const BUCKET = "old-bucket-configs";

const WIDE = {
  Sid: "HostsPut",
  Effect: "Allow",
  Principal: { AWS: ["arn:aws:iam:::user/user"] },
  Action: ["s3:PutObject"],
  Resource: [`arn:aws:s3:::${BUCKET}/*`],
};

it("writes the policy to paste, and lists what it would shut out; the bucket stays as it is", async () => {
  const { home, remove } = await makeHome();
  onTestFinished(remove);
  await makeBucket(server, BUCKET);
  await putPolicy(server, BUCKET, [WIDE]);
  const env = {
    AWS_ACCESS_KEY_ID: server.user.accessKeyId,
    AWS_SECRET_ACCESS_KEY: server.user.secretAccessKey,
    AWS_ENDPOINT_URL_S3: server.endpoint,
    AWS_REGION: "us-east-1",
  };
  // More than a listing has on its first page.
  const store = await openStore(`s3://${BUCKET}?endpoint=${server.endpoint}`, { clock: Date.now, env });
  const names = Array.from({ length: 1005 }, (_, at) => `i-0${String(at).padStart(16, "0")}.json`);
  await pMap(names, (name) => store.put(name, Buffer.from("{}")), { concurrency: 32 });
  await store.close?.();
  for (const key of ["web01.json", "scripts/report.sh"]) await putRaw(server, BUCKET, key, "x");
  const init = (...more: string[]) =>
    run(["aws", "init", "--yes", "--organization", "o-a1b2c3d4e5", "--bucket", BUCKET, ...more], {
      home,
      env,
    });
  const folder = join(home, "rollcall-aws");

  const done = await init("--account", "111122223333");
  expect(done).toMatchObject({ code: 0 });
  expect(done.stdout).toContain(
    `put-bucket-policy --bucket ${BUCKET} --policy file://rollcall-aws/bucket-policy.json`,
  );
  expect(done.stdout).toMatch(
    /of its 1007 objects 2 are something else.*\n {2}"scripts\/report\.sh"\n {2}"web01\.json"\n/,
  );
  const policy = JSON.parse(await readFile(join(folder, "bucket-policy.json"), "utf8"));
  expect(policy.Statement.map(({ Sid }: { Sid: string }) => Sid)).toEqual([
    "HostsPut",
    "RollcallReaderLists",
    "RollcallReaderGets",
    "RollcallHostsPutTheOldForm",
    "RollcallInstancesPutReportsAlone",
  ]);
  expect(JSON.stringify(policy)).toContain("arn:aws:iam::111122223333:role/rollcall-reader-*");
  const inForce = (await (await signedFetch(server, { path: `/${BUCKET}?policy` })).json()) as typeof policy;
  expect(inForce.Statement.map(({ Sid }: { Sid: string }) => Sid)).toEqual(["HostsPut"]);

  // This server does not say whose credentials these are.
  const unknown = await init();
  expect(unknown).toMatchObject({ code: 0 });
  expect(unknown.stdout).toMatch(
    /bucket-policy\.json is not written.*which account these credentials are of/,
  );
  expect(await readdir(folder)).not.toContain("bucket-policy.json");
});

it("says why there is none where the bucket may not be read", async () => {
  const { home, remove } = await makeHome();
  onTestFinished(remove);
  const env = {
    AWS_ACCESS_KEY_ID: server.stranger.accessKeyId,
    AWS_SECRET_ACCESS_KEY: server.stranger.secretAccessKey,
    AWS_ENDPOINT_URL_S3: server.endpoint,
    AWS_REGION: "us-east-1",
  };
  await makeBucket(server, "old-bucket-of-another");
  const flags = ["aws", "init", "--yes", "--bucket", "old-bucket-of-another", "--account", "111122223333"];
  const { code, stdout } = await run(flags, { home, env });
  expect(code).toBe(0);
  expect(stdout).toMatch(/bucket-policy\.json is not written.*cannot be told: .*AccessDenied/);
  expect(stdout).toContain("s3:GetBucketPolicy");
});
