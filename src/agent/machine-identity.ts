// Which machine a state folder belongs to: an image that is made of a machine takes its folder
// along, and a copy must not go on as the first one.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { parseJson } from "../report/parse-json.ts";
import { replaceFile } from "../store/atomic-file.ts";
import { readStateFile, setAside } from "./state-file.ts";

/** In the state folder. */
const FILE = "identity.json";
const MAX_IDENTITY_FILE_BYTES = 4096;

/**
 * What is this machine's alone: its key, the report that waits, what its agent said last and saw,
 * as whom AWS knows it. What was published for all hosts stays.
 */
const OWN_FILES = ["key", "spool", "status.json", "observed.json", "caller.json"] as const;

/** How files are called that were another machine's. */
const OTHERS = "other-machine";

const IDENTITY = z.object({ machine_id: z.string().optional(), card: z.string().optional() });

/** Hashes of what a machine is known by; undefined for what cannot be seen. */
export interface MachineHashes {
  readonly machineId: string | undefined;
  readonly card: string | undefined;
}

/**
 * Takes a state folder for this machine's. Where another machine has left it, what was that
 * machine's alone is set aside, so that nothing speaks in its name: `key.other-machine`, say.
 * However long a machine slept, what is its own stays.
 *
 * What cannot be seen now or could not be seen then says nothing: a machine is another where both
 * are known and differ.
 *
 * @param more files beside the folder's own that are this machine's alone
 * @returns the paths of what was set aside
 */
export async function claimStateFolder(
  folder: string,
  machine: MachineHashes,
  more: readonly string[] = [],
): Promise<readonly string[]> {
  const path = join(folder, FILE);
  const known = parse(await readStateFile(path, MAX_IDENTITY_FILE_BYTES));
  const isOther =
    known !== undefined && (differ(known.machine_id, machine.machineId) || differ(known.card, machine.card));
  const moved: string[] = [];
  if (isOther)
    for (const file of [...OWN_FILES.map((name) => join(folder, name)), ...more]) {
      const kept = await setAside(file, OTHERS);
      if (kept !== undefined) moved.push(kept);
    }
  const before = isOther ? {} : (known ?? {});
  const now = { machine_id: machine.machineId ?? before.machine_id, card: machine.card ?? before.card };
  if (now.machine_id !== known?.machine_id || now.card !== known?.card || !known) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await replaceFile(path, `${JSON.stringify(now)}\n`);
  }
  return moved;
}

function differ(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && one !== other;
}

function parse(bytes: Buffer | undefined): z.infer<typeof IDENTITY> | undefined {
  return IDENTITY.safeParse(parseJson(bytes ?? "")).data;
}
