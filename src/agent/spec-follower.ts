// Following the specs that are published: takes an edition only if it is signed by a trusted key,
// newer than the last, allowed here, and works.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { parseJson } from "../report/parse-json.ts";
import {
  choosePart,
  digestSpec,
  type Edition,
  type HostFacts,
  MAX_EDITION_BYTES,
  MAX_EDITION_NUMBER,
  readEdition,
} from "../specs/edition.ts";
import type { FilePolicy } from "../specs/file-policy.ts";
import { findForbiddenCommand } from "../specs/policy.ts";
import { parseSpec, type Spec } from "../specs/spec.ts";
import type { PublicKey } from "../specs/spec-key.ts";
import { replaceFile } from "../store/atomic-file.ts";
import { readStateFile } from "./state-file.ts";

/** A spec to collect by. */
export interface FollowedSpec {
  readonly spec: Spec;
  readonly digest: string;
  /** Of the edition that it is from. */
  readonly edition: number;
}

/** What each report says of the edition that this host did not take. */
export interface EditionRefusal {
  readonly edition?: number;
  readonly detail: string;
}

export interface SpecFollower {
  /**
   * Takes up what an earlier process followed. A spec in whose trial processes ended twice is
   * refused: once may be a reboot.
   *
   * @returns undefined if there is nothing to follow yet
   */
  load(host: HostFacts): Promise<FollowedSpec | undefined>;
  /**
   * Looks at the published edition.
   *
   * @returns a spec to try; `local` where no part of it covers this host any more; undefined if
   *   nothing changed, or it was refused
   * @throws whatever fetching throws
   */
  poll(host: HostFacts): Promise<FollowedSpec | "local" | undefined>;
  /**
   * Looks at what is published, and takes nothing.
   *
   * @returns its number; undefined if nothing is
   * @throws Error that says why it would be refused
   */
  checkForEdition(host: HostFacts): Promise<number | undefined>;
  /** Marks that a spec is about to be tried for the first time, so that a crash is remembered. */
  beginTrial(spec: FollowedSpec): Promise<void>;
  /**
   * It was not tried to the end, since this process is told to stop: the next one tries it again.
   */
  cancelTrial(): Promise<void>;
  /** It works, or it does not, and why. */
  endTrial(spec: FollowedSpec, fault?: string): Promise<void>;
  /** The same object as long as the same is refused for the same reason. */
  readonly refusal: EditionRefusal | undefined;
  /**
   * Number of the newest edition that says what this host does; undefined where its own spec
   * counts.
   */
  readonly edition: number | undefined;
}

export interface SpecFollowerOptions {
  /** Gets the signed edition for a host; undefined where none is published. */
  readonly fetch: (id: string, maxBytes: number) => Promise<Buffer | undefined>;
  readonly keys: readonly PublicKey[];
  /** Programs that published specs may run. */
  readonly allowedCommands: readonly string[];
  /** Which files published specs may read, and which variables they may look for. */
  readonly files: Pick<FilePolicy, "judgeSpec">;
  /** For what must survive a restart. */
  readonly folder: string;
  readonly clock: () => number;
  /** Told of what could not be kept on disk. */
  readonly onNotice: (notice: string, error?: unknown) => void;
}

const STATE = z.object({
  /**
   * The highest edition that was ever taken up, and the digest of what it said: nothing older is
   * taken, whoever signed it.
   */
  highest: z.int(),
  highest_digest: z.string().optional(),
  /** The signed edition in use, base64: the last one that works. */
  envelope: z
    .string()
    .max(MAX_EDITION_BYTES * 2)
    .optional(),
  /** Digest of the spec that is being tried. */
  trial: z.string().optional(),
  /** Digest of one in whose trial a process has ended once. */
  crashed: z.string().optional(),
  /** Specs that failed their trial here, by digest. */
  undone: z.record(z.string(), z.string()).default({}),
});
type SpecState = z.infer<typeof STATE>;

/** How far numbers of editions may lie apart. */
const MAX_EDITION_JUMP = 1_000_000;

