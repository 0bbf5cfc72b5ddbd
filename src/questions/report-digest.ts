// What identifies the reports of an answer: by what was stored, or by what chosen fields hold.
import { createHash, type Hash } from "node:crypto";
import { judgeAge } from "../report/freshness.ts";
import { segmentAt, type Table } from "../roll/table.ts";
import type { HostSelection } from "./groups.ts";

/**
 * Identifies chosen reports by their keys and etags: the same for the same bytes on every reader of
 * the store; letters that may stand in an ETag.
 */
export function digestStored({ table, positions }: HostSelection): string {
  const hash = createHash("sha256");
  hashNames(hash, table, positions);
  return finish(hash);
}

/**
 * The same with the times of receipt, and what they mean at an instant.
 *
 * @param windowMs how old a fresh report may be; ms
 * @param asOf ms since the epoch
 */
export function digestReceived({ table, positions }: HostSelection, windowMs: number, asOf: number): string {
  const hash = createHash("sha256");
  hashNames(hash, table, positions);
  const times = Float64Array.from(positions, (at) => table.receivedAt[at] as number);
  hash.update(new Uint8Array(times.buffer));
  const isFresh = (receivedAt: number) => judgeAge(receivedAt, asOf, windowMs) === "fresh";
  hash.update(Uint8Array.from(times, (receivedAt) => Number(isFresh(receivedAt))));
  return finish(hash);
}

function finish(hash: Hash): string {
  return hash.digest("base64url").slice(0, 22);
}

/** Keys and etags lie side by side where rows do, so that a run of rows is hashed at once. */
function hashNames(hash: Hash, table: Table, positions: Uint32Array): void {
  let names: Buffer | undefined;
  let start = 0;
  let end = 0;
  for (const at of positions) {
    const [segment, row] = [segmentAt(table, at), table.rowOf[at] as number];
    const from = segment.nameStarts[row] as number;
    if (segment.names !== names || from !== end) {
      if (names) hash.update(names.subarray(start, end));
      names = segment.names;
      start = from;
    }
    end = segment.nameStarts[row + 1] as number;
  }
  if (names) hash.update(names.subarray(start, end));
}
