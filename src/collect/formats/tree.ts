// What the formats' parsers give: a tree of plain values, some of them ambiguous.

/**
 * A parsed text. Objects in the tree have no prototype, or a hostile one: look at own properties
 * only. What a text holds never gets into a fault.
 */
export type Parsed = ParsedTree | { readonly fault: string };

export interface ParsedTree {
  /** Objects, arrays, text, numbers, booleans, null, and AmbiguousValue ones of all these. */
  readonly tree: unknown;
  /**
   * How a key stands in the tree that may be written in several ways, in capitals or not say;
   * without it, as it is written.
   */
  readonly canonical?: (key: string) => string;
  /** Why a key that is not in the tree may count all the same. */
  readonly elsewhere?: string;
}

/** An object of a tree. */
export type Members = Record<string, unknown>;

/**
 * A value that the text leaves open: it stands there twice, or its format's readers disagree.
 * With a value, that is the best answer, and the ambiguity is told beside it; without one, there is
 * none that anybody should rely on.
 */
export class AmbiguousValue {
  readonly reason: string;
  readonly best: { readonly node: unknown } | undefined;

  constructor(reason: string, best?: { readonly node: unknown }) {
    this.reason = reason;
    this.best = best;
  }
}

/**
 * Makes an object that inherits nothing, so that every key, `__proto__` too, is a key like any
 * other.
 */
export function makeMembers(): Members {
  return Object.create(null) as Members;
}

/** What becomes of a key that stands in one object more than once. */
export type DuplicateKeyRule = (before: unknown, next: unknown) => unknown;

/** Adds a member; a key that is there already becomes what `repeat` makes of both. */
export function addMember(members: Members, key: string, node: unknown, repeat: DuplicateKeyRule): void {
  members[key] = Object.hasOwn(members, key) ? repeat(members[key], node) : node;
}

const REPEATED = new AmbiguousValue("stands in the text more than once, each time with another value");

/** Of two different values neither counts. */
export const refuseRepeated: DuplicateKeyRule = (before, next) => (before === next ? before : REPEATED);

/** For formats whose readers all take the last one. */
export const takeLast: DuplicateKeyRule = (before, next) =>
  unwrap(before) === unwrap(next)
    ? next
    : new AmbiguousValue("stands in the text more than once; the last counts", { node: next });

function unwrap(node: unknown): unknown {
  return node instanceof AmbiguousValue && node.best ? unwrap(node.best.node) : node;
}

/** For keys that make a list: both nodes are arrays, and the first one grows. */
export const addToList: DuplicateKeyRule = (before, next) => {
  if (!Array.isArray(before) || !Array.isArray(next)) return REPEATED;
  before.push(...(next as unknown[]));
  return before;
};

/**
 * A number as it is written, where a number would lose something of it (`1.10`, `1e5`, `0x1F`,
 * `1.0`, integers beyond 2^53): it may be a version to whoever wrote it.
 */
export function keepNumber(source: string): number | string {
  const value = Number(source);
  const isExact = Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
  return isExact && String(value) === source ? value : source;
}

/** Lines of a text; they may end in LF, CR LF or CR. */
export function splitLines(text: string): readonly string[] {
  return text.split(/\r\n|\n|\r/);
}
