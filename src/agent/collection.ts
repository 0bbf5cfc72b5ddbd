// Collecting this host's report, for `report` and for the agent in `start`.
import { resolve } from "node:path";
import { CommandError, UsageError } from "../cli/program/failure.ts";
import type { Io } from "../cli/program/io.ts";
import { VERSION } from "../cli/program/version.ts";
import { readGivenStart } from "../cli/settings/given-file.ts";
import type { SpecEditionNote } from "../collect/assembly.ts";
import type { HostAccess, Inputs } from "../collect/collector.ts";
import { digestContent } from "../collect/content-digest.ts";
import { type FileFacts, openHostFiles } from "../collect/host-files.ts";
import { HostIdentityError } from "../collect/identity.ts";
import { openMachine } from "../collect/machine.ts";
import { createObservationStore, type ObservationStore } from "../collect/observations.ts";
import { type CollectionRounds, createRounds, type StepSelection } from "../collect/rounds.ts";
import type { CollectedReport } from "../collect/runner.ts";
import { createSettling } from "../collect/settling.ts";
import { DEFAULT_SPEC } from "../specs/default-spec.ts";
import { renderMistakes } from "../specs/mistake.ts";
import { MAX_SPEC_BYTES } from "../specs/schema.ts";
import { parseSpec, type Spec } from "../specs/spec.ts";
import { keepHostId, makeHostId } from "./host-id.ts";

export interface CollectionOptions {
  /** The spec's file; the built-in one, host facts alone, if undefined. */
  readonly specFile: string | undefined;
  /** The folder that stands in for /; undefined is the real one. */
  readonly root?: string | undefined;
  /** Leaves no file behind: a host without a machine id then has another id at each start. */
  readonly isThrowAway?: boolean;
  /** Told of a spec that changed and has mistakes. */
  readonly onNotice?: (notice: string) => void;
  /** What reports say of published specs. */
  readonly edition?: (() => SpecEditionNote) | undefined;
  /** What was seen of files on earlier looks; without it, what this process sees. */
  readonly memory?: ObservationStore;
}

/** A collected report and the digest by which the agent tells whether anything changed. */
export interface Collection extends CollectedReport {
  readonly digest: string;
}

/** A host that is looked at again and again. */
export interface HostCollection {
  /** @throws CommandError if the host cannot say who it is */
  collect(wanted: StepSelection, signal: AbortSignal): Promise<Collection>;
  /** What may change the next report; another object once the spec is another. */
  readonly inputs: Inputs;
  readonly host: HostAccess;
  /** Of the spec that is in use. */
  readonly specDigest: string;
}

/** @throws UsageError if the environment names a metadata service that cannot be one */
export function openHost(root: string | undefined, fallbackId: string | undefined, io: Io): HostAccess {
  try {
    return openMachine({
      ...(root === undefined ? {} : { root: resolve(io.cwd, root) }),
      fallbackId,
      environment: io.env,
    });
  } catch (error) {
    throw error instanceof TypeError ? new UsageError(error.message) : error;
  }
}

/**
 * Reads the spec and opens the host. A spec file that changes is read again; while it has mistakes
 * the one before stays in use.
 *
 * @throws CommandError if the spec has mistakes
 */
