// Whether reports have a field: each report is looked at once, so that a field that is rare, or
// that nobody has, is not looked for in the whole fleet at each question.
import { LRUCache } from "lru-cache";
import { type FieldPath, formatFieldPath } from "../grammar/path.ts";
import { toKeySteps, walkField } from "../report/json-walk.ts";
import { bodyLength, type Segment } from "../roll/segment.ts";
import { segmentAt } from "../roll/table.ts";
import { ROW_BYTES, type Yielder } from "../roll/yielder.ts";
import type { HostSelection } from "./groups.ts";

/** Tells whether one of the chosen reports has a field. */
export type PresenceReader = (chosen: HostSelection, path: FieldPath, yielder: Yielder) => Promise<boolean>;

/** Fields of which it is kept who has them: a byte a report of those that were looked at. */
const MAX_KEPT_PRESENCES = 64;

/** Of a row that nobody has looked at, and of others. */
const [UNKNOWN, ABSENT, PRESENT] = [0, 1, 2] as const;

/** Rows that are known already before their work is counted. */
const ROWS = 1024;

/** Makes the reader; it holds what was read. */
export function createPresenceReader(): PresenceReader {
  const kept = new LRUCache<string, WeakMap<Segment, Uint8Array>>({ max: MAX_KEPT_PRESENCES });

  function open(path: FieldPath): WeakMap<Segment, Uint8Array> {
    const name = formatFieldPath(path);
    const own = kept.get(name) ?? new WeakMap<Segment, Uint8Array>();
    kept.set(name, own);
    return own;
  }

  return async ({ table, positions }, path, yielder) => {
    const known = open(path);
    const steps = toKeySteps(path);
    let isFound = false;
    const find = () => {
      isFound = true;
    };
    for (let place = 0; place < positions.length; place++) {
      const at = positions[place] as number;
      const segment = segmentAt(table, at);
      const row = table.rowOf[at] as number;
      const verdicts = known.get(segment) ?? new Uint8Array(segment.count);
      known.set(segment, verdicts);
      if (verdicts[row] === UNKNOWN) {
        const wait = yielder.spend(bodyLength(segment, row));
        if (wait !== undefined) await wait;
        walkField(segment.bodies, segment.bodyStarts[row] as number, steps, find);
        verdicts[row] = isFound ? PRESENT : ABSENT;
      } else if (place % ROWS === ROWS - 1) await yielder.spend(ROWS * ROW_BYTES);
      if (verdicts[row] === PRESENT) return true;
    }
    return false;
  };
}
