// The key with which an agent reports to a server: the one that it was given, or its own, for which
// it enrols once.
import { access, mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { ClaimedHost } from "../access/caller-identity.ts";
import { MACHINE_HEADERS } from "../access/machine-headers.ts";
import { readStateFile } from "../agent/state-file.ts";
import type { HostAccess } from "../collect/collector.ts";
import { type Fingerprint, readFingerprint } from "../collect/fingerprint.ts";
import { isEc2 } from "../collect/identity.ts";
import { parseIdentity, readIdentityDocument } from "../collect/metadata.ts";
import { readBounded } from "../network/bounded-read.ts";
import type { Environment } from "../network/proxy.ts";
import type { Clock } from "../report/clock.ts";
import { parseJson } from "../report/parse-json.ts";
import { replaceFile } from "../store/atomic-file.ts";
import { type Client, createClient } from "./client.ts";
import { RemoteError } from "./remote-error.ts";
import type { Target } from "./target.ts";

/** In the state folder. */
const FILE = "key";
const MAX_KEY_BYTES = 4096;

/** What a server answers to an enrolment: a key and its name. */
const MAX_ENROLMENT_ANSWER_BYTES = 64 * 1024;

/** A host's own key names the host: `rh_HOST_…`. */
const OWN_KEY = /^rh_(\S{1,128})_[A-Za-z0-9_-]{43}$/;

export interface HostKey {
  /**
   * Headers that go with each request about a host. @throws RemoteError if the server does not
   * enrol it
   */
  headersFor(id: string, signal: AbortSignal): Promise<Readonly<Record<string, string>>>;
  /**
   * The server did not take them, which may be a fault that passes. An own key stays: where the
   * host may enrol again it tries to with its next request, and another key takes its place only
   * when there is one.
   *
   * @returns what else can be done, for people
   */
  refused(): string | undefined;
  /** For people; undefined if there is no key, nor a way to get one. */
  describe(): Promise<string | undefined>;
}

/** Where the keys that were given to this host are read, each time that they are needed. */
export interface ConfiguredKeys {
  /** The API key; undefined where none is set. */
  readKey(): Promise<string | undefined>;
  /** The key that lets hosts enrol, likewise. */
  readEnrolKey(): Promise<string | undefined>;
}

/** A key that is set is used as it is. */
function givenKey(given: ConfiguredKeys, host: HostAccess): HostKey {
  return {
    async headersFor(_id, signal) {
      const key = await given.readKey();
      return {
        ...(key !== undefined && { "x-api-key": key }),
        ...toHeaders(await readFingerprint(host, signal)),
      };
    },
    refused: () => undefined,
    describe: async () => ((await given.readKey()) === undefined ? undefined : "an API key is set"),
  };
}

export interface OwnKeyOptions {
  readonly url: URL;
  /** The key that lets hosts enrol; undefined where there is none. */
  readonly enrolKey: string | undefined;
  /** Whether this is EC2, where the instance proves who it is. */
  readonly isProvable: boolean;
  readonly host: HostAccess;
  /** The agent's state folder: the key is kept in it, readable by its user alone. */
  readonly folder: string;
  readonly onNotice: (notice: string) => void;
  /** Where this host's AWS credentials are found. */
  readonly env: Environment;
  readonly clock: Clock;
}

/** Whether an agent with this state folder has enrolled. */
function hasOwnKey(folder: string): Promise<boolean> {
  return access(join(folder, FILE)).then(
    () => true,
    () => false,
  );
}

interface OwnKey {
  readonly secret: string;
  /** Whose. */
  readonly id: string;
}

/** An own key, for which the host enrols with the first request. */
function ownKey(options: OwnKeyOptions): HostKey {
  const { url, enrolKey, isProvable, host, folder, onNotice, env, clock } = options;
  const path = join(folder, FILE);
  const mayEnrol = enrolKey !== undefined || isProvable;
  let isRefused = false;
  /** A key that the state folder does not take: it counts until this process ends. */
  let unkept: OwnKey | undefined;

  async function readFileKey(): Promise<OwnKey | undefined> {
    const text = (await readStateFile(path, MAX_KEY_BYTES))?.toString("utf8").trim() ?? "";
    const id = OWN_KEY.exec(text)?.[1];
    return id === undefined ? undefined : { secret: text, id };
  }

  async function readKept(): Promise<OwnKey | undefined> {
    if (unkept && (await tryToKeep(unkept)) === undefined) unkept = undefined;
    return unkept ?? readFileKey();
  }

  /** @returns why it cannot be kept */
  async function tryToKeep({ secret, id }: OwnKey): Promise<unknown> {
    try {
      await mkdir(folder, { recursive: true });
      const before = await readFileKey();
      if (before)
        await replaceFile(`${path}.${before.id === id ? "refused" : "other-machine"}`, `${before.secret}\n`);
      await replaceFile(path, `${secret}\n`);
      return undefined;
    } catch (error) {
      return error;
    }
  }

  /** What proves that this is the instance: each server takes of it what it believes. */
  async function gatherEvidence(client: Client, claimed: ClaimedHost, signal: AbortSignal) {
    const identity = await readIdentityDocument(host.metadata, signal);
    const region = identity && parseIdentity(identity.document)?.region;
    const { makeCallerProof } = await import("./caller-proof.ts");
    const caller = await makeCallerProof({ client, origin: url.origin, claimed, region }, { env, clock });
    const isGiven = caller !== undefined && !("fault" in caller);
    if (caller && !isGiven)
      onNotice(`this instance cannot prove its role's session to ${url.origin}: ${caller.fault}`);
    return { ...(identity && { identity }), ...(isGiven && { caller }) };
  }

  async function enrol(id: string, fingerprint: Fingerprint, signal: AbortSignal): Promise<string> {
    if (!mayEnrol)
      throw new RemoteError(
        "not_enrolled",
        `this host has no key for ${url.origin}; to enrol it needs an enrolment key: ` +
          "--enrol-key-file FILE (docs/enrol.md)",
      );
    const client = createClient({ url, key: enrolKey, signal, retries: 0 });
    const { machine, boot } = fingerprint;
    // Also beside an enrolment key, which a server that takes EC2's word does not take for an id of
    // EC2.
    const evidence = isProvable ? await gatherEvidence(client, { id, machine, boot }, signal) : undefined;
    const body = Buffer.from(JSON.stringify({ id, machine, boot, ...evidence }));
    const response = await client.request("/v1/enrolments", {
      method: "POST",
      body,
      headers: { "content-type": "application/json", ...toHeaders(fingerprint) },
    });
    const answer = await readBounded(response.body, MAX_ENROLMENT_ANSWER_BYTES);
    const made = answer && readSecretOf(answer);
    if (made === undefined)
      throw new RemoteError(
        "not_rollcall",
        `${url.origin} answered the enrolment with ${response.status} and no key; is it a Rollcall server?`,
      );
    onNotice(`enrolled with ${url.origin} as ${id}`);
    const key = { secret: made, id };
    // To ask for another one at each try would take the places of this host's other keys.
    const fault = await tryToKeep(key);
    unkept = fault === undefined ? undefined : key;
    if (unkept)
      onNotice(`the key of this host is in memory alone, since it cannot be kept: ${describe(fault)}`);
    return made;
  }

  /** The kept key, as long as there is none that is known to be better. */
  async function choose(id: string, fingerprint: Fingerprint, signal: AbortSignal): Promise<string> {
    const kept = await readKept();
    if (kept?.id !== id) return enrol(id, fingerprint, signal);
    if (!isRefused || !mayEnrol) return kept.secret;
    // Once: whether another key is taken, or the server goes on refusing, the next refusal tells.
    isRefused = false;
    try {
      return await enrol(id, fingerprint, signal);
    } catch (error) {
      onNotice(
        `the key of this host was refused, and it could not enrol again; the key is kept: ${describe(error)}`,
      );
      return kept.secret;
    }
  }

  return {
    async headersFor(id, signal) {
      const fingerprint = await readFingerprint(host, signal);
      const secret = await choose(id, fingerprint, signal);
      return { "x-api-key": secret, ...toHeaders(fingerprint) };
    },
    refused() {
      isRefused = true;
      return mayEnrol
        ? undefined
        : `the key is kept (${path}) and tried again; if it was revoked, this host ` +
            "needs an enrolment key: --enrol-key-file FILE";
    },
    describe: async () =>
      (await readKept()) === undefined ? "none yet: the first report enrols" : `this host's own key, ${path}`,
  };
}

/** @returns undefined if the answer holds no host's key */
function readSecretOf(text: Buffer): string | undefined {
  const { secret } = (parseJson(text) ?? {}) as { secret?: unknown };
  return typeof secret === "string" && OWN_KEY.test(secret) ? secret : undefined;
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What a request says of the machine that sends it. */
function toHeaders({ machine, boot, name, startedAt }: Fingerprint): Readonly<Record<string, string>> {
  return {
    [MACHINE_HEADERS.machine]: machine,
    [MACHINE_HEADERS.boot]: boot,
    [MACHINE_HEADERS.name]: name,
    ...(startedAt !== undefined && { [MACHINE_HEADERS.startedAt]: String(startedAt) }),
  };
}

export interface KeyOptions {
  readonly given: ConfiguredKeys;
  readonly target: Target;
  readonly host: HostAccess;
  /** The agent's state folder. */
  readonly folder: string;
  readonly onNotice: (notice: string) => void;
  /** Where this host's AWS credentials are found. */
  readonly env: Environment;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * A key of its own with an enrolment key; and, where no key is set, on EC2 or where the host has
 * enrolled before. @throws whatever reading the given keys throws
 */
export async function chooseKey({ given, target, signal, ...options }: KeyOptions): Promise<HostKey> {
  const { host, folder } = options;
  if (target.kind === "store") return givenKey(given, host);
  const enrolKey = await given.readEnrolKey();
  const isSet = (await given.readKey()) !== undefined;
  const isProvable = !isSet && (host.metadata.isGiven || (await isEc2(host, signal)));
  return enrolKey !== undefined || isProvable || (!isSet && (await hasOwnKey(folder)))
    ? ownKey({ ...options, url: target.url, enrolKey, isProvable })
    : givenKey(given, host);
}
