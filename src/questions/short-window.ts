// A window that is shorter than hosts pause between two reports: hosts that are well fall out of
// the answers for it.
import { judgeAge } from "../report/freshness.ts";
import { longestPause, readHeartbeat } from "../report/heartbeat.ts";
import { readBody } from "../roll/segment.ts";
import { segmentAt, type Table } from "../roll/table.ts";
import type { RollView } from "../roll/view.ts";

/**
 * Hosts that are looked at, spread over the roll: the agents of a fleet have much the same
 * heartbeat, and to look at each of a million hosts would hold up every first answer.
 */
const MAX_LOOKED_AT = 2000;

/** What the hosts of a table say: a table is as it is for ever. */
const heartbeats = new WeakMap<Table, ReadonlyMap<number, number>>();

/** How many of the hosts that were looked at, and say so, have which heartbeat, ms. */
function countHeartbeats({ reports: table, asOf }: RollView): ReadonlyMap<number, number> {
  const known = heartbeats.get(table);
  if (known) return known;
  const counts = new Map<number, number>();
  const step = Math.max(1, Math.floor(table.rowOf.length / MAX_LOOKED_AT));
  for (let at = 0; at < table.rowOf.length; at += step) {
    if (judgeAge(table.receivedAt[at] as number, asOf, 0) === "gone") continue;
    const heartbeat = readHeartbeat(readBody(segmentAt(table, at), table.rowOf[at] as number));
    if (heartbeat !== undefined) counts.set(heartbeat, (counts.get(heartbeat) ?? 0) + 1);
  }
  heartbeats.set(table, counts);
  return counts;
}

/** In words, where the window is too short; else nothing. @param windowMs of the question */
export function describeShortWindow(view: RollView, windowMs: number): string[] {
  const all = [...countHeartbeats(view)];
  const longer = all.filter(([heartbeat]) => longestPause(heartbeat) > windowMs);
  if (longer.length === 0) return [];
  const count = (some: typeof all) => some.reduce((sum, [, hosts]) => sum + hosts, 0);
  const longest = longestPause(Math.max(...longer.map(([heartbeat]) => heartbeat)));
  const least = Math.min(...longer.map(([heartbeat]) => heartbeat));
  const minutes = (ms: number) => `${Math.ceil(ms / 60_000)} min`;
  return [
    `the window (within) of ${minutes(windowMs)} is too short: where nothing changes, hosts report every ` +
      `${minutes(least)} and pause for up to ${minutes(longest)} (${count(longer)} of ${count(all)} hosts ` +
      "that were looked at), and hosts that are well count as silent meanwhile; ask for " +
      `${minutes(longest)} at least`,
  ];
}
