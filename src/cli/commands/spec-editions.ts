// rollcall spec keygen, push, rollback, editions: one spec for all hosts, signed, from one place.
import { open } from "node:fs/promises";
import { resolve } from "node:path";
import { readSpecText } from "../../agent/spec-file.ts";
import {
  digestSpec,
  type Edition,
  type EditionPart,
  FILTER_FIELDS,
  MAX_EDITION_BYTES,
  readEdition,
  signEdition,
} from "../../specs/edition.ts";
import { renderMistakes } from "../../specs/mistake.ts";
import { parseSpec } from "../../specs/spec.ts";
import { formatPublicKey, makeKeyPair, parsePrivateKey, parsePublicKey } from "../../specs/spec-key.ts";
import {
  CURRENT_EDITION_KEY,
  EDITIONS_PREFIX,
  locateEdition,
  parseEditionNumber,
} from "../../store/layout.ts";
import { PreconditionFailed, type Store, type StoredObject } from "../../store/store.ts";
import { CommandError, UsageError } from "../program/failure.ts";
import { openSpecFile } from "../program/host-collection.ts";
import type { Io } from "../program/io.ts";
import { readGivenText } from "../settings/given-file.ts";
import type { Flags } from "../settings/setting-list.ts";
import { readSettings } from "../settings/settings.ts";
import { findStoreUrl, openStoreAt } from "../settings/target.ts";
import { layOutTable, styleTable } from "../terminal/table.ts";

/**
 * How long an edition may be taken up, where nothing else is said. Hosts that follow it go on with
 * it.
 */
const DEFAULT_EXPIRY = "90d";

export interface SignOptions extends Flags {
  /** The private key's file. */
  readonly key: string;
  readonly expires?: string;
}

export interface PushOptions extends SignOptions {
  /** Percent. */
  readonly canary?: number;
  readonly filter?: readonly string[];
}

export interface RollbackOptions extends SignOptions {
  /** Number of an edition. */
  readonly to?: number;
}

/** Makes a pair of keys: the private one into a file, the public one onto stdout. */
export async function runSpecKeygen(path: string, io: Io): Promise<void> {
  if (path === "") throw new UsageError("name the file that the private key goes into");
  const { privatePem, publicText } = makeKeyPair();
  const file = await open(resolve(io.cwd, path), "wx", 0o600).catch((error: NodeJS.ErrnoException) => {
    throw new CommandError(
      error.code === "EEXIST"
        ? `${path} exists already; a key that hosts trust is not overwritten`
        : `cannot write ${path}: ${error.message}`,
    );
  });
  await file.writeFile(privatePem);
  await file.close();
  await io.stdout.write(`${publicText}\n`);
  await io.stderr.write(
    `The private key is in ${path}: whoever has it can run programs on your hosts, ` +
      "as far as each host's --allow-commands lets them.\n" +
      `Hosts follow what it signs with: rollcall agent --spec-keys ${publicText}\n`,
  );
}

/**
 * Publishes a spec. @throws CommandError for a spec with mistakes, or if another was published
 * meanwhile
 */
export async function runSpecPush(file: string, options: PushOptions, io: Io): Promise<void> {
  const text = await readSpecText(openSpecFile(file, io));
  const parsed = parseSpec(text);
  if ("mistakes" in parsed) {
    await io.stderr.write(renderMistakes(file, text, parsed.mistakes));
    throw new CommandError(`${file} has mistakes; nothing was published`);
  }
  const filters = (options.filter ?? []).map(parseFilter);
  const part: EditionPart = {
    spec: text,
    ...(options.canary !== undefined && { share: options.canary }),
    ...(filters.length > 0 && { filters }),
  };
  await publish(options, io, ({ readCurrent }) =>
    isForAll(part) ? [part] : [part, ...(readCurrent()?.parts.filter(isForAll) ?? [])],
  );
}

/**
 * Publishes again what an earlier edition said, as a new edition: hosts never go back by
 * themselves.
 */
export async function runSpecRollback(options: RollbackOptions, io: Io): Promise<void> {
  await publish(options, io, async ({ store, read, readCurrent }) => {
    const current = readCurrent();
    if (!current) throw new CommandError("nothing is published yet");
    const to = options.to ?? current.number - 1;
    const object = to >= 1 ? await store.get(locateEdition(to), { maxBytes: MAX_EDITION_BYTES }) : undefined;
    if (!object)
      throw new CommandError(`there is no edition ${to} to go back to; rollcall spec editions lists them`);
    return read(object).parts;
  });
}

/** Lists what was published, newest first. */
export async function runSpecEditions(options: Flags & { readonly json?: boolean }, io: Io): Promise<void> {
  const settings = await readSettings(options, io);
  const store = await openStoreAt(findStoreUrl(settings, io), io, { mustExist: true });
  const found: ReturnType<typeof peek>[] = [];
  for await (const page of store.list(EDITIONS_PREFIX)) {
    for (const { key } of page) {
      const object = await store.get(key, { maxBytes: MAX_EDITION_BYTES });
      if (object) found.push(peek(object));
    }
  }
  await store.close?.();
  const editions = found.reverse();
  if (options.json || !io.stdout.isTerminal) {
    await io.stdout.write(`${JSON.stringify(editions, null, 2)}\n`);
    return;
  }
  const rows = editions.map(({ number, issued_at, expires_at, key_id, parts }) => [
    String(number),
    issued_at,
    expires_at,
    key_id,
    parts.map(({ digest, hosts }) => `${digest.slice(0, 19)}… to ${hosts}`).join("; "),
  ]);
  const table = layOutTable(["EDITION", "ISSUED", "EXPIRES", "KEY", "SPECS"], rows, io.stdout.columns);
  await io.stdout.writeStyled(`${styleTable(table, io)}\n`);
}

