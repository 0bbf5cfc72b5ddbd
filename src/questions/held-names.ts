// The names that held reports have: read from each segment once, and kept beside it as numbers.

import { type FieldPath, formatFieldPath } from "../grammar/path.ts";
import { toKeySteps, walkField } from "../report/json-walk.ts";
import { bodyLength, isReport, type Segment } from "../roll/segment.ts";
import type { Table } from "../roll/table.ts";
import type { Yielder } from "../roll/yielder.ts";
import { createNameTree, MAX_TREE_NAMES, type NameTree } from "./name-tree.ts";

/** The names of one table's segments. */
export interface HeldNames {
  /** As filters write them, NFC; where there are very many, the first ones. */
  readonly names: ReadonlySet<string>;
  /** Whether some report has a field, or had it while this segment of the roll lasts. */
  has(path: FieldPath): Promise<boolean>;
}

/** Reads names: walks segments that were not walked before; others get their turn meanwhile. */
export type NameReader = (table: Table) => Promise<HeldNames>;

interface NameIndex {
  readonly tree: NameTree;
  /** By segment, the numbers of its names. */
  readonly numbers: WeakMap<Segment, Uint32Array>;
}

/** Makes the reader; it holds what was read. */
export function createNameReader(yielder: Yielder): NameReader {
  let kept: NameIndex = { tree: createNameTree(), numbers: new WeakMap() };
  const known = new WeakMap<Table, Promise<HeldNames>>();

  async function readSegment(segment: Segment, { tree }: NameIndex): Promise<Uint32Array> {
    let isSeen = new Uint8Array(Math.max(64, tree.count * 2));
    const seen: number[] = [];
    for (let row = 0; row < segment.count; row++) {
      if (!isReport(segment, row)) continue;
      const wait = yielder.spend(bodyLength(segment, row));
      if (wait !== undefined) await wait;
      tree.walk(segment.bodies, segment.bodyStarts[row] as number, ({ number }) => {
        if (number >= isSeen.length) {
          const larger = new Uint8Array(number * 2);
          larger.set(isSeen);
          isSeen = larger;
        }
        if (isSeen[number] === 1) return;
        isSeen[number] = 1;
        seen.push(number);
      });
    }
    return Uint32Array.from(seen);
  }

  async function readTable(table: Table): Promise<HeldNames> {
    const own = kept;
    const { tree } = own;
    const numbers = new Set<number>();
    for (const segment of table.segments) {
      const found = own.numbers.get(segment) ?? (await readSegment(segment, own));
      own.numbers.set(segment, found);
      for (const number of found) numbers.add(number);
    }
    const names = new Set<string>();
    for (const number of numbers) names.add(tree.names[number]?.name ?? "");
    // A tree that is full of names no report has any more makes way for a new one.
    if (tree.isFull && names.size < MAX_TREE_NAMES / 2 && kept === own)
      kept = { tree: createNameTree(), numbers: new WeakMap() };
    return {
      names,
      has: async (path) =>
        names.has(formatFieldPath(path)) || (tree.isFull && (await hasField(table, path, yielder))),
    };
  }

  return (table) => {
    const before = known.get(table);
    if (before !== undefined) return before;
    const reading = readTable(table);
    known.set(table, reading);
    reading.catch(() => known.delete(table));
    return reading;
  };
}

/** Looks for one field in all reports. */
async function hasField(table: Table, path: FieldPath, yielder: Yielder): Promise<boolean> {
  const steps = toKeySteps(path);
  let isFound = false;
  const find = () => {
    isFound = true;
  };
  for (const segment of table.segments) {
    for (let row = 0; row < segment.count; row++) {
      if (!isReport(segment, row)) continue;
      const wait = yielder.spend(bodyLength(segment, row));
      if (wait !== undefined) await wait;
      walkField(segment.bodies, segment.bodyStarts[row] as number, steps, find);
      if (isFound) return true;
    }
  }
  return false;
}
