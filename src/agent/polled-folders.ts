// Folders in which changes are not told, or not all of them: they are looked at each minute.
import { isMadeUp } from "../collect/file-facts.ts";
import { findSharedKind } from "../collect/shared-file-systems.ts";
import type { WatchTargets } from "./watch-trace.ts";

/** A folder in which changes are not told, or not all of them, and why. */
export interface PolledFolder {
  /** Or a glob that could not be walked. */
  readonly folder: string;
  readonly reason: string;
}

/** What is given that the kernel tells nothing of. */
export function listUnwatchable({ paths, globs }: WatchTargets): readonly PolledFolder[] {
  const roots = [...paths, ...globs].filter(isMadeUp).map((path) => `/${path.split("/")[1]}`);
  return [...new Set(roots)]
    .sort()
    .map((folder) => ({ folder, reason: "the kernel tells of no changes in it" }));
}

/**
 * The watched folders that lie on such a file system. @param folders by path; an identity begins
 * with the device's number and a colon
 */
export async function listSharedFolders(
  folders: ReadonlyMap<string, { readonly identity: string }>,
): Promise<readonly PolledFolder[]> {
  const kinds = new Map<string, string | undefined>();
  const found: PolledFolder[] = [];
  for (const [folder, { identity }] of folders) {
    const device = identity.slice(0, identity.indexOf(":"));
    if (!kinds.has(device)) kinds.set(device, await findSharedKind(folder));
    const kind = kinds.get(device);
    if (kind) found.push({ folder, reason: `${kind} does not tell of what others change in it` });
  }
  return found;
}