/** What an edition says, unverified: for people, who see the key's name. */
function peek(object: StoredObject) {
  const envelope = JSON.parse(object.body.toString("utf8")) as {
    payload: string;
    signatures: { keyid: string }[];
  };
  const edition = JSON.parse(Buffer.from(envelope.payload, "base64").toString("utf8")) as Edition;
  return {
    number: edition.number,
    issued_at: edition.issued_at,
    expires_at: edition.expires_at,
    key_id: envelope.signatures[0]?.keyid ?? "",
    parts: edition.parts.map((part, at) => ({
      digest: digestSpec(part.spec),
      hosts: describeHosts(part, at),
    })),
  };
}

interface Published {
  readonly store: Store;
  /** Reads an edition that this key has signed. @throws CommandError */
  readonly read: (object: StoredObject) => Edition;
  /** The one that hosts follow now. @throws CommandError if it is another key's, or damaged */
  readonly readCurrent: () => Edition | undefined;
}

/** Makes the next edition, signs it, keeps it, and makes it the current one. */
async function publish(
  options: SignOptions,
  io: Io,
  makeParts: (published: Published) => EditionPart[] | Promise<EditionPart[]>,
): Promise<void> {
  const key = await readPrivateKey(options.key, io);
  const trusted = parsePublicKey(formatPublicKey(key));
  const settings = await readSettings(options, io);
  const store = await openStoreAt(findStoreUrl(settings, io), io);
  const read = (object: StoredObject): Edition => {
    const outcome = readEdition(object.body, trusted ? [trusted] : []);
    if ("refusal" in outcome)
      throw new CommandError(
        `the edition at ${object.key} is not this key's: ${outcome.refusal}; use the ` +
          "key that signed it, or push a spec for all hosts with this one",
      );
    return outcome.edition;
  };
  try {
    const object = await store.get(CURRENT_EDITION_KEY, { maxBytes: MAX_EDITION_BYTES });
    const readCurrent = () => object && read(object);
    const now = io.clock();
    const edition: Edition = {
      format: 1,
      number: await findNextNumber(store),
      issued_at: new Date(now).toISOString(),
      expires_at: new Date(now + readExpiry(options.expires)).toISOString(),
      parts: await makeParts({ store, read, readCurrent }),
    };
    const bytes = signEdition(edition, key);
    await store.put(locateEdition(edition.number), bytes, { ifNoneMatch: "*" });
    await store.put(CURRENT_EDITION_KEY, bytes, object ? { ifMatch: object.etag } : { ifNoneMatch: "*" });
    for (const [at, part] of edition.parts.entries())
      await io.stdout.write(
        `edition ${edition.number}: ${digestSpec(part.spec)} to ${describeHosts(part, at)}\n`,
      );
    if (!edition.parts.some(isForAll))
      await io.stderr.write("Hosts that none of these covers keep the spec that they were installed with.\n");
    await io.stderr.write(
      "Agents take it up within half an hour. Watch: rollcall list --fields " +
        "instance_name,rollcall.spec_edition,rollcall.spec_refused\n",
    );
  } catch (error) {
    if (error instanceof PreconditionFailed)
      throw new CommandError(
        "another edition was published at the same time; look at it with rollcall " +
          "spec editions, and run this again",
      );
    throw error;
  } finally {
    await store.close?.();
  }
}

function isForAll({ share, filters }: EditionPart): boolean {
  return share === undefined && filters === undefined;
}

/** @param at place in its edition: the first part that covers a host counts */
function describeHosts({ share, filters = [] }: EditionPart, at: number): string {
  const some = filters.map(({ field, pattern }) => `${field}=${pattern}`).join(", ");
  const others = at > 0 ? "other " : "";
  const which = some === "" ? `all ${others}hosts` : `${others}hosts with ${some}`;
  return share === undefined ? which : `${share}% of ${which}`;
}

async function readPrivateKey(path: string, io: Io) {
  const pem = await readGivenText(resolve(io.cwd, path)).catch((error: Error) => {
    throw new CommandError(`cannot read the key: ${error.message}`);
  });
  const key = parsePrivateKey(pem);
  if (!key) throw new CommandError(`${path} is no private key that rollcall spec keygen made`);
  return key;
}

/** @returns ms */
function readExpiry(text = DEFAULT_EXPIRY): number {
  const days = Number(/^([1-9]\d{0,3})d$/.exec(text)?.[1]);
  if (Number.isNaN(days)) throw new UsageError('--expires should be a number of days such as "90d"');
  return days * 86_400_000;
}

/**
 * One more than any that was kept: of a push that was killed half way there may be one that never
 * became the current one. The current one itself is not asked: a spec for all hosts can be pushed
 * with another key than the last, or over one that was damaged.
 */
async function findNextNumber(store: Store): Promise<number> {
  let last = 0;
  for await (const page of store.list(EDITIONS_PREFIX))
    for (const { key } of page) last = Math.max(last, parseEditionNumber(key));
  return last + 1;
}

function parseFilter(text: string): NonNullable<EditionPart["filters"]>[number] {
  const at = text.indexOf("=");
  const field = FILTER_FIELDS.find((name) => name === text.slice(0, at));
  if (!field)
    throw new UsageError(
      `--filter ${text}: write FIELD=VALUE, where FIELD is one of ${FILTER_FIELDS.join(", ")}`,
    );
  return { field, pattern: text.slice(at + 1) };
}
