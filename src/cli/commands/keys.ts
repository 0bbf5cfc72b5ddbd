// rollcall keys: makes, lists and revokes API keys, and shuts hosts out, on a store or through a
// server.
import * as z from "zod";
import { allowHost, denyHost } from "../../access/denials.ts";
import { type KeyList, type ListedHost, type ListedKey, listKeysAndHosts } from "../../access/key-list.ts";
import { revokeKey } from "../../access/key-revocation.ts";
import { type ApiKey, createKey, type KeyRequest, keyRequestSchema } from "../../access/keys.ts";
import { CUT_MACHINE } from "../../access/machine.ts";
import { HOST_SCOPES, type Scope } from "../../access/scopes.ts";
import { createClient } from "../../remote/client.ts";
import { ServerRefusal } from "../../remote/remote-error.ts";
import type { Target } from "../../remote/target.ts";
import { isHostId } from "../../report/key.ts";
import { sanitizeLine } from "../../report/safe-text.ts";
import { formatSpan } from "../../report/span-text.ts";
import { StoreError } from "../../store/store.ts";
import { CommandError, UsageError } from "../program/failure.ts";
import type { Io } from "../program/io.ts";
import { parseExpiry } from "../settings/key-expiry.ts";
import type { Flags } from "../settings/setting-list.ts";
import { readSettings } from "../settings/settings.ts";
import { embeddedStoreUrl, findTarget, openStoreAt } from "../settings/target.ts";
import { layOutTable, styleTable } from "../terminal/table.ts";

export interface CreateOptions extends Flags {
  readonly scope: readonly Scope[];
  readonly name?: string;
  readonly host?: string;
  readonly expires?: string;
}

export interface RevokeOptions extends Flags {
  readonly machine?: string;
}

export interface ListKeysOptions extends Flags {
  readonly json?: boolean;
}

/** Where keys are managed. */
interface KeyAdmin {
  create(request: KeyRequest): Promise<{ key: ApiKey; secret: string }>;
  list(): Promise<KeyList>;
  /** @returns false if there is no such key */
  revoke(id: string, machine?: string): Promise<boolean>;
  deny(host: string): Promise<void>;
  /** @returns false if the host was not denied */
  allow(host: string): Promise<boolean>;
}

/** Makes a key. In a pipe stdout has the secret alone. */
export async function runKeysCreate(
  { scope, name, host, expires, ...flags }: CreateOptions,
  io: Io,
): Promise<void> {
  const expiresAt = expires === undefined ? undefined : parseExpiry(expires, io.clock());
  const admin = await openAdmin(flags, io);
  const { key, secret } = await admin.create({
    name: name ?? scope.join("+"),
    scopes: [...scope],
    ...(host === undefined ? {} : { host }),
    ...(expiresAt === undefined ? {} : { expires_at: expiresAt }),
  });
  await io.stdout.write(`${secret}\n`);
  const bound = key.host ? `, for the host ${key.host} alone` : "";
  const end = key.expires_at ? `; until ${key.expires_at}` : "";
  await io.stderr.write(
    `made key ${key.id} (${key.name}; ${key.scopes.join(", ")}${bound}${end}). It is ` +
      "shown this once: keep it now.\n",
  );
}

/** Lists keys, and hosts that are enrolled or denied: a table on a terminal, JSON in a pipe. */
export async function runKeysList({ json, ...flags }: ListKeysOptions, io: Io): Promise<void> {
  const { keys, hosts } = await (await openAdmin(flags, io, { mustExist: true })).list();
  for (const key of keys.filter(isOfTooMuch))
    await io.stderr.write(
      `warning: the key ${key.id} is bound to the host ` +
        `${sanitizeLine(key.host ?? "")}, so that of its scopes ` +
        `(${key.scopes.join(", ")}) only ${HOST_SCOPES.join(" and ")} count\n`,
    );
  if (json || !io.stdout.isTerminal)
    return io.stdout.write(`${JSON.stringify([...keys, ...hosts.map(toKeyOfHost)], null, 2)}\n`);
  if (keys.length + hosts.length === 0) return io.stderr.write("no keys; rollcall keys create makes one\n");
  const now = io.clock();
  const rows = [...keys.map((key) => toRow(key, now)), ...hosts.map((host) => toHostRow(host, now))];
  const headings = ["ID", "NAME", "SCOPES", "HOST", "AGE", "LAST USED", "EXPIRES"];
  await io.stdout.writeStyled(`${styleTable(layOutTable(headings, rows, io.stdout.columns), io)}\n`);
}

