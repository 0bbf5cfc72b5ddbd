// Visits the rows of chosen hosts, a slice at a time.
import type { Segment } from "../roll/segment.ts";
import { segmentAt, type Table } from "../roll/table.ts";
import { inSlices, type Yielder } from "../roll/yielder.ts";

/**
 * Visits rows in order. Neighbours mostly lie in one segment, whose columns are then at hand.
 *
 * @param open is called where the rows of a segment begin
 * @param visit gets a host's place among the chosen ones and its row in the segment; gives what the
 *   work cost, in bytes
 */
export async function visitRows(
  { table, positions }: { readonly table: Table; readonly positions: Uint32Array },
  open: (segment: Segment) => void,
  visit: (place: number, row: number) => number,
  yielder: Yielder,
): Promise<void> {
  await inSlices(
    positions.length,
    (from, bytes) => {
      let segment: Segment | undefined;
      let place = from;
      for (let left = bytes; left > 0 && place < positions.length; place++) {
        const at = positions[place] as number;
        const own = segmentAt(table, at);
        if (own !== segment) {
          segment = own;
          open(own);
        }
        left -= visit(place, table.rowOf[at] as number);
      }
      return place;
    },
    yielder,
  );
}
