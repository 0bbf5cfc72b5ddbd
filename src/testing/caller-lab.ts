// For tests: a server that takes callers, its STS, and an instance that proves itself.
import { sign } from "node:crypto";
import { pino } from "pino";
import { onTestFinished } from "vitest";
import { createCallerCheck } from "../access/caller-check.ts";
import type { CallerProof } from "../access/caller-identity.ts";
import { createClones } from "../access/clones.ts";
import { parseCertificates } from "../access/identity-document.ts";
import { createKeyring } from "../access/keyring.ts";
import { createNonces } from "../access/nonces.ts";
import { createApp } from "../api/app.ts";
import { createRoutes } from "../api/routes.ts";
import { BUILT_IN_RULES } from "../questions/label-rule.ts";
import { compileLabels } from "../questions/labels.ts";
import { makeCallerProof } from "../remote/caller-proof.ts";
import { ServerRefusal } from "../remote/remote-error.ts";
import { createRoll } from "../roll/roll.ts";
import { memoryStore } from "../store/memory.ts";
import { makeCertificate } from "./certificate.ts";
import { type StsSession, startStsDouble } from "./sts-double.ts";

export const ID = "i-0123456789abcdef0";
export const ACCOUNT = "123456789012";
export const SERVER = "https://rollcall.example.com";
export const MACHINE = { machine: "a".repeat(64), boot: "1".repeat(64) };
export const OTHER_MACHINE = { machine: "b".repeat(64), boot: "2".repeat(64) };
const LOG = pino({ level: "silent" });

export const session = (
  principal: string,
  account = ACCOUNT,
  accessKeyId = "ASIAEXAMPLE000000001",
): StsSession => ({
  accessKeyId,
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
  sessionToken: "IQoJb3JpZ2luX2VjEXAMPLE//+=",
  account,
  principal,
});
export const INSTANCE = session(`assumed-role/web-prod/${ID}`);

interface SetUp {
  readonly known?: StsSession;
  readonly roles?: readonly string[];
  readonly store?: ReturnType<typeof memoryStore>;
  readonly certificates?: ReturnType<typeof parseCertificates>;
  /** How the server reaches STS. */
  readonly fetch?: typeof globalThis.fetch;
}

/** What AWS signs documents with, for a day. */
export async function makeVoucher() {
  const { certificate, privateKey } = makeCertificate({ name: "Amazon", days: 1, kind: "rsa" });
  const document = JSON.stringify({ instanceId: ID, accountId: ACCOUNT, region: "ap-northeast-1" });
  const signature = sign("RSA-SHA256", Buffer.from(document), privateKey).toString("base64");
  return { certificates: parseCertificates(certificate), identity: { document, signature } };
}

/** A server that takes callers alone, and its STS. */
export async function setUp({
  known = INSTANCE,
  roles,
  store: given,
  certificates,
  fetch = globalThis.fetch,
}: SetUp = {}) {
  // After the beginning of a certificate that has just been made.
  let now = Date.now() + 1000;
  const clock = () => now;
  const sts = await startStsDouble([known], clock);
  onTestFinished(() => sts.close());
  const store = given ?? memoryStore({ clock });
  const findFault = createCallerCheck({ servers: [SERVER], roles, endpoints: [sts.endpoint], fetch });
  const services = {
    store,
    roll: createRoll({ store, clock }),
    keyring: createKeyring({ store, clock }),
    clones: createClones({ clock }),
    identityTrust: {
      accounts: [ACCOUNT],
      certificates,
      callers: { nonces: createNonces({ store, clock }), findFault },
    },
    labels: compileLabels(BUILT_IN_RULES),
    clock,
    log: LOG,
    version: "0",
    windowMs: 7_200_000,
    deadlineMs: 25_000,
  };
  const app = createApp(services, createRoutes());
  const client = {
    request: async (path: string, init?: { method?: string }) => {
      const response = await app.request(path, init);
      if (!response.ok) throw new ServerRefusal(await response.text(), response.status);
      return response;
    },
  };
  const env = {
    AWS_ACCESS_KEY_ID: known.accessKeyId,
    AWS_SECRET_ACCESS_KEY: known.secretAccessKey,
    AWS_SESSION_TOKEN: known.sessionToken,
    AWS_ENDPOINT_URL_STS: sts.endpoint,
  };
  const prove = async ({
    id = ID,
    machine = MACHINE,
    origin = SERVER,
    more = {},
  } = {}): Promise<CallerProof> => {
    const claimed = { id, ...machine };
    const proof = await makeCallerProof(
      { client, origin, claimed, region: "ap-northeast-1" },
      { env: { ...env, ...more }, clock },
    );
    if (!proof || "fault" in proof) throw new Error(proof?.fault ?? "none");
    return proof;
  };
  const enrol = async (body: object) => {
    const response = await app.request("/v1/enrolments", {
      method: "POST",
      body: JSON.stringify({ id: ID, ...MACHINE, ...body }),
    });
    const json = (await response.json()) as {
      type?: string;
      title?: string;
      detail?: string;
      secret?: string;
    };
    return { status: response.status, json, retryAfter: response.headers.get("retry-after") };
  };
  return { sts, store, clock, prove, enrol, app, client, wait: (ms: number) => (now += ms) };
}

/** @returns status and reason of what was refused */
export async function refusal(answer: Promise<{ status: number; json: { detail?: string } }>) {
  const { status, json } = await answer;
  return `${status} ${json.detail}`;
}
