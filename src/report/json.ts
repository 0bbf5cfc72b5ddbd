// One strict pass over a report's bytes: is it I-JSON, how deep, and where does each top-level value lie?
import { isUtf8 } from "node:buffer";
import type { Rejection } from "./problem.ts";

/** Where one member of an object, or one element of an array, lies in the bytes. Offsets count bytes; the end is exclusive. */
export interface JsonSpan {
  readonly start: number;
  readonly end: number;
}

/** The members of the top-level object in the order of the text. */
export type JsonMembers = ReadonlyMap<string, JsonSpan>;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const MINUS = 0x2d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const UNICODE = 0x75;
const LITERALS = new Map([
  [0x74, "true"],
  [0x66, "false"],
  [0x6e, "null"],
]);
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;

/** Thrown inside this file only; scanObject turns it into a Rejection. */
class Fault extends Error {
  readonly rejection: Rejection;
  constructor(reason: Rejection["reason"], detail: string) {
    super(detail);
    this.rejection = { reason, detail };
  }
}

/**
 * Checks that the bytes are one JSON object (RFC 8259) that every reader understands alike, as I-JSON (RFC 7493) asks: UTF-8,
 * no key twice in one object, no half surrogate pair. Also refused are a NUL in a string, which cuts text short in C
 * programs, and the key `__proto__`, which poisons JavaScript ones.
 *
 * The bytes are read once and nothing is built but the top-level map, so a report costs little more than its length.
 *
 * @param maxDepth deepest nesting of objects and arrays; the top-level object is 1
 */
export function scanObject(bytes: Uint8Array, maxDepth: number): JsonMembers | Rejection {
  if (bytes.length === 0) return { reason: "empty", detail: "the report has no bytes" };
  if (!isUtf8(bytes)) return { reason: "not_utf8", detail: "the report is not UTF-8" };
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
    return {
      reason: "not_json",
      detail: "byte 0: a byte order mark stands before the JSON (RFC 8259, section 8.1); write the file without one",
    };
  }
  const scanner = new Scanner(bytes, maxDepth);
  try {
    return scanner.scanDocument();
  } catch (error) {
    if (error instanceof Fault) return error.rejection;
    throw error;
  }
}

/** Tells a Rejection from the members of a good report. */
export function isRejection(outcome: JsonMembers | Rejection): outcome is Rejection {
  return "reason" in outcome;
}

class Scanner {
  readonly #bytes: Buffer;
  readonly #maxDepth: number;
  #at = 0;

