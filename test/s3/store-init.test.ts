// `rollcall store init` on buckets of a real S3 server.
import { randomBytes } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import {
  CreateBucketCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketPolicyCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  ListObjectsV2Command,
  PutBucketLifecycleConfigurationCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { describe, expect, inject, it, onTestFinished } from "vitest";
import { runStoreInit, type StoreInitOptions } from "../../src/cli/commands/store-init.ts";
import { CommandError } from "../../src/cli/program/failure.ts";
import { openBucketClient } from "../../src/store/bucket-client.ts";
import type { SetupStep } from "../../src/store/bucket-setup.ts";
import { parseS3Url } from "../../src/store/s3-url.ts";
import { type IoDouble, makeIo } from "../../src/testing/io-double.ts";

const s3 = inject("s3");

/** Expiry runs once in a server's day of 5 s; a busy machine may need many. */
const EXPIRY_TRIES = 450;
const EXPIRY_WAIT_MS = 100;

interface User {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

function environmentOf({ accessKeyId, secretAccessKey }: User): Record<string, string> {
  return { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_CA_BUNDLE: s3.caFile };
}

/** A bucket that is not there yet: its store's URL, and a client to look at it with. */
async function nameBucket({ prefix = "", endpoint = s3.endpoint } = {}): Promise<{
  url: string;
  Bucket: string;
  client: S3Client;
}> {
  const Bucket = `init-${randomBytes(6).toString("hex")}`;
  const url = `s3://${Bucket}${prefix && `/${prefix}`}?endpoint=${endpoint}`;
  const client = await openBucketClient(parseS3Url(url), environmentOf(s3.user));
  onTestFinished(() => client.destroy());
  return { url, Bucket, client };
}

interface Ran {
  readonly io: IoDouble;
  /** Outcome by step. */
  readonly outcomes: Record<string, string>;
  readonly steps: readonly SetupStep[];
  readonly warnings: readonly string[];
  readonly error: unknown;
}

async function init(store: string, options: StoreInitOptions = {}, user: User = s3.user): Promise<Ran> {
  const io = await makeIo({ env: environmentOf(user) });
  const error: unknown = await runStoreInit({ store, ...options }, io).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  const { steps, warnings } = JSON.parse(io.out() || '{"steps":[],"warnings":[]}') as Pick<
    Ran,
    "steps" | "warnings"
  >;
  return {
    io,
    steps,
    warnings,
    error,
    outcomes: Object.fromEntries(steps.map(({ step, outcome }) => [step, outcome])),
  };
}

async function listRules(client: S3Client, Bucket: string) {
  return (await client.send(new GetBucketLifecycleConfigurationCommand({ Bucket }))).Rules ?? [];
}

async function listKeys(client: S3Client, Bucket: string): Promise<string[]> {
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket }));
  return Contents.map(({ Key = "" }) => Key);
}

