// rollcall history: records once, for a timer, and says what is recorded.
import { createHistory, type HistoryStatus } from "../../history/history.ts";
import { formatSpan } from "../../report/span-text.ts";
import { createRoll } from "../../roll/roll.ts";
import { CommandError } from "../program/failure.ts";
import type { Io } from "../program/io.ts";
import { openExpectedFile } from "../settings/expected-hosts.ts";
import { readHistorySettings } from "../settings/parsed-settings.ts";
import type { Flags } from "../settings/setting-list.ts";
import { readSettings } from "../settings/settings.ts";
import { findStoreUrl, openStoresAt } from "../settings/target.ts";
import { layOutTable, styleTable } from "../terminal/table.ts";
import { HOURS_A_MONTH } from "./cost-model.ts";
import { PRICES, type Region } from "./cost-prices.ts";
import { openRecorder } from "./history-recorder.ts";

export interface HistoryStatusOptions extends Flags {
  readonly region: Region;
  readonly json?: boolean;
}

/** Compares the roll with what is recorded, and records what is new. */
export async function runHistoryRecord(flags: Flags, io: Io): Promise<void> {
  const settings = await readSettings(flags, io);
  const history = readHistorySettings(settings);
  if (history.everyMs === undefined)
    throw new CommandError("history is off (history_every); say how often this runs: --history-every 5m");
  const { store, alsoRead } = await openStoresAt(findStoreUrl(settings, io), settings, io);
  const onNotice = (notice: string) => void io.stderr.write(`warning: ${notice}\n`);
  const roll = createRoll({ store, alsoRead, clock: io.clock, snapshot: "use", onNotice });
  const expect = settings.get("expect");
  const readExpected = expect === undefined ? undefined : openExpectedFile(expect, io);
  try {
    const { recorder } = openRecorder({ store, roll, settings, history, readExpected, onNotice }, io);
    const outcome = await recorder.record(io.signal);
    if (outcome.kind === "not_recorded") throw new CommandError(`nothing was recorded: ${outcome.reason}`);
    const said =
      outcome.kind === "recorded"
        ? `recorded entry ${outcome.number}: ${outcome.changes} changes`
        : "nothing is new since the last entry";
    await io.stderr.write(`${said}\n`);
  } finally {
    await roll.close();
  }
}

/** Says since when history is recorded, how much it is, and what is missing. */
export async function runHistoryStatus(options: HistoryStatusOptions, io: Io): Promise<void> {
  const { region, json, ...flags } = options;
  const settings = await readSettings(flags, io);
  const { store } = await openStoresAt(findStoreUrl(settings, io), settings, io, { mustExist: true });
  const status = await createHistory({ store, clock: io.clock }).status(io.signal);
  const document = { ...toDocument(status), month: estimateMonth(status, region) };
  if (json || !io.stdout.isTerminal) return await io.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  if (document.since === null) return await io.stderr.write("nothing is recorded; rollcall serve records\n");
  const { month, gaps } = document;
  const rows = [
    ["since", document.since],
    ["until", `${document.until} (${formatSpan(io.clock() - (status.until ?? 0))} ago)`],
    ["entries", String(document.entries)],
    ["bytes", String(document.bytes)],
    ["a month", `$${month.usd} on S3 in ${region}: ${month.puts} PUTs`],
    ["gaps", gaps.length === 0 ? "none" : String(gaps.length)],
  ];
  const shown = gaps.map(({ from, until, reason }) => [from ?? "", until ?? "", reason]);
  const tables = [layOutTable(["HISTORY", ""], rows, io.stdout.columns)];
  if (shown.length > 0) tables.push(layOutTable(["FROM", "UNTIL", "NOT RECORDED"], shown, io.stdout.columns));
  for (const table of tables) await io.stdout.writeStyled(`${styleTable(table, io)}\n`);
}

function toDocument({ since, until, entries, bytes, everyMs, gaps }: HistoryStatus) {
  const time = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString());
  return {
    since: time(since),
    until: time(until),
    entries,
    bytes,
    every_seconds: everyMs === undefined ? null : everyMs / 1000,
    gaps: gaps.map(({ from, until: end, reason }) => ({ from: time(from), until: time(end), reason })),
  };
}

const GB = 2 ** 30;

/** What a month of it costs on S3, if it goes on as so far: PUTs, and what lies there. */
function estimateMonth({ since, until, entries, bytes }: HistoryStatus, region: Region) {
  const hours = ((until ?? 0) - (since ?? 0)) / 3_600_000;
  const puts = hours > 0 ? Math.round((entries / hours) * HOURS_A_MONTH) : 0;
  const usd = (puts / 1000) * PRICES[region].put + (bytes / GB) * PRICES[region].storage;
  return { region, puts, usd: Math.round(usd * 1e4) / 1e4 };
}
