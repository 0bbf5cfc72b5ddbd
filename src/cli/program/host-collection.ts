// This host, and what is collected of it, as a command's flags say.
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { type HostCollection, openCollection } from "../../agent/collection.ts";
import { keepHostIdIfPossible, makeHostId } from "../../agent/host-id.ts";
import type { SpecFile } from "../../agent/spec-file.ts";
import type { SpecEditionNote } from "../../collect/assembly.ts";
import type { HostAccess } from "../../collect/collector.ts";
import { openMachine } from "../../collect/machine.ts";
import { createObservationStore, type ObservationStore } from "../../collect/observations.ts";
import { MAX_SPEC_BYTES } from "../../specs/schema.ts";
import { readGivenStart } from "../settings/given-file.ts";
import { UsageError } from "./failure.ts";
import type { Io } from "./io.ts";
import { VERSION } from "./version.ts";

export interface HostCollectionOptions {
  /** The spec's file, `-` for stdin; the built-in one, host facts alone, if undefined. */
  readonly spec: string | undefined;
  /** The folder that stands in for /; undefined is the real one. */
  readonly root?: string | undefined;
  /** Leaves no file behind: a host without a machine id then has another id at each start. */
  readonly isThrowAway?: boolean;
  /** Told of a spec that changed and has mistakes. */
  readonly onNotice?: (notice: string) => void;
  /** What reports say of published specs. */
  readonly edition?: () => SpecEditionNote;
  /** How often the host will report though nothing changed; undefined where it reports once. ms */
  readonly heartbeatMs?: number;
  /** What was seen of files on earlier looks; without it, what this process sees. */
  readonly memory?: ObservationStore;
}

/**
 * Reads the spec and opens the host. @throws UsageError as openHost; AgentError as openCollection
 */
export async function openHostCollection(
  {
    spec,
    root,
    isThrowAway = false,
    memory = createObservationStore(),
    onNotice,
    edition,
    heartbeatMs,
  }: HostCollectionOptions,
  io: Io,
): Promise<HostCollection> {
  const fallbackId = isThrowAway ? makeHostId() : await keepHostIdIfPossible(io.folders.data);
  const host = { ...openHost(root, fallbackId, io), memory };
  const specFile = spec === undefined ? undefined : openSpecFile(spec, io);
  return await openCollection({ host, specFile, agentVersion: VERSION, onNotice, edition, heartbeatMs });
}

/**
 * @throws UsageError if the environment names a metadata service that cannot be one, or the root is
 *   no folder: what is not there would be told of a host that is not
 */
export function openHost(root: string | undefined, fallbackId: string | undefined, io: Io): HostAccess {
  const folder = root === undefined ? undefined : resolve(io.cwd, root);
  if (folder !== undefined && !isFolder(folder))
    throw new UsageError(`--root ${JSON.stringify(root)} is no folder`);
  try {
    return openMachine({
      ...(folder === undefined ? {} : { root: folder }),
      fallbackId,
      environment: io.env,
    });
  } catch (error) {
    throw error instanceof TypeError ? new UsageError(error.message) : error;
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** The spec that a flag names; `-` is stdin. */
export function openSpecFile(name: string, io: Pick<Io, "cwd" | "readStdin">): SpecFile {
  if (name === "-") return { name, path: undefined, read: () => io.readStdin() };
  const path = resolve(io.cwd, name);
  return { name, path, read: () => readGivenStart(path, MAX_SPEC_BYTES) };
}
