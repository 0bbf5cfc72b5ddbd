// rollcall doctor's look at who this host is to the bucket: the credentials that sign, and the name
// that its key is made of.
import type { HostAccess } from "../../collect/collector.ts";
import { type KnownCaller, openBucketCaller } from "../../remote/bucket-caller.ts";
import type { RoleId } from "../../remote/role-ids.ts";
import { type Store, StoreError } from "../../store/store.ts";
import { CommandError } from "../program/failure.ts";
import type { Io } from "../program/io.ts";
import { openStoreAt } from "../settings/target.ts";
import type { Finding } from "./doctor.ts";
import { adviseOn, type Destination, findHop } from "./doctor-hop.ts";

export interface CallerCheck {
  /** Undefined where the spec has mistakes: then nothing is asked of the metadata service. */
  readonly host: HostAccess | undefined;
  readonly folder: string;
  readonly roleIds: readonly RoleId[];
  readonly destination: Destination;
}

const CHECK = "credentials";

/** One finding; and a second one of STS where it was not asked, since the name is known. */
export async function checkCaller(url: string, parts: CallerCheck, io: Io): Promise<readonly Finding[]> {
  let store: Store | undefined;
  try {
    store = await openStoreAt(url, io);
    return await identify(store, parts, io.signal);
  } catch (error) {
    if (!(error instanceof StoreError || error instanceof CommandError)) throw error;
    const finding = { check: CHECK, outcome: "failed", detail: error.message } as const;
    if (!/^s3:/i.test(url))
      return [{ ...finding, fix: "give the folder to the agent's user, or name another with --store" }];
    const hop = findHop(error);
    return [{ ...finding, ...(hop && { hop }), fix: adviseOn(hop ?? "credentials", parts.destination) }];
  } finally {
    await store?.close?.();
  }
}

async function identify(
  store: Store,
  { host, folder, roleIds }: CallerCheck,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  if (!store.identify) return [{ check: CHECK, outcome: "skipped", detail: "a folder needs none" }];
  const caller = host
    ? await openBucketCaller({ store, host, folder, roleIds, onNotice: () => undefined }).find(signal)
    : await askSts(store, signal);
  if (!caller) return [{ check: CHECK, outcome: "skipped", detail: "this server does not say who asks" }];
  const { from } = caller;
  const finding: Finding = {
    check: CHECK,
    outcome: "ok",
    detail: `${caller.userId} in ${caller.account}, ${SOURCES[from]}`,
  };
  return from === "STS" ? [finding] : [finding, await compareWithSts(store, caller, signal)];
}

async function askSts(store: Store, signal: AbortSignal): Promise<KnownCaller | undefined> {
  const caller = await store.identify?.({ signal });
  return caller && { ...caller, from: "STS", role: undefined };
}

const SOURCES: Readonly<Record<KnownCaller["from"], string>> = {
  STS: "as STS says",
  settings: "by --role-ids",
  "state folder": "as STS said before",
};

/** STS need not be reached where the role's id is known, and what it says counts where it is. */
async function compareWithSts(
  store: Store,
  { account, userId }: { readonly account: string; readonly userId: string },
  signal: AbortSignal,
): Promise<Finding> {
  const check = "sts";
  try {
    const told = await store.identify?.({ signal });
    if (!told || (told.account === account && told.userId === userId))
      return { check, outcome: "ok", detail: "says the same" };
    return {
      check,
      outcome: "failed",
      hop: "sts",
      detail: `says ${told.userId} in ${told.account}`,
      fix: "set --role-ids right, or leave it out: STS can be asked from here",
    };
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return { check, outcome: "skipped", detail: `cannot be asked, and need not be: ${error.message}` };
  }
}
