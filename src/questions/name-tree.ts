// The names that reports have, as a tree: found by walking reports' bytes, each name kept once.
import { OPEN_BRACE, OPEN_BRACKET } from "../report/ascii.ts";
import { skipValue, walkMembers } from "../report/json-bytes.ts";
import { decodeString } from "../report/json-walk.ts";
import { normalizeText } from "../report/normal-text.ts";

/**
 * Names in one tree. Hosts choose how many there are: what comes after is not taken in, and the
 * tree says that it is cut.
 */
export const MAX_TREE_NAMES = 20_000;

/** Longest name, in characters; as parseFieldPath takes them. */
const MAX_TREE_NAME_LENGTH = 512;

/** Ways to write one key that are remembered: escapes make any number of them. */
const MAX_SPELLINGS = 8;

/** One name. */
export interface NameNode {
  /** From 0, in the order in which names were found. */
  readonly number: number;
  /** The whole name, as a filter writes it. */
  readonly name: string;
}

interface Node extends NameNode {
  /** By key, NFC. */
  readonly children: Map<string, Node>;
  /** By key as it is written, latin1; undefined for a name that is not taken in. */
  readonly spellings: Map<string, Node | undefined>;
  /** Children in the order in which they were found, and the place of the one that comes next. */
  readonly order: Node[];
  next: number;
  /** Its own place among its parent's. */
  readonly place: number;
  /** The key's bytes as they mostly stand. */
  readonly bytes: Buffer;
}

/** Walks reports. */
export interface NameTree {
  readonly count: number;
  /** Whether names were left out, since there were too many. */
  readonly isFull: boolean;
  /** Whether names were left out, since they are longer than any filter may be. */
  readonly hasLongNames: boolean;
  /** All names, by number. */
  readonly names: readonly NameNode[];
  /**
   * Walks one report. @param visit gets each name that it has, where the value begins and where it
   * ends; one whose array has several elements comes once for each, and for the array
   */
  walk(bytes: Buffer, start: number, visit: (node: NameNode, start: number, end: number) => void): void;
}

/** Makes an empty tree. */
export function createNameTree(): NameTree {
  const names: Node[] = [];
  const root = createNode({ number: -1, name: "", bytes: EMPTY, place: 0 });
  let [isFull, hasLongNames] = [false, false];
  let bytes: Buffer = EMPTY;
  let visitName: ((node: NameNode, start: number, end: number) => void) | undefined;

  function add(parent: Node, key: string, written: Buffer): Node | undefined {
    const step = key.replace(/[\\.]/g, "\\$&");
    const name = parent === root ? step : `${parent.name}.${step}`;
    // An empty key has no name that a filter could write.
    if (key === "") return undefined;
    const isLong = name.length > MAX_TREE_NAME_LENGTH;
    hasLongNames ||= isLong;
    isFull ||= !isLong && names.length >= MAX_TREE_NAMES;
    if (isLong || names.length >= MAX_TREE_NAMES) return undefined;
    const node = createNode({
      number: names.length,
      name,
      bytes: Buffer.from(written),
      place: parent.order.length,
    });
    names.push(node);
    parent.order.push(node);
    parent.children.set(key, node);
    return node;
  }

  /** Reports of one kind have their names in one order, so that the next is mostly the one. */
  function findChild(parent: Node, start: number, end: number): Node | undefined {
    const expected = parent.order[parent.next];
    if (expected && isSame(expected.bytes, start, end)) {
      parent.next++;
      return expected;
    }
    const written = bytes.toString("latin1", start, end);
    let child = parent.spellings.get(written);
    if (child === undefined && !parent.spellings.has(written)) {
      const key = normalizeText(decodeString(bytes, { start: start - 1, end: end + 1 }));
      child = parent.children.get(key) ?? add(parent, key, bytes.subarray(start, end));
      if (parent.spellings.size < parent.children.size * MAX_SPELLINGS) parent.spellings.set(written, child);
    }
    if (child) parent.next = child.place + 1;
    return child;
  }

  function isSame(wanted: Buffer, start: number, end: number): boolean {
    if (wanted.length !== end - start) return false;
    for (let at = 0; at < wanted.length; at++) if (wanted[at] !== bytes[start + at]) return false;
    return true;
  }

  /** @returns where the value ends */
  function walkValue(node: Node, at: number): number {
    const byte = bytes[at];
    let end: number;
    if (byte === OPEN_BRACE) {
      node.next = 0;
      end = walkMembers(bytes, at, (keyStart, keyEnd, value) => {
        const child = findChild(node, keyStart + 1, keyEnd - 1);
        return child ? walkValue(child, value) : skipValue(bytes, value);
      });
    } else if (byte === OPEN_BRACKET) {
      end = walkMembers(bytes, at, (_start, _end, value) => walkValue(node, value));
    } else end = skipValue(bytes, at);
    if (node !== root) visitName?.(node, at, end);
    return end;
  }

  return {
    get count() {
      return names.length;
    },
    get isFull() {
      return isFull;
    },
    get hasLongNames() {
      return hasLongNames;
    },
    names,
    walk(report, start, visit) {
      bytes = report;
      visitName = visit;
      walkValue(root, start);
      bytes = EMPTY;
    },
  };
}

const EMPTY = Buffer.alloc(0);

function createNode(own: Pick<Node, "number" | "name" | "bytes" | "place">): Node {
  return { ...own, children: new Map(), spellings: new Map(), order: [], next: 0 };
}
