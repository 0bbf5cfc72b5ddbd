// Collecting this host's report by the spec that is on it, for the agent and for who reports once.
import type { SpecEditionNote } from "../collect/assembly.ts";
import type { HostAccess, Inputs } from "../collect/collector.ts";
import { digestContent } from "../collect/content-digest.ts";
import { type FileFacts, openHostFiles } from "../collect/host-files.ts";
import { HostIdentityError } from "../collect/identity.ts";
import { type CollectionRounds, createRounds, type StepSelection } from "../collect/rounds.ts";
import type { CollectedReport } from "../collect/runner.ts";
import { createUnfinishedFileFinder } from "../collect/unfinished-files.ts";
import type { Spec } from "../specs/spec.ts";
import type { ObservedHost } from "./agent.ts";
import { AgentError } from "./agent-error.ts";
import { parseSpecText, readSpecText, type SpecFile } from "./spec-file.ts";

export interface CollectionOptions {
  readonly host: HostAccess;
  /** The built-in one, host facts alone, if undefined. */
  readonly specFile: SpecFile | undefined;
  /** What reports say of this program. */
  readonly agentVersion: string;
  /** Told of a spec that changed and has mistakes. */
  readonly onNotice?: ((notice: string) => void) | undefined;
  /** What reports say of published specs. */
  readonly edition?: (() => SpecEditionNote) | undefined;
  /** How often the host reports though nothing changed; undefined where it reports once. ms */
  readonly heartbeatMs?: number | undefined;
}

/** A collected report and the digest by which the agent tells whether anything changed. */
export interface Collection extends CollectedReport {
  readonly digest: string;
}

/** A host that is looked at again and again. */
export interface HostCollection {
  /** @throws AgentError host_unknown */
  collect(wanted: StepSelection, signal: AbortSignal): Promise<Collection>;
  /** What may change the next report; another object once the spec is another. */
  readonly inputs: Inputs;
  readonly host: HostAccess;
  /** Of the spec that is in use. */
  readonly specDigest: string;
}

/**
 * Reads the spec. A spec file that changes is read again; while it has mistakes the one before
 * stays in use.
 *
 * @throws AgentError spec_unreadable, spec_mistakes
 */
export async function openCollection({
  host,
  specFile,
  agentVersion,
  onNotice = () => undefined,
  edition,
  heartbeatMs,
}: CollectionOptions): Promise<HostCollection> {
  const specPath = specFile?.path;
  let text = await readSpecText(specFile);
  const open = (spec: string) =>
    openRounds(parseSpecText(specFile, spec), host, { agentVersion, specPath, edition, heartbeatMs });
  let current = open(text);

  // The spec's own file is this program's, whatever folder stands in for the host's root.
  const ownFiles = openHostFiles("/");
  const unfinishedFiles = createUnfinishedFileFinder({ ...host, files: ownFiles });
  /** A spec that is being written may be half of one, and without a mistake. */
  let isSpecUnsettled = false;

  async function isWhole(path: string, facts: FileFacts | undefined, text: string): Promise<boolean> {
    if (!facts) return true;
    const unfinished = await unfinishedFiles.judge([{ path, facts, isUnended: !text.endsWith("\n") }]);
    return unfinished.every(({ isLasting }) => isLasting);
  }

  async function refreshSpec(path: string): Promise<void> {
    try {
      const facts = await ownFiles.facts(path);
      const newText = await readSpecText(specFile);
      isSpecUnsettled = newText !== text && !(await isWhole(path, facts, newText));
      if (newText === text || isSpecUnsettled) return;
      text = newText;
      current = open(newText);
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
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

/** Collects, and digests what came of it. @throws AgentError host_unknown */
export async function collectBy(
  rounds: CollectionRounds,
  wanted: StepSelection,
  signal: AbortSignal,
): Promise<Collection> {
  try {
    const report = await rounds.collect(wanted, signal);
    return { ...report, digest: digestContent(report.bytes) };
  } catch (error) {
    if (error instanceof HostIdentityError) throw new AgentError("host_unknown", error.message);
    throw error;
  }
}

interface RoundsOptions {
  readonly agentVersion: string;
  /** The spec's own file, whose change is one of the host's too. */
  readonly specPath?: string | undefined;
  readonly edition?: (() => SpecEditionNote) | undefined;
  readonly heartbeatMs?: number | undefined;
}

/** A spec in use on a host. */
export function openRounds(
  { spec, digest }: { readonly spec: Spec; readonly digest: string },
  host: HostAccess,
  { agentVersion, specPath, edition, heartbeatMs }: RoundsOptions,
) {
  const rounds = createRounds(spec, host, {
    agentVersion,
    specDigest: digest,
    ...(edition && { edition }),
    ...(heartbeatMs !== undefined && { heartbeatMs }),
  });
  const { paths, globs } = rounds.inputs;
  return { rounds, digest, inputs: { paths: specPath === undefined ? paths : [...paths, specPath], globs } };
}

/** The host as the agent's loop asks it. */
export function observeHost(collection: HostCollection): ObservedHost {
  return {
    collect: (wanted, signal) => collection.collect(wanted, signal),
    get watched() {
      return collection.inputs;
    },
  };
}
