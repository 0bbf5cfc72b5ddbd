// As whom AWS knows this host, which is what its key in a bucket is made of: from STS, or, where
// that cannot be asked, from settings or from what STS said before.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { readStateFile } from "../agent/state-file.ts";
import type { HostAccess } from "../collect/collector.ts";
import { isEc2 } from "../collect/identity.ts";
import { type InstanceRole, readInstanceRole } from "../collect/instance-role.ts";
import { replaceFile } from "../store/atomic-file.ts";
import { type Caller, type Store, StoreError, Unavailable } from "../store/store.ts";
import { findRoleId, ROLE_ID, type RoleId } from "./role-ids.ts";

/** In the state folder. */
export const CALLER_FILE = "caller.json";
const MAX_CALLER_FILE_BYTES = 4096;

/** What STS said of the role that an instance had then. Nothing of it is secret. */
const KEPT = z.strictObject({
  instance: z.string(),
  account: z.string(),
  role: z.string(),
  profile_id: z.string(),
  role_id: z.string().regex(ROLE_ID),
});

export interface KnownCaller extends Caller {
  /** Who says so. */
  readonly from: "STS" | "settings" | "state folder";
  /** The instance's role, where it is that one's session. */
  readonly role: string | undefined;
}

export interface BucketCallerOptions {
  readonly store: Store;
  readonly host: HostAccess;
  /** The agent's state folder; undefined: nothing is kept. */
  readonly folder: string | undefined;
  readonly roleIds: readonly RoleId[];
  readonly onNotice: (notice: string) => void;
}

export interface BucketCaller {
  /**
   * @returns undefined where the store's rules do not go by who asks
   * @throws StoreError if it cannot be told; the message says what to do
   */
  find(signal: AbortSignal): Promise<KnownCaller | undefined>;
  /**
   * The bucket's rules refused what was written as that caller: what was kept does not count any
   * more, and STS is asked.
   *
   * @returns who it is, if STS says somebody else; `same` where STS says so too; undefined where it
   *   cannot be asked
   */
  correct(refused: KnownCaller, signal: AbortSignal): Promise<KnownCaller | "same" | undefined>;
}

/**
 * Makes a finder, which goes on asking until it knows, and then no more.
 *
 * EC2 names the session of an instance's role by the instance's id, and the account is the
 * instance's own. So all that STS has to say is the role's id, which stays as long as the role: it
 * may be set, or kept. Both count only while the credentials that sign are those that the instance
 * gives out itself, and what is kept only for the same instance, instance profile and role.
 */
export function openBucketCaller(options: BucketCallerOptions): BucketCaller {
  const { store, roleIds, folder, onNotice } = options;
  let known: KnownCaller | undefined;

  /** Asks STS, and keeps what it says of the instance's own role. */
  async function askSts(own: OwnRole, signal: AbortSignal): Promise<KnownCaller | undefined> {
    const caller = await store.identify?.({ region: own.role?.region, signal });
    if (!caller) return undefined;
    const roleId = own.role && readRoleId(caller, own.role);
    if (own.role && roleId !== undefined) await keep(folder, own.role, roleId, onNotice);
    return { ...caller, from: "STS", role: roleId === undefined ? undefined : own.role?.name };
  }

  async function find(signal: AbortSignal): Promise<KnownCaller | undefined> {
    if (!store.identify) return undefined;
    const signer = await store.readSigner?.();
    if (signer === undefined && store.readSigner) return undefined;
    const own = await readOwnRole(options, signer, signal);
    if (own.role) {
      const set = findRoleId(roleIds, own.role);
      if (set !== undefined) return toCaller(own.role, set, "settings");
      const kept = await readKept(folder, own.role);
      if (kept !== undefined) return toCaller(own.role, kept, "state folder");
    }
    try {
      return await askSts(own, signal);
    } catch (error) {
      throw explainUnknown(error, own, roleIds);
    }
  }

  return {
    async find(signal) {
      known ??= await find(signal);
      return known;
    },

    async correct(refused, signal) {
      if (refused.from === "STS") return "same";
      known = undefined;
      const own = await readOwnRole(options, await store.readSigner?.(), signal);
      const told = await askSts(own, signal).catch((error: unknown) => {
        // What the bucket said is what counts; it is thrown by who asked this.
        if (error instanceof StoreError) return undefined;
        throw error;
      });
      if (!told) return undefined;
      known = told;
      return told.userId === refused.userId && told.account === refused.account ? "same" : told;
    },
  };
}