function isOfTooMuch({ host, scopes }: ListedKey): boolean {
  return host !== undefined && scopes.some((scope) => !HOST_SCOPES.includes(scope));
}

function toRow(
  { id, name, scopes, host = "", created_at, last_used_at, expires_at }: ListedKey,
  now: number,
): string[] {
  const age = formatSpan(now - Date.parse(created_at));
  return [
    id,
    sanitizeLine(name),
    scopes.join(","),
    host,
    age,
    formatAge(last_used_at, now),
    formatEnd(expires_at, now),
  ];
}

function toHostRow({ id, enrolled, last_used_at, denied_at }: ListedHost, now: number): string[] {
  const state = denied_at === undefined ? "(enrolled)" : enrolled ? "(enrolled, denied)" : "(denied)";
  const scopes = denied_at === undefined ? "ingest" : "none";
  return [id, state, scopes, id, "", formatAge(last_used_at, now), ""];
}

/** In the form of a key, so that programs over the list need not tell them apart. */
function toKeyOfHost({ id, denied_at, ...host }: ListedHost) {
  const isDenied = denied_at !== undefined;
  return {
    id,
    name: id,
    scopes: isDenied || !host.enrolled ? [] : ["ingest"],
    host: id,
    ...host,
    ...(isDenied && { denied_at }),
  };
}

/** Uses are noted at most once an hour: less than that is not known. */
function formatAge(time: string | undefined, now: number): string {
  return time === undefined ? "-" : `${formatSpan(now - Date.parse(time))} ago`;
}

function formatEnd(time: string | undefined, now: number): string {
  if (time === undefined) return "never";
  const left = Date.parse(time) - now;
  return left > 0 ? `in ${formatSpan(left)}` : "expired";
}

/** Shuts a host out. @throws UsageError if it is no host id */
export async function runKeysDeny(host: string, flags: Flags, io: Io): Promise<void> {
  if (!isHostId(host)) throw new UsageError(`${JSON.stringify(host)} is no host id`);
  await (await openAdmin(flags, io)).deny(host);
  await io.stderr.write(
    `denied ${host}: no server of this store takes its reports or enrols it, with ` +
      `whatever key; rollcall keys allow ${host} undoes it\n`,
  );
}

/** Lets a host in again. @throws CommandError if it was not shut out */
export async function runKeysAllow(host: string, flags: Flags, io: Io): Promise<void> {
  if (!isHostId(host)) throw new UsageError(`${JSON.stringify(host)} is no host id`);
  const admin = await openAdmin(flags, io, { mustExist: true });
  if (!(await admin.allow(host)))
    throw new CommandError(`${sanitizeLine(host)} is not denied; rollcall keys list shows who is`);
  await io.stderr.write(`allowed ${host} again: what keys it had open as before\n`);
}

/**
 * Revokes a key. @throws CommandError if there is none with the id, UsageError for a machine that
 * is none
 */
