// The text of the configuration file, which most hosts have none of.
import { CommandError } from "../program/failure.ts";
import { readGivenText } from "./given-file.ts";

/**
 * @param isNamed whether its user named it; else it need not be there
 * @returns "" for a file that need not be there, and is not
 * @throws CommandError if it cannot be read
 */
export async function readConfigText(path: string, isNamed: boolean): Promise<string> {
  try {
    return await readGivenText(path);
  } catch (error) {
    if (!isNamed && (error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw new CommandError(`cannot read the configuration file: ${(error as Error).message}`);
  }
}
