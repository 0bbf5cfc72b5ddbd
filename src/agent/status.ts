// The agent's status, for `rollcall agent status` and for the agent that is started next: a small
// file in its state folder.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { parseJson } from "../report/parse-json.ts";
import { replaceFile } from "../store/atomic-file.ts";
import { readStateFile } from "./state-file.ts";

const MAX_STATUS_BYTES = 64 * 1024;
const TIME = z.iso.datetime();

const STATUS = z.object({
  pid: z.int().min(1),
  /**
   * When the process started, in clock ticks since boot (proc_pid_stat(5)): another process with
   * the same number is another.
   */
  ticks: z.string().optional(),
  version: z.string(),
  target: z.string(),
  spec: z.string(),
  /** The published spec that is in use, and why a newer one is not. */
  spec_edition: z.int().optional(),
  spec_refused: z.string().optional(),
  started_at: TIME,
  host: z.string().optional(),
  looked_at: TIME.optional(),
  sent_at: TIME.optional(),
  next_heartbeat_at: TIME.optional(),
  waiting_since: TIME.optional(),
  failures: z.int().optional(),
  last_error: z.string().optional(),
  left_at: TIME.optional(),
  /** What is looked at each minute, since changes there are not all told: folders, and why. */
  polled: z.array(z.string()).optional(),
});

/** What an agent says of itself. Times are ISO 8601. */
export type Status = z.infer<typeof STATUS>;

export interface StatusFile {
  /** @returns undefined if there is none, or none that is whole */
  load(): Promise<Status | undefined>;
  save(status: Status): Promise<void>;
}

/** The status in a folder. */
export function openStatus(folder: string): StatusFile {
  const path = join(folder, "status.json");
  let saving = Promise.resolve();
  return {
    async load() {
      return parseStatus((await readStateFile(path, MAX_STATUS_BYTES))?.toString("utf8"));
    },
    save(status) {
      // One after the other, so that the last one stays.
      const saved = saving.then(async () => {
        const ticks = await readTicks("self");
        const text = `${JSON.stringify({ ...status, ...(ticks !== undefined && { ticks }) }, null, 2)}\n`;
        await replaceFile(path, text, { mode: 0o644, isVolatile: true });
      });
      saving = saved.catch(() => undefined);
      return saved;
    },
  };
}

/** Whether the agent that wrote a status still runs. */
export async function isRunning({ pid, ticks }: Status): Promise<boolean> {
  return ticks !== undefined && (await readTicks(String(pid))) === ticks;
}

function parseStatus(content: string | undefined): Status | undefined {
  return content === undefined ? undefined : STATUS.safeParse(parseJson(content)).data;
}

/**
 * When a process started: the 22nd field of proc_pid_stat(5); the second, the program's name, may
 * hold spaces and parentheses.
 *
 * @returns undefined for none, and for one that has ended and is not yet reaped (state Z or X), as
 *   happens in containers
 */
async function readTicks(pid: string): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  const [state = "", ...fields] = stat?.slice(stat.lastIndexOf(")") + 2).split(" ") ?? [];
  return /^[ZXx]/.test(state) ? undefined : fields[18];
}
