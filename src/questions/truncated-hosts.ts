// The hosts of which not all was counted, some by name.
import { parseReportKey } from "../report/key.ts";
import { readKey, type Segment } from "../roll/segment.ts";
import { segmentAt, type Table } from "../roll/table.ts";
import type { Cut } from "./cut.ts";

/** Hosts that are named where something was bounded; the others are counted. */
const MAX_TOLD_TRUNCATED = 3;

/** Hosts of which not all was counted. */
export class TruncatedHosts {
  readonly #ids: string[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(table: Table, positions: Uint32Array, place: number): void {
    const at = positions[place] as number;
    this.addRow(segmentAt(table, at), table.rowOf[at] as number);
  }

  addRow(segment: Segment, row: number): void {
    this.#count++;
    if (this.#ids.length < MAX_TOLD_TRUNCATED)
      this.#ids.push(parseReportKey(readKey(segment, row))?.id ?? "");
  }

  /** As a cut whose sentence names the hosts; none where there are none. */
  tell(kind: Cut["kind"], say: (who: string) => string): Cut[] {
    if (this.#count === 0) return [];
    const names = this.#ids.map((id) => JSON.stringify(id)).join(", ");
    const more = this.#count - this.#ids.length;
    const who =
      more > 0 ? `${names} and ${more} more hosts are` : `${names} ${this.#count === 1 ? "is" : "are"}`;
    return [{ kind, count: this.#count, detail: say(who) }];
  }
}
