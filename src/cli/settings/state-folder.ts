// Where the agent keeps what must survive a restart.
import { access } from "node:fs/promises";
import { join, resolve } from "node:path";
import { openObservationsFile } from "../../agent/observations-file.ts";
import { createObservationStore, type ObservationStore } from "../../collect/observations.ts";
import { CommandError } from "../program/failure.ts";
import type { Io } from "../program/io.ts";
import type { Settings } from "./settings.ts";

/** Where the packages' systemd unit keeps it (StateDirectory=rollcall). */
const SYSTEM_FOLDER = "/var/lib/rollcall";

/**
 * The agent's state folder: as set, as systemd says (systemd.exec(5), STATE_DIRECTORY), else the
 * system's where an agent has been, else the user's own.
 *
 * @throws CommandError where the user has no home folder
 */
export async function findStateFolder(settings: Settings, io: Io): Promise<string> {
  const named = settings.get("state");
  if (named !== undefined) return resolve(io.cwd, named);
  const given = io.env.STATE_DIRECTORY?.split(":")[0];
  if (given) return given;
  const isInstalled = await access(join(SYSTEM_FOLDER, "status.json")).then(
    () => true,
    () => false,
  );
  if (isInstalled) return SYSTEM_FOLDER;
  if (io.folders.data === undefined)
    throw new CommandError(
      "there is no home folder for the agent's state; name a folder with --state, or set HOME",
    );
  return join(io.folders.data, "agent");
}

export interface ObservationStoreOptions {
  readonly root: string | undefined;
  readonly makesFolder: boolean;
  /** By default that of an agent. */
  readonly refreshMs?: number;
  readonly onNotice: (notice: string) => void;
}

/**
 * What was seen of this host's files, which agent and one-shot reports share in the state folder;
 * where there can be none, for this process.
 */
export async function openObservationStore(
  settings: Settings,
  options: ObservationStoreOptions,
  io: Io,
): Promise<ObservationStore> {
  const root = options.root === undefined ? undefined : resolve(io.cwd, options.root);
  try {
    return openObservationsFile({ ...options, folder: await findStateFolder(settings, io), root });
  } catch (error) {
    if (error instanceof CommandError) return createObservationStore();
    throw error;
  }
}
