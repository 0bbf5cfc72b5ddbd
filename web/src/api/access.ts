// Who reads: a key of this session, whoever a proxy has signed in, or the demo's key.
import { API } from "../address/root.ts";
import { type Answer, ask } from "./answer.ts";
import { Failure } from "./failure.ts";
import { keepKey, readKey } from "./key.ts";

/** Whether the reader may ask. */
export type Access =
  | "unknown"
  | "open"
  /** Nobody is signed in. */
  | "closed"
  /** The key that was given does not work. */
  | "refused"
  /** The key works, and may not read. */
  | "may_not_read"
  /** A proxy has ended its session: only a new load of the page leads to its sign-in. */
  | "reload";

/** What /v1/whoami says; `Caller` in the API's description. */
interface Caller {
  readonly scopes: readonly string[];
}

const READING = ["read", "admin"];

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/**
 * Finds out who reads, without a key first. @throws Failure where it cannot be told now
 */
export async function findAccess(): Promise<Access> {
  if (readKey() !== undefined) return "open";
  const access = await tryAccess();
  if (access !== "closed" || !LOOPBACK.test(location.hostname)) return access;
  const key = await readDemoKey();
  if (key === undefined) return "closed";
  keepKey(key);
  return "open";
}

/** Tries a key that was pasted; one that may not read is not kept. @throws Failure */
export async function tryKey(key: string): Promise<Access> {
  keepKey(key);
  const access = await tryAccess().catch((error: unknown) => {
    keepKey(undefined);
    throw error;
  });
  if (access === "open") return access;
  keepKey(undefined);
  return access === "closed" ? "refused" : access;
}

async function tryAccess(): Promise<Access> {
  try {
    const { body }: Answer<Caller> = await ask<Caller>({ path: "whoami" });
    return body.scopes.some((scope) => READING.includes(scope)) ? "open" : "may_not_read";
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    if (error.kind === "signed_out") return "closed";
    // A proxy's own page in the place of our answer.
    if (error.kind === "not_ours" && error.status === 200) return "reload";
    throw error;
  }
}

/** The demo gives its key to its own page, over loopback alone. */
async function readDemoKey(): Promise<string | undefined> {
  const response = await fetch(new URL("demo-key", API), { cache: "no-store" }).catch(() => undefined);
  if (!response?.ok) return undefined;
  const { key } = (await response.json().catch(() => ({}))) as { readonly key?: unknown };
  return typeof key === "string" ? key : undefined;
}