/** The role whose credentials sign, or why it is not known to be the instance's own. */
type OwnRole =
  | { readonly role: InstanceRole; readonly reason?: undefined }
  | { readonly role?: undefined; readonly reason: string };

async function readOwnRole(
  { host }: BucketCallerOptions,
  signer: string | undefined,
  signal: AbortSignal,
): Promise<OwnRole> {
  const isHere = host.metadata.isGiven || (await isEc2(host, signal));
  if (!isHere) return { reason: "this is no EC2 instance" };
  const role = await readInstanceRole(host.metadata, signal);
  if ("failure" in role) return { reason: role.failure };
  return role.accessKeyId === signer
    ? { role }
    : { reason: `the AWS credentials in use are not those of this instance's role ${role.name}` };
}

function toCaller(
  { account, instance, name }: InstanceRole,
  id: string,
  from: KnownCaller["from"],
): KnownCaller {
  return { account, userId: `${id}:${instance}`, from, role: name };
}

function readRoleId({ account, userId }: Caller, role: InstanceRole): string | undefined {
  const id = userId.slice(0, userId.indexOf(":"));
  const isOwn = account === role.account && userId === `${id}:${role.instance}`;
  return isOwn && ROLE_ID.test(id) ? id : undefined;
}

async function readKept(folder: string | undefined, role: InstanceRole): Promise<string | undefined> {
  if (folder === undefined) return undefined;
  try {
    const bytes = await readStateFile(join(folder, CALLER_FILE), MAX_CALLER_FILE_BYTES);
    const kept = bytes && KEPT.safeParse(JSON.parse(bytes.toString("utf8"))).data;
    const isSame =
      kept?.instance === role.instance &&
      kept.account === role.account &&
      kept.role === role.name &&
      kept.profile_id === role.profileId;
    return isSame ? kept.role_id : undefined;
  } catch {
    // A file that cannot be read is as none: then STS is asked.
    return undefined;
  }
}

async function keep(
  folder: string | undefined,
  { instance, account, name, profileId }: InstanceRole,
  roleId: string,
  onNotice: (notice: string) => void,
): Promise<void> {
  if (folder === undefined) return;
  const kept: z.infer<typeof KEPT> = {
    instance,
    account,
    role: name,
    profile_id: profileId,
    role_id: roleId,
  };
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await replaceFile(join(folder, CALLER_FILE), `${JSON.stringify(kept)}\n`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    onNotice(`the id of this host's role cannot be kept, so STS is asked again next time: ${reason}`);
  }
}

const UNCOUNTED = ", so that --role-ids does not count";

function explainUnknown(error: unknown, { role, reason }: OwnRole, roleIds: readonly RoleId[]): unknown {
  if (!(error instanceof StoreError)) return error;
  const ways = role
    ? `set --role-ids to ${role.account}/${role.name}=AROA… (aws iam get-role --role-name ${role.name} ` +
      "--query Role.RoleId), or give the VPC an interface endpoint for STS " +
      `(com.amazonaws.${role.region}.sts); docs/networks.md`
    : `a way to STS is needed, since ${reason}${roleIds.length > 0 ? UNCOUNTED : ""}; docs/networks.md`;
  const message = `${error.message}. Without STS this host's key in the bucket is not known: ${ways}`;
  const options = { hop: "sts", cause: error } as const;
  return error instanceof Unavailable
    ? new Unavailable(message, { ...options, retryAfterMs: error.retryAfterMs })
    : new StoreError(message, options);
}
