// Where a user's files lie, also for a user who has no home.
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import type { Folders } from "../program/io.ts";

/**
 * Finds the folders. A user id that /etc/passwd has not (a container's `--user`, cron, `env -i`)
 * and no HOME: then there are none but those that XDG's variables name, and who needs one says what
 * to set.
 */
export async function findFolders(env: Readonly<Record<string, string | undefined>>): Promise<Folders> {
  if (env.HOME !== "" && hasHome()) {
    // It looks for the home folder as soon as it is loaded, and throws where there is none.
    const { default: envPaths } = await import("env-paths");
    return envPaths("rollcall", { suffix: "" });
  }
  return { config: below(env.XDG_CONFIG_HOME), data: below(env.XDG_DATA_HOME) };
}

/**
 * XDG Base Directory Specification: "If an implementation encounters a relative path … it should
 * consider the path invalid".
 */
function below(folder: string | undefined): string | undefined {
  return folder !== undefined && isAbsolute(folder) ? join(folder, "rollcall") : undefined;
}

/** Whether there is a home folder: os.homedir throws for a user that the system does not know. */
function hasHome(): boolean {
  try {
    return homedir() !== "";
  } catch {
    return false;
  }
}