export async function runKeysRevoke(id: string, { machine, ...flags }: RevokeOptions, io: Io): Promise<void> {
  if (machine !== undefined && !CUT_MACHINE.safeParse(machine).success)
    throw new UsageError(
      `--machine ${JSON.stringify(machine)} should be 16 hexadecimal digits, as /v1/problems names a machine`,
    );
  const admin = await openAdmin(flags, io, { mustExist: true });
  if (!(await admin.revoke(id, machine))) {
    const shown = isHostId(id) ? id : JSON.stringify(sanitizeLine(id));
    throw new CommandError(`there is no key ${shown}; rollcall keys list shows them`);
  }
  const next = machine === undefined ? "" : `; the machine ${machine} alone may enrol as ${id} next`;
  await io.stderr.write(`revoked ${id}; running servers refuse it within five seconds${next}\n`);
}

async function openAdmin(flags: Flags, io: Io, { mustExist = false } = {}): Promise<KeyAdmin> {
  const settings = await readSettings(flags, io);
  // Keys are often made before the server first runs, so here the embedded store need not be there
  // yet.
  const target: Target = settings.target()
    ? await findTarget(settings, io)
    : { kind: "store", url: embeddedStoreUrl(io) };
  const admin =
    target.kind === "store"
      ? await openStoreAdmin(target.url, mustExist, io)
      : openServerAdmin(target.url, await settings.readKey(), io);
  return {
    ...admin,
    create: async (request) => {
      const checked = keyRequestSchema(io.clock()).safeParse(request);
      if (!checked.success) throw new UsageError(z.prettifyError(checked.error).replaceAll("\n", " "));
      return admin.create(checked.data);
    },
    // A key's id has the form of a host's. What has not is no key anywhere, and need not be asked
    // for.
    revoke: async (id, machine) => isHostId(id) && (await admin.revoke(id, machine)),
  };
}

async function openStoreAdmin(url: string, mustExist: boolean, io: Io): Promise<KeyAdmin> {
  const store = await openStoreAt(url, io, { mustExist });
  const told = (error: unknown): never => {
    throw error instanceof StoreError ? new CommandError(error.message) : error;
  };
  return {
    create: (request) => createKey(store, request, { clock: io.clock }).catch(told),
    list: () => {
      const warn = (id: string, { message }: Error) =>
        void io.stderr.write(`warning: the key ${id} cannot be read: ${message}\n`);
      return listKeysAndHosts(store, warn).catch(told);
    },
    revoke: (id, machine) => revokeKey(store, id, machine).catch(told),
    deny: (host) => denyHost(store, host, { clock: io.clock }).then(() => undefined, told),
    allow: (host) => allowHost(store, host).catch(told),
  };
}

function openServerAdmin(url: URL, key: string | undefined, io: Io): KeyAdmin {
  const client = createClient({ url, key, signal: io.signal });
  return {
    async create(request) {
      const headers = { "content-type": "application/json" };
      const response = await client.request("/v1/keys", {
        method: "POST",
        body: Buffer.from(JSON.stringify(request)),
        headers,
      });
      const { secret, ...made } = (await response.json()) as ApiKey & { secret: string };
      return { key: made, secret };
    },
    async list() {
      const response = await client.request("/v1/keys");
      const warning = response.headers.get("rollcall-warning");
      if (warning !== null) await io.stderr.write(`warning: ${sanitizeLine(warning)}\n`);
      // A server of an earlier version tells of API keys alone.
      const { keys, hosts = [] } = (await response.json()) as Pick<KeyList, "keys"> & Partial<KeyList>;
      return { keys, hosts };
    },
    async revoke(id, machine) {
      const query = machine === undefined ? "" : `?machine=${machine}`;
      // A server answers 404 for what is no key; the client makes that an error in words.
      await client.request(`/v1/keys/${encodeURIComponent(id)}${query}`, { method: "DELETE" });
      return true;
    },
    async deny(host) {
      await client.request(`/v1/denials/${encodeURIComponent(host)}`, { method: "PUT" });
    },
    async allow(host) {
      try {
        await client.request(`/v1/denials/${encodeURIComponent(host)}`, { method: "DELETE" });
        return true;
      } catch (error) {
        if (error instanceof ServerRefusal && error.status === 404) return false;
        throw error;
      }
    },
  };
}
