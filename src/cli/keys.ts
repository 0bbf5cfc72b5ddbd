// rollcall keys: makes, lists and revokes API keys, on a store or through a server.
import * as z from "zod";
import { listKeys } from "../api/key-list.ts";
import { type ApiKey, createKey, type KeyRequest, keyRequestSchema, revokeKey } from "../api/keys.ts";
import type { Scope } from "../api/scopes.ts";
import { StoreError } from "../store/store.ts";
import { formatSpan, sanitize } from "./cell.ts";
import { createClient } from "./client.ts";
import { CommandError, UsageError } from "./failure.ts";
import type { Io } from "./io.ts";
import { type Flags, readSettings } from "./settings.ts";
import { layOutTable, styleTable } from "./table.ts";
import { embeddedStoreUrl, findTarget, openStoreAt, type Target } from "./target.ts";

export interface CreateOptions extends Flags {
  readonly scope: readonly Scope[];
  readonly name?: string;
  readonly host?: string;
}

export interface ListKeysOptions extends Flags {
  readonly json?: boolean;
}

/** Where keys are managed. */
interface KeyAdmin {
  create(request: KeyRequest): Promise<{ key: ApiKey; secret: string }>;
  list(): Promise<ApiKey[]>;
  revoke(id: string): Promise<boolean>;
}

/** Makes a key. In a pipe stdout has the secret alone. */
export async function runKeysCreate({ scope, name, host, ...flags }: CreateOptions, io: Io): Promise<void> {
  const admin = await openAdmin(flags, io);
  const { key, secret } = await admin.create({
    name: name ?? scope.join("+"),
    scopes: [...scope],
    ...(host === undefined ? {} : { host }),
  });
  await io.stdout.write(`${secret}\n`);
  const bound = key.host ? `, for the host ${key.host} alone` : "";
  await io.stderr.write(
    `made key ${key.id} (${key.name}; ${key.scopes.join(", ")}${bound}). It is shown this once: keep it now.\n`,
  );
}

/** Lists keys: a table on a terminal, JSON in a pipe. */
export async function runKeysList({ json, ...flags }: ListKeysOptions, io: Io): Promise<void> {
  const keys = await (await openAdmin(flags, io, { mustExist: true })).list();
  if (json || !io.stdout.isTerminal) return io.stdout.write(`${JSON.stringify(keys, null, 2)}\n`);
  if (keys.length === 0) return io.stderr.write("no keys; rollcall keys create makes one\n");
  const now = io.clock();
  const rows = keys.map(({ id, name, scopes, host = "", created_at }) => [
    id,
    sanitize(name),
    scopes.join(","),
    host,
    formatSpan(now - Date.parse(created_at)),
  ]);
  const table = layOutTable(["ID", "NAME", "SCOPES", "HOST", "AGE"], rows, io.stdout.columns);
  await io.stdout.writeStyled(`${styleTable(table, io)}\n`);
}

/** Revokes a key. @throws CommandError if there is none with the id */
export async function runKeysRevoke(id: string, flags: Flags, io: Io): Promise<void> {
  const admin = await openAdmin(flags, io, { mustExist: true });
  if (!(await admin.revoke(id))) throw new CommandError(`there is no key ${sanitize(id)}; rollcall keys list shows them`);
  await io.stderr.write(`revoked ${id}; running servers refuse it within five seconds\n`);
}

async function openAdmin(flags: Flags, io: Io, { mustExist = false } = {}): Promise<KeyAdmin> {
  const settings = await readSettings(flags, io);
  // Keys are often made before the server first runs, so here the embedded store need not be there yet.
  const target: Target = settings.target() ? await findTarget(settings, io) : { kind: "store", url: embeddedStoreUrl(io) };
  const admin =
    target.kind === "store"
      ? await openStoreAdmin(target.url, mustExist, io)
      : openServerAdmin(target.url, await settings.readKey(), io);
  return {
    create: async (request) => {
      const checked = keyRequestSchema.safeParse(request);
      if (!checked.success) throw new UsageError(z.prettifyError(checked.error).replaceAll("\n", " "));
      return admin.create(checked.data);
    },
    list: () => admin.list(),
    revoke: (id) => admin.revoke(id),
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
      return listKeys(store, warn).catch(told);
    },
    revoke: (id) => revokeKey(store, id).catch(told),
  };
}

function openServerAdmin(url: URL, key: string | undefined, io: Io): KeyAdmin {
  const client = createClient({ url, key, signal: io.signal });
  return {
    async create(request) {
      const headers = { "content-type": "application/json" };
      const response = await client.request("/v1/keys", { method: "POST", body: Buffer.from(JSON.stringify(request)), headers });
      const { secret, ...made } = (await response.json()) as ApiKey & { secret: string };
      return { key: made, secret };
    },
    async list() {
      return ((await (await client.request("/v1/keys")).json()) as { keys: ApiKey[] }).keys;
    },
    async revoke(id) {
      // A server answers 404 for what is no key; the client makes that an error in words.
      await client.request(`/v1/keys/${encodeURIComponent(id)}`, { method: "DELETE" });
      return true;
    },
  };
}
