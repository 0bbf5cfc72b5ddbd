// Hosts that are behind: each is counted once, in however many fields and values it is.
import type { Segment } from "../roll/segment.ts";
import { ROW_BYTES, type Yielder } from "../roll/yielder.ts";
import { EMPTY_COLUMN } from "./column.ts";
import type { FieldValues } from "./field-values.ts";
import type { HostSelection } from "./groups.ts";
import { visitRows } from "./visit-rows.ts";

/** What looking at one value of a host costs; bytes. */
const VALUE_BYTES = 4;

export interface BehindHosts {
  /** Notes the hosts that have one of these values of a field, by their numbers there. */
  note(values: FieldValues, numbers: readonly number[]): Promise<void>;
  /** How many have been noted. */
  count(): number;
}

/** Counts among the chosen hosts. */
export function createBehindHosts({ table, positions }: HostSelection, yielder: Yielder): BehindHosts {
  const isBehind = new Uint8Array(positions.length);
  let count = 0;
  return {
    count: () => count,
    async note(values, numbers) {
      if (numbers.length === 0) return;
      const isOld = new Uint8Array(values.count);
      for (const number of numbers) isOld[number] = 1;
      let column = EMPTY_COLUMN;
      const open = (segment: Segment): void => {
        column = values.column(segment);
      };
      const visit = (place: number, row: number): number => {
        const [first, end] = [column.starts[row] as number, column.starts[row + 1] as number];
        for (let index = first; isBehind[place] === 0 && index < end; index++)
          if (isOld[column.numbers[index] as number] === 1) {
            isBehind[place] = 1;
            count++;
          }
        return ROW_BYTES + (end - first) * VALUE_BYTES;
      };
      await visitRows({ table, positions }, open, visit, yielder);
    },
  };
}