export async function openCollection(
  {
    specFile,
    root,
    isThrowAway = false,
    onNotice = () => undefined,
    edition,
    memory = createObservationStore(),
  }: CollectionOptions,
  io: Io,
): Promise<HostCollection> {
  const machine = openHost(root, isThrowAway ? makeHostId() : await keepHostIdIfPossible(io), io);
  const host: HostAccess = { ...machine, memory };
  const specPath = specFile === undefined || specFile === "-" ? undefined : resolve(io.cwd, specFile);
  let text = await readSpecText(specFile, io);
  let current = openRounds(parseSpecText(specFile, text), host, { specPath, edition });

  // The spec's own file is this program's, whatever folder stands in for the host's root.
  const ownFiles = openHostFiles("/");
  const settling = createSettling({ ...host, files: ownFiles });
  /** A spec that is being written may be half of one, and without a mistake. */
  let isSpecUnsettled = false;

  async function isWhole(path: string, facts: FileFacts | undefined, text: string): Promise<boolean> {
    if (!facts) return true;
    const unsettled = await settling.judge([{ path, facts, isUnended: !text.endsWith("\n") }]);
    return unsettled.every(({ isLasting }) => isLasting);
  }

  async function refreshSpec(path: string): Promise<void> {
    try {
      const facts = await ownFiles.facts(path);
      const newText = await readSpecText(path, io);
      isSpecUnsettled = newText !== text && !(await isWhole(path, facts, newText));
      if (newText === text || isSpecUnsettled) return;
      text = newText;
      current = openRounds(parseSpecText(specFile, newText), host, { specPath, edition });
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      onNotice(`${error.message}; the spec before it stays in use`);
    }
  }

  return {
    host,
    get inputs() {
      return current.inputs;
    },
    get specDigest() {
      return current.digest;
    },
    async collect(wanted, signal) {
      const isAsked = wanted.poll || isSpecUnsettled || wanted.changed?.includes(specPath ?? "");
      if (specPath !== undefined && isAsked) await refreshSpec(specPath);
      const collection = await collectBy(current.rounds, wanted, signal);
      return isSpecUnsettled ? { ...collection, isUnsettled: true } : collection;
    },
  };
}

/**
 * Most hosts have a machine id, and need no place for another; one that does says so when it is
 * looked at.
 */
async function keepHostIdIfPossible({ folders }: Io): Promise<string | undefined> {
  try {
    return folders.data === undefined ? undefined : await keepHostId(folders.data);
  } catch (error) {
    if (error instanceof Error && "code" in error) return undefined;
    throw error;
  }
}

/** Collects, and digests what came of it. @throws CommandError if the host cannot say who it is */
export async function collectBy(
  rounds: CollectionRounds,
  wanted: StepSelection,
  signal: AbortSignal,
): Promise<Collection> {
  try {
    const report = await rounds.collect(wanted, signal);
    return { ...report, digest: digestContent(report.bytes) };
  } catch (error) {
    if (error instanceof HostIdentityError) throw new CommandError(error.message);
    throw error;
  }
}

interface RoundsOptions {
  /** The spec's own file, whose change is one of the host's too. */
  readonly specPath?: string | undefined;
  readonly edition?: (() => SpecEditionNote) | undefined;
}

/** A spec in use on a host. */
export function openRounds(
  { spec, digest }: { readonly spec: Spec; readonly digest: string },
  host: HostAccess,
  { specPath, edition }: RoundsOptions,
) {
  const rounds = createRounds(spec, host, {
    agentVersion: VERSION,
    specDigest: digest,
    ...(edition && { edition }),
  });
  const { paths, globs } = rounds.inputs;
  return { rounds, digest, inputs: { paths: specPath === undefined ? paths : [...paths, specPath], globs } };
}

/** @throws CommandError that shows each mistake */
function parseSpecText(file: string | undefined, text: string): { spec: Spec; digest: string } {
  const outcome = parseSpec(text);
  if ("mistakes" in outcome)
    throw new CommandError(
      `the spec has mistakes:\n${renderMistakes(file ?? "built-in", text, outcome.mistakes)}`,
    );
  return outcome;
}

/** Reads a spec's text; `-` is stdin, undefined the built-in one. @throws CommandError */
export async function readSpecText(file: string | undefined, io: Io): Promise<string> {
  if (file === undefined) return DEFAULT_SPEC;
  try {
    const bytes =
      file === "-" ? await io.readStdin() : await readGivenStart(resolve(io.cwd, file), MAX_SPEC_BYTES);
    // One byte more than the limit is enough for the parser to say that it is too long.
    return bytes.subarray(0, MAX_SPEC_BYTES + 1).toString("utf8");
  } catch (error) {
    throw new CommandError(`cannot read the spec: ${(error as Error).message}`);
  }
}
