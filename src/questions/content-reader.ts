// What chosen fields of reports hold, as digests: made of each report once, and kept beside its
// segment, so that an answer over a fleet of which little has changed costs little to recognize.
import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import { type FieldPath, formatFieldPath } from "../grammar/path.ts";
import { bodyLength, readBody, type Segment } from "../roll/segment.ts";
import { segmentAt } from "../roll/table.ts";
import { ROW_BYTES, type Yielder } from "../roll/yielder.ts";
import type { HostSelection } from "./groups.ts";
import { compileProjection } from "./projection.ts";

/** Reads what fields hold. */
export interface ContentReader {
  /**
   * Identifies what some fields of the chosen reports hold, and where those lie; letters that may
   * stand in an ETag. The same on every reader of the store; other fields do not change it.
   */
  digest(chosen: HostSelection, paths: readonly FieldPath[], yielder: Yielder): Promise<string>;
}

/** Sets of fields whose digests are kept, and of each report's the words: 16 bytes. */
const MAX_KEPT_FIELD_SETS = 8;
const ROW_DIGEST_WORDS = 4;

/** The digests of one segment's rows: those that somebody asked for. */
interface RowDigests {
  readonly words: Uint32Array;
  readonly isMade: Uint8Array;
}

/** Makes the reader; it holds what was read. */
export function createContentReader(): ContentReader {
  const kept = new LRUCache<string, WeakMap<Segment, RowDigests>>({ max: MAX_KEPT_FIELD_SETS });

  function open(paths: readonly FieldPath[]): WeakMap<Segment, RowDigests> {
    const name = JSON.stringify(paths.map(formatFieldPath).sort());
    const own = kept.get(name) ?? new WeakMap<Segment, RowDigests>();
    kept.set(name, own);
    return own;
  }

  return {
    async digest({ table, positions }, paths, yielder) {
      const known = open(paths);
      const cut = compileProjection(paths);
      const all = new Uint32Array(positions.length * ROW_DIGEST_WORDS);
      let segment: Segment | undefined;
      let rows: RowDigests | undefined;
      for (let place = 0; place < positions.length; place++) {
        const at = positions[place] as number;
        const own = segmentAt(table, at);
        const row = table.rowOf[at] as number;
        if (own !== segment || !rows) {
          segment = own;
          rows = known.get(own) ?? makeRowDigests(own);
          known.set(own, rows);
        }
        if (rows.isMade[row] === 0) {
          const wait = yielder.spend(bodyLength(own, row));
          if (wait !== undefined) await wait;
          digestRow(own, row, cut, rows);
        } else if (place % ROWS === ROWS - 1) await yielder.spend(ROWS * ROW_BYTES);
        const from = row * ROW_DIGEST_WORDS;
        for (let word = 0; word < ROW_DIGEST_WORDS; word++)
          all[place * ROW_DIGEST_WORDS + word] = rows.words[from + word] as number;
      }
      return createHash("sha256").update(all).digest("base64url").slice(0, 22);
    },
  };
}

/** Rows that are known already before their work is counted. */
const ROWS = 1024;

function makeRowDigests({ count }: Segment): RowDigests {
  return { words: new Uint32Array(count * ROW_DIGEST_WORDS), isMade: new Uint8Array(count) };
}

/** Of where the report lies, which decides its place among others, and of what is cut out of it. */
function digestRow(
  segment: Segment,
  row: number,
  cut: (body: Buffer) => Buffer,
  { words, isMade }: RowDigests,
): void {
  const { names, nameStarts, keyLengths } = segment;
  const start = nameStarts[row] as number;
  const digest = createHash("sha256")
    .update(names.subarray(start, start + (keyLengths[row] as number)))
    .update("\n")
    .update(cut(readBody(segment, row)))
    .digest();
  for (let word = 0; word < ROW_DIGEST_WORDS; word++)
    words[row * ROW_DIGEST_WORDS + word] = digest.readUInt32LE(word * 4);
  isMade[row] = 1;
}
