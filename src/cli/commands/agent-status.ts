// rollcall agent status: whether this host's agent runs, and whether its reports get through.
import { resolve } from "node:path";
import { findAgents } from "../../agent/running-agents.ts";
import { isRunning, openStatus, type Status } from "../../agent/status.ts";
import { sanitizeLine } from "../../report/safe-text.ts";
import { CommandError } from "../program/failure.ts";
import type { Io } from "../program/io.ts";
import type { Flags } from "../settings/setting-list.ts";
import { readSettings } from "../settings/settings.ts";
import { findStateFolder } from "../settings/state-folder.ts";

/**
 * A status that is older is not that of now; ms. It is written each minute, and a look takes some
 * time as well.
 */
const STALE_AFTER_MS = 5 * 60_000;

export interface AgentStatusOptions extends Flags {
  readonly json?: boolean;
}

/** Prints the status. @throws CommandError if no agent runs, or its reports do not get through */
export async function runAgentStatus(options: AgentStatusOptions, io: Io): Promise<void> {
  const settings = await readSettings(options, io);
  const folder = await findStateFolder(settings, io);
  const status = await openStatus(folder)
    .load()
    .catch((error: NodeJS.ErrnoException) => {
      throw new CommandError(`cannot read the agent's status in ${folder}: ${error.message}`);
    });
  if (!status || !(await isRunning(status))) await tellUnkept(folder);
  if (!status)
    throw new CommandError(`no agent has run with the state folder ${folder}; name another with --state`);
  const running = await isRunning(status);
  const text =
    options.json || !io.stdout.isTerminal
      ? `${JSON.stringify({ running, ...status }, null, 2)}\n`
      : `${formatStatus(status, running, io.clock())}\n`;
  await io.stdout.write(text);
  if (!running) throw new CommandError("the agent is not running");
  tellStale(status, folder, io.clock());
  if (status.waiting_since !== undefined)
    throw new CommandError("reports do not get through; the agent goes on trying");
}

/**
 * An agent whose folder is full, or read-only, runs and cannot say so there. @throws CommandError
 * if one does
 */
async function tellUnkept(folder: string): Promise<void> {
  const [pid] = await findAgents(resolve(folder));
  if (pid === undefined) return;
  throw new CommandError(
    `an agent runs (process ${pid}), but cannot write its state folder ${folder}: is ` +
      "the disk full, read-only, or another user's? Its log says more",
  );
}

/**
 * An agent looks each minute and writes it down, unless its host has left. @throws CommandError if
 * it has not for some time
 */
function tellStale(
  { pid, looked_at: lookedAt, started_at: startedAt, left_at: leftAt }: Status,
  folder: string,
  now: number,
) {
  const last = lookedAt === undefined ? startedAt : lookedAt > startedAt ? lookedAt : startedAt;
  if (leftAt !== undefined || now - Date.parse(last) < STALE_AFTER_MS) return;
  throw new CommandError(
    `the agent (process ${pid}) has written nothing down for ` +
      `${ago(last, now)?.replace(" ago", "")}, so the above may be out of date: it ` +
      `cannot write its state folder ${folder} (full, read-only), cannot look at this ` +
      "host, or hangs. Its log says more",
  );
}

function formatStatus(status: Status, running: boolean, now: number): string {
  const lines: readonly (readonly [string, string | undefined])[] = [
    ["state", running ? describeState(status) : "not running"],
    ["host", status.host],
    ["reports to", status.target],
    [
      "spec",
      status.spec_edition === undefined ? status.spec : `edition ${status.spec_edition}, ${status.spec}`,
    ],
    ["spec refused", status.spec_refused],
    ["version", status.version],
    ["process", running ? `${status.pid}, since ${ago(status.started_at, now)}` : undefined],
    ["looked", ago(status.looked_at, now)],
    ["reported", ago(status.sent_at, now) ?? "never yet"],
    ["next heartbeat", running ? ago(status.next_heartbeat_at, now) : undefined],
    ["left", ago(status.left_at, now)],
    ["waiting since", ago(status.waiting_since, now)],
    ["last error", status.last_error],
    ...(status.polled ?? []).map((line, at) => [at === 0 ? "each minute only" : "", line] as const),
  ];
  const shown = lines.filter((line): line is readonly [string, string] => line[1] !== undefined);
  const width = Math.max(...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${name.padEnd(width)}  ${sanitizeLine(value)}`).join("\n");
}

function describeState({ left_at: left, waiting_since: waiting, failures = 0 }: Status): string {
  if (left !== undefined) return "running; the host has left the roll";
  return waiting === undefined
    ? "running"
    : `running; ${failures} ${failures === 1 ? "try" : "tries"} to report failed`;
}

function ago(time: string | undefined, now: number): string | undefined {
  if (time === undefined) return undefined;
  const seconds = Math.round((now - Date.parse(time)) / 1000);
  const size = Math.abs(seconds);
  const text =
    size < 120 ? `${size} s` : size < 7200 ? `${Math.round(size / 60)} min` : `${Math.round(size / 3600)} h`;
  return seconds >= 0 ? `${text} ago` : `in ${text}`;
}