  constructor(bytes: Uint8Array, maxDepth: number) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#maxDepth = maxDepth;
  }

  scanDocument(): JsonMembers {
    this.#skipSpace();
    if (this.#bytes[this.#at] !== OPEN_BRACE) {
      // Tell a wrong document (an array, say) from one that is no JSON at all.
      this.#scanValue(1);
      this.#expectEnd();
      throw new Fault("not_object", "the report must be one JSON object: { … }");
    }
    const members = this.#scanObject(1);
    this.#expectEnd();
    return members;
  }

  #expectEnd(): void {
    this.#skipSpace();
    if (this.#at < this.#bytes.length) throw this.#unexpected("after the end of the report");
  }

  #scanValue(depth: number): void {
    const byte = this.#bytes[this.#at];
    if (byte === QUOTE) this.#scanString();
    else if (byte === OPEN_BRACE) this.#scanObject(depth);
    else if (byte === OPEN_BRACKET) this.#scanArray(depth);
    else if (byte !== undefined && (byte === MINUS || (byte >= 0x30 && byte <= 0x39))) this.#scanNumber();
    else this.#scanLiteral();
  }

  #scanObject(depth: number): Map<string, JsonSpan> {
    this.#enter(depth);
    const members = new Map<string, JsonSpan>();
    this.#skipSpace();
    if (this.#take(CLOSE_BRACE)) return members;
    for (;;) {
      if (this.#bytes[this.#at] !== QUOTE) throw this.#unexpected('where a key in "quotes" should stand');
      const keyAt = this.#at;
      const key = this.#readString();
      if (key === "__proto__") throw new Fault("forbidden_key", `byte ${keyAt}: the key __proto__ is not allowed`);
      if (members.has(key)) throw new Fault("duplicate_key", `byte ${keyAt}: the key ${quote(key)} stands twice in one object`);
      this.#skipSpace();
      if (!this.#take(COLON)) throw this.#unexpected(`after the key ${quote(key)}, where ":" should stand`);
      this.#skipSpace();
      const start = this.#at;
      this.#scanValue(depth + 1);
      members.set(key, { start, end: this.#at });
      this.#skipSpace();
      if (this.#take(CLOSE_BRACE)) return members;
      if (!this.#take(COMMA)) throw this.#unexpected('in an object, where "," or "}" should stand');
      this.#skipSpace();
    }
  }

  #scanArray(depth: number): void {
    this.#enter(depth);
    this.#skipSpace();
    if (this.#take(CLOSE_BRACKET)) return;
    for (;;) {
      this.#scanValue(depth + 1);
      this.#skipSpace();
      if (this.#take(CLOSE_BRACKET)) return;
      if (!this.#take(COMMA)) throw this.#unexpected('in an array, where "," or "]" should stand');
      this.#skipSpace();
    }
  }

  /** Steps over the opening bracket. */
  #enter(depth: number): void {
    if (depth > this.#maxDepth) throw new Fault("too_deep", `byte ${this.#at}: nested deeper than ${this.#maxDepth} levels`);
    this.#at++;
  }

  #readString(): string {
    const start = this.#at;
    const escaped = this.#scanString();
    if (escaped) return JSON.parse(this.#bytes.toString("utf8", start, this.#at)) as string;
    return this.#bytes.toString("utf8", start + 1, this.#at - 1);
  }

  /** Steps over a string; tells whether it holds an escape. */
  #scanString(): boolean {
    const bytes = this.#bytes;
    let escaped = false;
    this.#at++;
    for (;;) {
      const byte = bytes[this.#at];
      if (byte === QUOTE) break;
      if (byte === undefined) throw this.#unexpected("inside a string");
      if (byte < 0x20) throw this.#unexpected("inside a string; control characters must be escaped");
      if (byte === BACKSLASH) {
        escaped = true;
        this.#scanEscape();
      } else this.#at++;
    }
    this.#at++;
    return escaped;
  }

  #scanEscape(): void {
    const byte = this.#bytes[this.#at + 1];
    if (byte !== UNICODE) {
      if (byte === undefined || !'"\\/bfnrt'.includes(String.fromCharCode(byte)))
        throw this.#unexpected("in a string: no such escape");
      this.#at += 2;
      return;
    }
    const at = this.#at;
    const unit = this.#readUnit();
    if (unit === 0) throw new Fault("forbidden_character", `byte ${at}: a string holds a NUL (\\u0000)`);
    if (unit < 0xd800 || unit > 0xdfff) return;
    const low =
      unit < 0xdc00 && this.#bytes[this.#at] === BACKSLASH && this.#bytes[this.#at + 1] === UNICODE ? this.#readUnit() : 0;
    if (low < 0xdc00 || low > 0xdfff) throw new Fault("forbidden_character", `byte ${at}: a string holds half a surrogate pair`);
  }

  /** Reads one \uXXXX. */
  #readUnit(): number {
    const digits = this.#bytes.toString("latin1", this.#at + 2, this.#at + 6);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw this.#unexpected("in a string: \\u needs four hexadecimal digits");
    this.#at += 6;
    return Number.parseInt(digits, 16);
  }

  #scanNumber(): void {
    // A number is short; the window bounds what a hostile run of digits can cost before it is refused.
    const text = this.#bytes.toString("latin1", this.#at, this.#at + 1024);
    NUMBER.lastIndex = 0;
    const match = NUMBER.exec(text);
    if (!match || match[0].length === 1024) throw this.#unexpected("where a number should stand");
    this.#at += match[0].length;
  }

  #scanLiteral(): void {
    const literal = LITERALS.get(this.#bytes[this.#at] ?? 0);
    if (literal === undefined || this.#bytes.toString("latin1", this.#at, this.#at + literal.length) !== literal) {
      throw this.#unexpected("where a value should stand");
    }
    this.#at += literal.length;
  }

  #skipSpace(): void {
    for (;;) {
      const byte = this.#bytes[this.#at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
      this.#at++;
    }
  }

  #take(byte: number): boolean {
    if (this.#bytes[this.#at] !== byte) return false;
    this.#at++;
    return true;
  }

  #unexpected(where: string): Fault {
    const byte = this.#bytes[this.#at];
    const found =
      byte === undefined
        ? "the end"
        : byte >= 0x20 && byte < 0x7f
          ? `"${String.fromCharCode(byte)}"`
          : `byte 0x${byte.toString(16).padStart(2, "0")}`;
    return new Fault("not_json", `byte ${this.#at}: unexpected ${found} ${where}`);
  }
}

/** A key as it can stand in a message: quoted, escaped, cut. */
function quote(key: string): string {
  return JSON.stringify(key.length > 64 ? `${key.slice(0, 64)}…` : key);
}