describe("rollcall store init on a bucket", () => {
  it("makes it, sets it up, and the second time finds all so", async () => {
    const { url, Bucket, client } = await nameBucket({ prefix: "prod" });
    const first = await init(url);
    expect(first.error).toBeUndefined();
    expect(first.outcomes).toEqual({
      bucket: "set",
      "public access block": "set",
      "objects belong to the bucket's owner": "not_supported",
      "default encryption": "not_supported",
      "expiry after a day": "set",
      "TLS only": "left_out",
    });
    const { PublicAccessBlockConfiguration } = await client.send(new GetPublicAccessBlockCommand({ Bucket }));
    expect(PublicAccessBlockConfiguration).toEqual({
      BlockPublicAcls: false,
      IgnorePublicAcls: true,
      BlockPublicPolicy: true,
      RestrictPublicBuckets: true,
    });
    const rules = await listRules(client, Bucket);
    expect(rules.map(({ ID, Status }) => [ID, Status]).sort()).toEqual([
      ["rollcall-prod-answers", "Enabled"],
      ["rollcall-prod-departures", "Enabled"],
      ["rollcall-prod-history-v1-changes", "Enabled"],
      ["rollcall-prod-history-v1-receipts", "Enabled"],
      ["rollcall-prod-history-v1-rolls", "Enabled"],
      ["rollcall-prod-reports", "Enabled"],
    ]);

    const second = await init(url);
    expect(second.error).toBeUndefined();
    expect(second.outcomes).toEqual({
      ...first.outcomes,
      bucket: "already_so",
      "public access block": "already_so",
      "expiry after a day": "already_so",
    });
    expect(await listRules(client, Bucket)).toEqual(rules);
  });

  it("changes nothing in a dry run", async () => {
    const { url, Bucket, client } = await nameBucket();
    const missing = await init(url, { dryRun: true });
    expect(missing.outcomes).toMatchObject({ bucket: "would_set", "expiry after a day": "would_set" });
    await expect(client.send(new HeadBucketCommand({ Bucket }))).rejects.toMatchObject({ name: "NotFound" });

    await client.send(new CreateBucketCommand({ Bucket }));
    const bare = await init(url, { dryRun: true });
    expect(bare.outcomes).toMatchObject({ bucket: "already_so", "public access block": "would_set" });
    await expect(listRules(client, Bucket)).rejects.toMatchObject({ name: "NoSuchLifecycleConfiguration" });
  });

  it("keeps the rules of others, and warns of one that would remove keys", async () => {
    const { url, Bucket, client } = await nameBucket();
    await client.send(new CreateBucketCommand({ Bucket }));
    const foreign = [
      { ID: "everything-1-day", Status: "Enabled" as const, Filter: { Prefix: "" }, Expiration: { Days: 1 } },
      { ID: "logs", Status: "Enabled" as const, Filter: { Prefix: "logs/" }, Expiration: { Days: 30 } },
    ];
    const LifecycleConfiguration = { Rules: foreign };
    await client.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration }));
    const before = await listRules(client, Bucket);

    const { warnings, io, error } = await init(url, { topLevel: true });
    expect(error).toBeUndefined();
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(
      /^the lifecycle rule "everything-1-day" expires the whole bucket and would remove history\/v1\/changes\/, history\/v1\/log\/, /,
    );
    expect(io.err()).toBe(`warning: ${warnings[0]}\n`);
    const after = await listRules(client, Bucket);
    expect(after).toEqual(expect.arrayContaining(before));
    expect(after.map(({ ID }) => ID).sort()).toEqual([
      "everything-1-day",
      "logs",
      "rollcall-answers",
      "rollcall-departures",
      "rollcall-history-v1-changes",
      "rollcall-history-v1-receipts",
      "rollcall-history-v1-rolls",
      "rollcall-reports",
      "rollcall-top-level",
    ]);
    const again = await init(url, { topLevel: true });
    expect(again.outcomes).toMatchObject({ "expiry after a day": "already_so" });
    expect(again.warnings).toEqual(warnings);
  });

  it("says which rights are missing, and fails", async () => {
    const { url, Bucket, client } = await nameBucket();
    await client.send(new CreateBucketCommand({ Bucket }));
    const { steps, error } = await init(url, {}, s3.stranger);
    expect(steps[0]).toEqual({ step: "bucket", outcome: "denied", needs: "s3:ListBucket" });
    expect(steps).toContainEqual({
      step: "expiry after a day",
      outcome: "denied",
      needs: "s3:GetLifecycleConfiguration",
    });
    expect(error).toBeInstanceOf(CommandError);
    expect(String(error)).toContain("give this identity s3:ListBucket, s3:GetBucketPublicAccessBlock");
    await expect(listRules(client, Bucket)).rejects.toMatchObject({ name: "NoSuchLifecycleConfiguration" });
  });

  it("denies plain HTTP where it speaks TLS itself, and keeps the policy's other statements", async () => {
    const { url, Bucket, client } = await nameBucket({ endpoint: s3.tlsEndpoint });
    await client.send(new CreateBucketCommand({ Bucket }));
    const Resource = [`arn:aws:s3:::${Bucket}/specs/*`];
    const theirs = { Sid: "Theirs", Effect: "Deny", Principal: "*", Action: "s3:DeleteObject", Resource };
    const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [theirs] });
    await client.send(new PutBucketPolicyCommand({ Bucket, Policy }));

    expect((await init(url)).outcomes).toMatchObject({ "TLS only": "set" });
    const merged = await client.send(new GetBucketPolicyCommand({ Bucket }));
    const { Statement } = JSON.parse(merged.Policy ?? "") as { Statement: { Sid: string }[] };
    expect(Statement.map(({ Sid }) => Sid)).toEqual(["Theirs", "RollcallTlsOnly"]);
    expect((await init(url)).outcomes).toMatchObject({ "TLS only": "already_so" });

    // The owner still gets in over TLS.
    await client.send(new PutObjectCommand({ Bucket, Key: "keys/one", Body: "{}" }));
    expect(await listKeys(client, Bucket)).toEqual(["keys/one"]);
  });

  it("lets reports and departures go, and nothing else", async () => {
    const { url, Bucket, client } = await nameBucket({ prefix: "prod" });
    expect((await init(url, { topLevel: true })).error).toBeUndefined();
    const kept = [
      "prod/config.json",
      "prod/keys/one.json",
      "prod/snapshots/one.bin",
      "reports/v1/local/other.json",
    ];
    const going = [
      "prod/answers/one.json",
      "prod/departures/v1/local/x.json",
      "prod/i-0123.json",
      "prod/reports/v1/local/x.json",
    ];
    for (const Key of [...kept, ...going])
      await client.send(new PutObjectCommand({ Bucket, Key, Body: "{}" }));
    let keys = await listKeys(client, Bucket);
    expect(keys).toEqual([...kept, ...going].sort());
    for (let turn = 0; keys.length > kept.length && turn < EXPIRY_TRIES; turn++) {
      await wait(EXPIRY_WAIT_MS);
      keys = await listKeys(client, Bucket);
    }
    expect(keys).toEqual(kept);
  });

  it("says what to do when it gets nowhere", async () => {
    const { url } = await nameBucket();
    const wrong = { accessKeyId: s3.user.accessKeyId, secretAccessKey: "not-the-secret" };
    const { error } = await init(url, {}, wrong);
    expect(error).toBeInstanceOf(CommandError);
    expect(String(error)).not.toContain("not-the-secret");
    // Not port 1, which fetch never asks.
    const nobody = await init(url.replace(/endpoint=.*/, "endpoint=http://127.0.0.1:2"));
    expect(nobody.error).toBeInstanceOf(CommandError);
    expect(String(nobody.error)).toMatch(
      /\[store\] \[s3\] cannot set up .*: the connection is refused \(ECONNREFUSED\)/,
    );
  });
});
