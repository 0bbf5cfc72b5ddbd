// Reports as a table: a row a host, a column a field, every value as the host wrote it.
import { QUOTE } from "../report/ascii.ts";
import { decodeString, walkChildren } from "../report/json-walk.ts";
import { SHARED_YIELDER, type Yielder } from "../roll/yielder.ts";
import { onOneLine } from "./array.ts";
import type { CellTable } from "./question.ts";

/** Columns of a table; who writes reports chooses how many names there are. */
const MAX_CSV_COLUMNS = 512;

/** Columns after the fields. */
export interface MoreColumns {
  readonly names: readonly string[];
  /** Of what the cells are made of; letters that may stand in an ETag. */
  readonly digest?: string;
  /** @param place of a report among those that are laid out */
  cellsOf(place: number): readonly string[];
}

/**
 * Lays reports out. The columns are the union of their fields, in the order in which they first
 * appear; a text stands as it is, all else as the JSON that the host wrote, on one line, since a
 * number that is parsed may lose digits.
 *
 * @param list gives the reports' bytes, from the first at each call
 */
export async function layOutReports(
  list: () => Iterable<Buffer>,
  yielder: Yielder = SHARED_YIELDER,
  more: MoreColumns = { names: [], cellsOf: () => [] },
): Promise<CellTable> {
  const places = new Map<string, number>();
  const left = new Set<string>();
  for (const body of list()) {
    const wait = yielder.spend(body.length);
    if (wait !== undefined) await wait;
    walkChildren(body, 0, (name = "") => {
      if (places.has(name)) return false;
      if (places.size < MAX_CSV_COLUMNS) places.set(name, places.size);
      // Told as so many or more: a hostile name must not take memory without end.
      else if (left.size < MAX_CSV_COLUMNS) left.add(name);
      return false;
    });
  }
  return {
    columns: [...places.keys(), ...more.names],
    omitted: left.size,
    ...(more.digest !== undefined && { digest: more.digest }),
    *rows() {
      let at = 0;
      for (const body of list()) {
        const cells: string[] = new Array(places.size).fill("");
        walkChildren(body, 0, (name = "", span) => {
          const place = places.get(name);
          if (place !== undefined)
            cells[place] =
              body[span.start] === QUOTE
                ? decodeString(body, span)
                : onOneLine(body.subarray(span.start, span.end)).toString();
          return false;
        });
        cells.push(...more.cellsOf(at++));
        yield cells;
      }
    },
  };
}