/** An envelope, and some sentences. */
const MAX_STATE_BYTES = MAX_EDITION_BYTES * 3;
const MAX_HIGHEST_BYTES = 64;

/** Failed specs that are remembered. */
const MAX_REMEMBERED_FAULTS = 20;

/** Makes a follower. */
export function createSpecFollower(options: SpecFollowerOptions): SpecFollower {
  const { fetch, keys, allowedCommands, files, folder, clock, onNotice } = options;
  const path = join(folder, "spec.json");
  /** Beside it: where that is damaged, no older edition gets in all the same. */
  const highestPath = join(folder, "spec-highest");
  let state: SpecState = { highest: 0, undone: {} };
  /** The spec in use; undefined: this host's own. */
  let currentDigest: string | undefined;
  let currentEdition: number | undefined;
  /** On trial: becomes the one in use if it works. */
  let candidate: { readonly digest: string; readonly envelope: string } | undefined;
  let refusal: EditionRefusal | undefined;

  async function save(
    changes: { readonly [Name in keyof SpecState]?: SpecState[Name] | undefined },
  ): Promise<void> {
    const merged = Object.entries({ ...state, ...changes }).filter(([, value]) => value !== undefined);
    state = Object.fromEntries(merged) as SpecState;
    try {
      await mkdir(folder, { recursive: true });
      if (changes.highest !== undefined) await replaceFile(highestPath, `${changes.highest}\n`);
      await replaceFile(path, JSON.stringify(state));
    } catch (error) {
      onNotice("the spec's state cannot be kept on disk", error);
    }
  }

  async function restore(): Promise<void> {
    state = (await readState(path)) ?? state;
    const highest = await readHighest(highestPath);
    // A number that an older version took up there does not keep newer editions out.
    if (state.highest > MAX_EDITION_NUMBER) state = { highest: 0, undone: state.undone };
    if (highest <= state.highest || highest > MAX_EDITION_NUMBER) return;
    // What the edition said went with the state.
    const { highest_digest: _, ...others } = state;
    state = { ...others, highest };
  }

  /** The part of an edition that this host would take. */
  function examine(edition: Edition, host: HostFacts): FollowedSpec | "local" | { readonly fault: string } {
    const part = choosePart(edition, host);
    if (!part) return "local";
    const digest = digestSpec(part.spec);
    const fault = state.undone[digest];
    if (fault !== undefined) return { fault: `${UNDONE}${fault}` };
    const parsed = parseSpec(part.spec);
    if ("mistakes" in parsed)
      return { fault: "its spec has mistakes that this agent's version cannot read over" };
    const forbidden = findForbiddenCommand(parsed.spec, allowedCommands) ?? files.judgeSpec(parsed.spec);
    return forbidden === undefined
      ? { spec: parsed.spec, digest, edition: edition.number }
      : { fault: forbidden };
  }

  /** What is wrong with an edition's age; nothing with that of the one that this host has had. */
  function judgeAge(edition: Edition): string | undefined {
    const isSame = state.highest_digest === undefined || state.highest_digest === digestEdition(edition);
    if (edition.number === state.highest && isSame) return undefined;
    if (edition.number > state.highest + MAX_EDITION_JUMP)
      return (
        `its number is more than ${MAX_EDITION_JUMP} above that of edition ${state.highest}, ` +
        "the last that this host has had: a mistake, which would lock out all that " +
        "follow"
      );
    if (edition.number <= state.highest)
      return `it is not newer than edition ${state.highest}, which this host has had`;
    return Date.parse(edition.expires_at) <= clock() ? `it expired at ${edition.expires_at}` : undefined;
  }

  function refuse(detail: string, edition?: number): undefined {
    if (refusal === undefined || refusal.edition !== edition || refusal.detail !== detail)
      refusal = { ...(edition !== undefined && { edition }), detail };
    return undefined;
  }

  /** Takes up an edition as far as it concerns this host. */
  async function accept(
    edition: Edition,
    bytes: Buffer,
    host: HostFacts,
  ): Promise<FollowedSpec | "local" | undefined> {
    const taken = examine(edition, host);
    if (typeof taken === "object" && "fault" in taken) return refuse(taken.fault, edition.number);
    refusal = undefined;
    const envelope = bytes.toString("base64");
    const highest = { highest: edition.number, highest_digest: digestEdition(edition) };
    const digest = taken === "local" ? undefined : taken.digest;
    // A new edition often says nothing new to most hosts.
    const isNew = digest !== currentDigest;
    if (isNew && digest !== undefined) {
      candidate = { digest, envelope };
      await save(highest);
      return taken;
    }
    currentDigest = digest;
    currentEdition = digest === undefined ? undefined : edition.number;
    if (state.envelope !== envelope) await save({ ...highest, envelope });
    return isNew ? taken : undefined;
  }

  return {
    get refusal() {
      return refusal;
    },
    get edition() {
      return currentEdition;
    },

    async load(host) {
      await restore();
      const { trial } = state;
      if (trial !== undefined && trial === state.crashed)
        await save({ trial: undefined, crashed: undefined, undone: addUndone(state, trial, CRASHED) });
      else if (trial !== undefined) await save({ trial: undefined, crashed: trial });
      const bytes = state.envelope === undefined ? undefined : Buffer.from(state.envelope, "base64");
      const read = bytes && readEdition(bytes, keys);
      // The keys may have been changed since.
      if (!read || "refusal" in read) return undefined;
      const taken = examine(read.edition, host);
      if (taken === "local" || "fault" in taken) return undefined;
      currentDigest = taken.digest;
      currentEdition = taken.edition;
      return taken;
    },

    async poll(host) {
      const bytes = await fetch(host.instance_id, MAX_EDITION_BYTES);
      if (!bytes) return undefined;
      const read = readEdition(bytes, keys);
      if ("refusal" in read) return refuse(read.refusal);
      const { edition } = read;
      const age = judgeAge(edition);
      return age === undefined ? accept(edition, bytes, host) : refuse(age, edition.number);
    },

    async checkForEdition(host) {
      const bytes = await fetch(host.instance_id, MAX_EDITION_BYTES);
      if (!bytes) return undefined;
      const read = readEdition(bytes, keys);
      if ("refusal" in read) throw new Error(read.refusal);
      await restore();
      const age = judgeAge(read.edition);
      if (age !== undefined) throw new Error(age);
      const taken = examine(read.edition, host);
      if (typeof taken === "object" && "fault" in taken) throw new Error(taken.fault);
      return read.edition.number;
    },

    beginTrial: ({ digest }) => save({ trial: digest }),
    cancelTrial: () => save({ trial: undefined }),

    async endTrial({ digest, edition }, fault) {
      if (fault !== undefined) {
        refuse(`${UNDONE}${fault}`, edition);
        return save({ trial: undefined, crashed: undefined, undone: addUndone(state, digest, fault) });
      }
      currentDigest = digest;
      currentEdition = edition;
      return save({
        trial: undefined,
        crashed: undefined,
        ...(candidate?.digest === digest && { envelope: candidate.envelope }),
      });
    },
  };
}

const CRASHED = "the agent ended twice while it was tried";
const UNDONE = "it was tried here and undone: ";

function addUndone({ undone }: SpecState, digest: string, fault: string): Record<string, string> {
  const { [digest]: _again, ...others } = undone;
  return Object.fromEntries([...Object.entries(others).slice(1 - MAX_REMEMBERED_FAULTS), [digest, fault]]);
}

function digestEdition(edition: Edition): string {
  return digestSpec(JSON.stringify(edition));
}

async function readHighest(path: string): Promise<number> {
  const text = (await readStateFile(path, MAX_HIGHEST_BYTES))?.toString("utf8") ?? "";
  return /^\d{1,15}\n?$/.test(text) ? Number(text) : 0;
}

async function readState(path: string): Promise<SpecState | undefined> {
  const text = await readStateFile(path, MAX_STATE_BYTES);
  // Where it is not there, or damaged, nothing is followed until the next look, and what is
  // published counts.
  return STATE.safeParse(parseJson(text ?? "")).data;
}
