// Segments: the packed form in which the roll holds objects. Bodies lie one after the other, so
// that answers are copied, not built.
import type { Rejection } from "../report/problem.ts";
import type { InsertionPoint, Report } from "../report/report.ts";

/**
 * What stands after each body: what an array of JSON has between two elements, so that neighbours
 * are an answer's own bytes.
 */
export const SEPARATOR = Buffer.from(",\n");

/**
 * Some objects of the store, packed in columns; immutable. A row is one object: a report, or one
 * that was set aside, whose body then is the reason as JSON.
 */
export interface Segment {
  readonly count: number;
  /** Each row's body and SEPARATOR. */
  readonly bodies: Buffer;
  /** Where each row's body begins, and one more for the end. */
  readonly bodyStarts: Uint32Array;
  /** Each row's key, "\n", etag, "\n". Both are ASCII. */
  readonly names: Buffer;
  /** Where each row's key begins, and one more for the end. */
  readonly nameStarts: Uint32Array;
  readonly keyLengths: Uint16Array;
  /** The reports' update_date; ms since the epoch. */
  readonly updatedAt: Float64Array;
  /**
   * The insertion point's offset × 4 + its kind as in KINDS; SET_ASIDE for a row that is no report.
   */
  readonly insertions: Uint32Array;
}

const KINDS = ["member", "first", "object"] as const satisfies readonly InsertionPoint["kind"][];
const SET_ASIDE = 3;

/** An object that was set aside: why, and its true size in bytes. */
export interface SetAside extends Rejection {
  readonly size: number;
}

/** What became of one object. */
export type Outcome = Report | SetAside;

/** Tells whether a row is a report; else it was set aside. */
export function isReport({ insertions }: Segment, row: number): boolean {
  return insertions[row] !== SET_ASIDE;
}

export function readKey({ names, nameStarts, keyLengths }: Segment, row: number): string {
  const start = nameStarts[row] as number;
  return names.toString("latin1", start, start + (keyLengths[row] as number));
}

export function readEtag({ names, nameStarts, keyLengths }: Segment, row: number): string {
  return names.toString(
    "latin1",
    (nameStarts[row] as number) + (keyLengths[row] as number) + 1,
    (nameStarts[row + 1] as number) - 1,
  );
}

/** The body's bytes: a view of the segment's, which must not be written to. */
export function readBody({ bodies, bodyStarts }: Segment, row: number): Buffer {
  return bodies.subarray(bodyStarts[row], (bodyStarts[row + 1] as number) - SEPARATOR.length);
}

/** Bytes of the body. */
export function bodyLength({ bodyStarts }: Segment, row: number): number {
  return (bodyStarts[row + 1] as number) - (bodyStarts[row] as number) - SEPARATOR.length;
}

export function readInsertion({ insertions }: Segment, row: number): InsertionPoint {
  return unpackInsertion(insertions[row] as number);
}

/** An insertion point as `insertions` has it. */
export function unpackInsertion(packed: number): InsertionPoint {
  return { offset: packed >>> 2, kind: KINDS[packed & 3] ?? "object" };
}

/** Why a row that is no report was set aside. */
export function readSetAside(segment: Segment, row: number): SetAside {
  return JSON.parse(readBody(segment, row).toString("utf8")) as SetAside;
}

/** Gathers rows of one segment after the other. */
export interface SegmentBuilder {
  /** Rows so far. */
  readonly count: number;
  /** Bytes of bodies so far. */
  readonly bytes: number;
  /** Takes one object; its bytes are copied. @returns its row */
  add(key: string, etag: string, outcome: Outcome): number;
  /** Takes a row of another segment as it is. @returns its row here */
  copy(from: Segment, row: number): number;
  /** Makes a segment of what was gathered, in memory of its own. */
  build(): Segment;
  /** Begins anew, in the memory that it has. */
  clear(): void;
}

/** Makes a builder. */
export function createSegmentBuilder(): SegmentBuilder {
  const bodies = createBytes();
  const names = createBytes();
  let bodyStarts: number[] = [0];
  let nameStarts: number[] = [0];
  let keyLengths: number[] = [];
  let updatedAt: number[] = [];
  let insertions: number[] = [];

  function close(): number {
    bodies.append(SEPARATOR);
    bodyStarts.push(bodies.length());
    nameStarts.push(names.length());
    return keyLengths.length - 1;
  }

  return {
    get count() {
      return keyLengths.length;
    },
    get bytes() {
      return bodies.length();
    },
    add(key, etag, outcome) {
      names.appendText(`${key}\n${etag}\n`);
      keyLengths.push(key.length);
      if ("reason" in outcome) {
        bodies.append(Buffer.from(JSON.stringify(outcome)));
        updatedAt.push(0);
        insertions.push(SET_ASIDE);
      } else {
        bodies.append(outcome.body);
        updatedAt.push(outcome.updatedAt);
        insertions.push(outcome.insertion.offset * 4 + KINDS.indexOf(outcome.insertion.kind));
      }
      return close();
    },
    copy(from, row) {
      names.append(from.names.subarray(from.nameStarts[row], from.nameStarts[row + 1]));
      keyLengths.push(from.keyLengths[row] as number);
      bodies.append(readBody(from, row));
      updatedAt.push(from.updatedAt[row] as number);
      insertions.push(from.insertions[row] as number);
      return close();
    },
    build: () => ({
      count: keyLengths.length,
      bodies: bodies.cut(),
      bodyStarts: Uint32Array.from(bodyStarts),
      names: names.cut(),
      nameStarts: Uint32Array.from(nameStarts),
      keyLengths: Uint16Array.from(keyLengths),
      updatedAt: Float64Array.from(updatedAt),
      insertions: Uint32Array.from(insertions),
    }),
    clear() {
      bodies.clear();
      names.clear();
      bodyStarts = [0];
      nameStarts = [0];
      keyLengths = [];
      updatedAt = [];
      insertions = [];
    },
  };
}

const FIRST_CAPACITY = 16 * 1024;

/**
 * Bytes that grow, and keep their room when they begin anew: memory that is given back piece by
 * piece is memory that the process keeps.
 */
function createBytes() {
  // Not from Node's shared pool, which would stay in memory as long as any of its users.
  let buffer = Buffer.allocUnsafeSlow(FIRST_CAPACITY);
  let length = 0;

  function reserve(bytes: number): void {
    if (length + bytes <= buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(buffer.length * 2, length + bytes));
    buffer.copy(larger, 0, 0, length);
    buffer = larger;
  }

  return {
    length: () => length,
    append(bytes: Uint8Array): void {
      reserve(bytes.length);
      buffer.set(bytes, length);
      length += bytes.length;
    },
    /** @param text ASCII */
    appendText(text: string): void {
      reserve(text.length);
      length += buffer.write(text, length, "latin1");
    },
    clear(): void {
      length = 0;
    },
    /** The bytes, in memory of their own. */
    cut(): Buffer {
      const exact = Buffer.allocUnsafeSlow(length);
      buffer.copy(exact, 0, 0, length);
      return exact;
    },
  };
}
