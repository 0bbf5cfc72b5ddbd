// Who may use the key of a bucket that is encrypted with its owner's own; for tests.
import { program } from "./callers.ts";
import { type Case, PUBLISHER, READER, REFRESHER } from "./policy-cases.ts";
import { type Caller, REGION, type Request, STORE_ACCOUNT } from "./simulation.ts";

const keyOf = (id: string) => `arn:aws:kms:${REGION}:${STORE_ACCOUNT}:key/${id}`;
const KEY = keyOf("1234abcd-12ab-34cd-56ef-1234567890ab");
const BY_S3 = `s3.${REGION}.amazonaws.com`;
const decrypt: Request = { action: "kms:Decrypt", kms: { arn: KEY, service: BY_S3 } };
const encrypt: Request = { action: "kms:GenerateDataKey", kms: { arn: KEY, service: BY_S3 } };
const [KEY_READER, KEY_REFRESHER, KEY_PUBLISHER] = (await Promise.all(
  (["ReaderRole", "RefresherRole", "PublisherRole"] as const).map((role) =>
    program(role, { KmsKeyArn: KEY }),
  ),
)) as [Caller, Caller, Caller];

/**
 * A bucket that is encrypted with a key of its owner's own, which leaves it to the account who may
 * use it.
 */
export const KEY_CASES: readonly Case[] = [
  ["allow", KEY_READER, decrypt, "the reader reads reports"],
  ["allow", KEY_READER, encrypt, "the reader puts a large answer aside"],
  ["allow", KEY_REFRESHER, decrypt, "the refresher reads reports"],
  ["allow", KEY_REFRESHER, encrypt, "the refresher writes the snapshot"],
  ["allow", KEY_PUBLISHER, decrypt, "the publisher reads reports"],
  ["allow", KEY_PUBLISHER, encrypt, "the publisher writes what it keeps"],
  ["deny", KEY_READER, { action: "kms:Decrypt", kms: { arn: KEY } }, "what does not come through S3"],
  [
    "deny",
    KEY_READER,
    { action: "kms:Decrypt", kms: { arn: KEY, service: `sqs.${REGION}.amazonaws.com` } },
    "another service",
  ],
  [
    "deny",
    KEY_READER,
    { action: "kms:Decrypt", kms: { arn: keyOf("other"), service: BY_S3 } },
    "another key",
  ],
  ["deny", KEY_READER, { action: "kms:ScheduleKeyDeletion", kms: { arn: KEY } }, "nobody's work"],
  ["deny", READER, decrypt, "a stack that no key was given"],
  ["deny", REFRESHER, encrypt, "a stack that no key was given"],
  ["deny", PUBLISHER, decrypt, "a stack that no key was given"],
];
