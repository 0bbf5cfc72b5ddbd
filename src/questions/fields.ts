// Which names reports have: of what kinds, how many hosts have each, and their most frequent
// values.

import { splitVersion } from "../grammar/version-order.ts";
import { decodeString } from "../report/json-walk.ts";
import { normalizeText } from "../report/normal-text.ts";
import { bodyLength } from "../roll/segment.ts";
import { segmentAt } from "../roll/table.ts";
import { SHARED_YIELDER, type Yielder } from "../roll/yielder.ts";
import { OTHER_NAMES, OTHER_VALUES } from "./discovery.ts";
import type { HostSelection } from "./groups.ts";
import { createNameTree, type NameNode } from "./name-tree.ts";

/** Kinds of values, as JSON names them (RFC 8259). */
export const KINDS = ["string", "number", "boolean", "null", "object", "array"] as const;

export type Kind = (typeof KINDS)[number] | "label";

/** One name. */
export interface FieldCount {
  /** As a filter writes it. */
  readonly name: string;
  /**
   * In the order of KINDS; those of an array's elements stand beside `array`. `label` stands alone.
   */
  readonly kinds: readonly Kind[];
  /** Hosts that have it. */
  readonly hosts: number;
  /** Whether most of its distinct values hold a version. */
  readonly versions: boolean;
  /** Distinct values, as far as they are counted; object, array and null are none. */
  readonly distinct: number;
  /** The most frequent values, those of most hosts first. */
  readonly values: readonly { readonly value: string; readonly hosts: number }[];
  /** Whether there are more distinct values than are counted, or longer ones. */
  readonly cut: boolean;
}

export interface FieldCounts {
  /** Those of most hosts first, then by name. */
  readonly fields: readonly FieldCount[];
  /** Names that were left out, since there are more than are shown. */
  readonly omitted: number;
  /**
   * Whether there are names that were not even looked at, since there are too many, or too long.
   */
  readonly isCut: boolean;
}

/** Those of most hosts first. */
export function compareFields(a: FieldCount, b: FieldCount): number {
  return b.hosts - a.hosts || (a.name < b.name ? -1 : 1);
}

/** Names in an answer, and values of each. */
export const MAX_SHOWN_NAMES = 2000;
export const MAX_SHOWN_VALUES = 10;

/**
 * Distinct values that are counted of one name, and of all names together; bytes of one value.
 * Hosts choose all three.
 */
export const MAX_COUNTED_VALUES = 1000;
const MAX_COUNTED_OF_ALL = 200_000;
const MAX_COUNTED_VALUE_BYTES = 128;

/** What was counted of one name. */
interface Tally {
  hosts: number;
  /** The last host that had it, and one more, since 0 is none. */
  lastHost: number;
  /** A bit a kind, in the order of KINDS. */
  kinds: number;
  /** By text as JSON mostly has it: a string without its quotes. */
  readonly values: Map<string, ValueTally>;
  isCut: boolean;
}

function createTally(): Tally {
  return { hosts: 0, lastHost: 0, kinds: 0, values: new Map(), isCut: false };
}

interface ValueTally {
  hosts: number;
  lastHost: number;
}

/** Counts the names of some hosts' reports. */
export async function countFields(
  { table, positions }: HostSelection,
  yielder: Yielder = SHARED_YIELDER,
): Promise<FieldCounts> {
  const tree = createNameTree();
  const tallies: Tally[] = [];
  let counted = 0;
  let host = 0;
  let bytes: Buffer = Buffer.alloc(0);

  function visit({ number }: NameNode, start: number, end: number): void {
    const tally = tallies[number] ?? createTally();
    tallies[number] = tally;
    if (tally.lastHost !== host) {
      tally.hosts++;
      tally.lastHost = host;
    }
    const kind = kindOf(bytes[start]);
    tally.kinds |= 1 << kind;
    if (kind > LAST_SCALAR) return;
    if (end - start > MAX_COUNTED_VALUE_BYTES) {
      tally.isCut = true;
      return;
    }
    const text =
      kind === 0 ? normalizeText(decodeString(bytes, { start, end })) : bytes.toString("latin1", start, end);
    let value = tally.values.get(text);
    if (!value) {
      if (tally.values.size >= MAX_COUNTED_VALUES || counted >= MAX_COUNTED_OF_ALL) {
        tally.isCut = true;
        return;
      }
      counted++;
      value = { hosts: 0, lastHost: 0 };
      tally.values.set(text, value);
    }
    if (value.lastHost === host) return;
    value.hosts++;
    value.lastHost = host;
  }

  for (const at of positions) {
    const [segment, row] = [segmentAt(table, at), table.rowOf[at] as number];
    const wait = yielder.spend(bodyLength(segment, row) * VISIT_COST);
    if (wait !== undefined) await wait;
    host++;
    bytes = segment.bodies;
    tree.walk(bytes, segment.bodyStarts[row] as number, visit);
  }
  const fields: FieldCount[] = [];
  const ranked = tallies
    .map((tally, number) => ({ tally, name: tree.names[number]?.name ?? "" }))
    .sort((a, b) => b.tally.hosts - a.tally.hosts || (a.name < b.name ? -1 : 1));
  for (const { name, tally } of ranked.slice(0, MAX_SHOWN_NAMES)) {
    const wait = yielder.spend(tally.values.size * VALUE_BYTES);
    if (wait !== undefined) await wait;
    fields.push(describeField(name, tally));
  }
  return {
    fields,
    omitted: ranked.length - fields.length,
    isCut: tree.isFull || tree.hasLongNames,
  };
}

/** What looking at each value costs, as against passing its bytes; and sorting one, in bytes. */
const VISIT_COST = 2;
const VALUE_BYTES = 256;

/** Of KINDS, the place of `boolean`: what comes after has no text. */
const LAST_SCALAR = 2;

function kindOf(byte: number | undefined): number {
  if (byte === 0x22) return 0;
  if (byte === 0x74 || byte === 0x66) return 2;
  if (byte === 0x6e) return 3;
  if (byte === 0x7b) return 4;
  return byte === 0x5b ? 5 : 1;
}

/** Values of a name in which a version is looked for. */
const MAX_SPLIT_VALUES = 32;

function describeField(name: string, { hosts, kinds, values, isCut }: Tally): FieldCount {
  return {
    name,
    kinds: KINDS.filter((_, index) => (kinds & (1 << index)) !== 0),
    hosts,
    ...describeValues(name, values),
    cut: isCut,
  };
}

/** What a name holds. @param values by text, the hosts that have each */
export function describeValues(
  name: string,
  values: ReadonlyMap<string, { readonly hosts: number }>,
): Pick<FieldCount, "versions" | "distinct" | "values"> {
  const ranked = [...values].sort(([a, one], [b, other]) => other.hosts - one.hosts || (a < b ? -1 : 1));
  const looked = ranked.slice(0, MAX_SPLIT_VALUES);
  const versions = looked.filter(([text]) => !OTHER_VALUES.test(text) && splitVersion(text).version !== "");
  return {
    versions: versions.length * 2 > looked.length && !OTHER_NAMES.test(name),
    distinct: values.size,
    values: ranked.slice(0, MAX_SHOWN_VALUES).map(([value, { hosts }]) => ({ value, hosts })),
  };
}
