// Where the agent keeps what must survive a restart.
import { access } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Io } from "./io.ts";
import type { Settings } from "./settings.ts";

/** Where the packages' systemd unit keeps it (StateDirectory=rollcall). */
const SYSTEM_FOLDER = "/var/lib/rollcall";

/**
 * The agent's state folder: as set, as systemd says (systemd.exec(5), STATE_DIRECTORY), else the system's where an agent has been, else the
 * user's own.
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
  return isInstalled ? SYSTEM_FOLDER : join(io.folders.data, "agent");
}
