// Collecting this host's report, for `report` and for the agent in `start`.
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { digestContent } from "../collect/content-digest.ts";
import { HostIdentityError } from "../collect/identity.ts";
import { openMachine } from "../collect/machine.ts";
import { type CollectedReport, collectReport } from "../collect/runner.ts";
import { DEFAULT_SPEC } from "../spec/default-spec.ts";
import { renderMistakes } from "../spec/mistake.ts";
import { MAX_SPEC_BYTES } from "../spec/schema.ts";
import { parseSpec, type Spec } from "../spec/spec.ts";
import { CommandError } from "./failure.ts";
import { keepHostId, makeHostId } from "./host-id.ts";
import type { Io } from "./io.ts";
import { VERSION } from "./version.ts";

export interface CollectionOptions {
  /** The spec's file; the built-in one, host facts alone, if undefined. */
  readonly specFile: string | undefined;
  /** The folder that stands in for /; undefined is the real one. */
  readonly root?: string | undefined;
  /** Leaves no file behind: a host without a machine id then has another id at each start. */
  readonly isThrowAway?: boolean;
}

/** A collected report and the digest by which the agent tells whether anything changed. */
export interface Collection extends CollectedReport {
  readonly digest: string;
}

/**
 * Reads the spec and opens the host; the function that comes back looks at the host each time it is called.
 *
 * @throws CommandError if the spec has mistakes, or the host cannot say who it is
 */
export async function openCollection(
  { specFile, root, isThrowAway = false }: CollectionOptions,
  io: Io,
): Promise<() => Promise<Collection>> {
  const { spec, digest } = await readSpec(specFile, io);
  const host = openMachine({
    ...(root === undefined ? {} : { root: resolve(io.cwd, root) }),
    fallbackId: isThrowAway ? makeHostId() : await keepHostId(io.folders.data),
    environment: io.env,
  });
  return async () => {
    try {
      const report = await collectReport(spec, host, { agentVersion: VERSION, specDigest: digest, signal: io.signal });
      return { ...report, digest: digestContent(report.bytes) };
    } catch (error) {
      if (error instanceof HostIdentityError) throw new CommandError(error.message);
      throw error;
    }
  };
}

async function readSpec(file: string | undefined, io: Io): Promise<{ spec: Spec; digest: string }> {
  const text = file === undefined ? DEFAULT_SPEC : await readSpecText(file, io);
  const outcome = parseSpec(text);
  if ("mistakes" in outcome)
    throw new CommandError(`the spec has mistakes:\n${renderMistakes(file ?? "built-in", text, outcome.mistakes)}`);
  return outcome;
}

/** Reads a spec's text; `-` is stdin. @throws CommandError */
export async function readSpecText(file: string, io: Io): Promise<string> {
  try {
    const bytes = file === "-" ? await io.readStdin() : await readFile(resolve(io.cwd, file));
    // One byte more than the limit is enough for the parser to say that it is too long.
    return bytes.subarray(0, MAX_SPEC_BYTES + 1).toString("utf8");
  } catch (error) {
    throw new CommandError(`cannot read the spec: ${(error as Error).message}`);
  }
}
