// Which of two values comes first: versions as versions, whole numbers as numbers, times as times.
import {
  compareVersions,
  findPackaging,
  type ParsedVersion,
  parseVersion,
  splitVersion,
} from "./version-order.ts";

/** Operators that compare in version order; they stand in the value: `app_version=lt:1.10`. */
export type Comparison = "lt" | "le" | "gt" | "ge";

const HOLDS: Readonly<Record<Comparison, (order: number) => boolean>> = {
  lt: (order) => order < 0,
  le: (order) => order <= 0,
  gt: (order) => order > 0,
  ge: (order) => order >= 0,
};

/**
 * Makes a test of values. A value that has no place in the operand's order passes none: one that
 * holds no version, and one of another variant where the operand has one (`lt:A_red_1.10` says
 * nothing of `A_blue_1.0`; `lt:1.10` asks every variant).
 *
 * @returns undefined where the operand itself has no order: neither version nor number nor time
 */
export function compileComparison(
  operator: Comparison,
  operand: string,
): ((value: string) => boolean) | undefined {
  const compare = compileOrder(operand.trim());
  if (!compare) return undefined;
  const holds = HOLDS[operator];
  return (value) => {
    const order = compare(value);
    return order !== undefined && holds(order);
  };
}

/** Compares a value with the operand; undefined where they have no order. */
type Order = (value: string) => number | undefined;

function compileOrder(operand: string): Order | undefined {
  const versions = compileVersionOrder(operand);
  const time = parseTime(operand);
  if (time) {
    // A day alone may be a version's as well: `model_2024-11-05`.
    const others = time.clock === undefined ? versions : undefined;
    return (value) => {
      const other = parseTime(value);
      return other ? compareTimes(other, time) : others?.(value);
    };
  }
  // A day alone may be a version's; with a clock it is a time, and comes neither before nor after
  // one.
  const outsideTimes =
    versions && ((value: string) => (parseTime(value)?.clock ? undefined : versions(value)));
  if (!NUMBER.test(operand)) return outsideTimes;
  return (value) => {
    if (!NUMBER.test(value)) return outsideTimes?.(value);
    if (WHOLE.test(value) && WHOLE.test(operand)) return compareWhole(value, operand);
    // `1.10` is a version, and after `1.9`; what no version can be is a number.
    const areVersions = VERSION.test(value) && VERSION.test(operand);
    return areVersions ? versions?.(value) : Number(value) - Number(operand);
  };
}

/** Numbers as JSON has them (RFC 8259, section 6). */
const NUMBER = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const WHOLE = /^-?\d+$/;
const VERSION = /^\d+(?:\.\d+)?$/;

/**
 * By their digits, so that none is lost, and a value of a million of them costs no more than that.
 */
function compareWhole(a: string, b: string): number {
  const [one, other] = [readWhole(a), readWhole(b)];
  if (one.sign !== other.sign) return one.sign - other.sign;
  const order = one.digits.length - other.digits.length || compareTexts(one.digits, other.digits);
  return one.sign * order;
}

function readWhole(text: string): { readonly sign: number; readonly digits: string } {
  const digits = text.replace(/^-?0*/, "");
  return { sign: digits === "" ? 0 : text.startsWith("-") ? -1 : 1, digits };
}

function compileVersionOrder(operand: string): Order | undefined {
  const { variant, version } = splitVersion(operand);
  if (version === "" || operand.includes("*")) return undefined;
  const wanted = parseVersion(version);
  return (value) => {
    const split = splitVersion(value);
    if (split.version === "" || (variant !== "" && split.variant !== variant)) return undefined;
    return comparePair(parseVersion(split.version), wanted);
  };
}

function comparePair(a: ParsedVersion, b: ParsedVersion): number {
  return compareVersions(a, b, findPackaging([a, b]));
}

/** A time as it was written. */
interface WrittenTime {
  /** `2026-11-20` */
  readonly day: string;
  /** `19:11:22.5`, filled up to milliseconds; undefined for a day alone. */
  readonly clock: string | undefined;
  /** `+09:00`, `Z`; undefined where none is written. */
  readonly offset: string | undefined;
}

const TIME =
  /^(?<day>\d{4}-\d{2}-\d{2})(?:[T ](?<minute>\d{2}:\d{2})(?::(?<second>\d{2})(?:\.(?<part>\d{1,9}))?)?(?<offset>Z|[+-]\d{2}:?\d{2})?)?$/;

function parseTime(text: string): WrittenTime | undefined {
  const { day, minute, second = "00", part = "", offset } = TIME.exec(text)?.groups ?? {};
  if (day === undefined) return undefined;
  const clock = minute && `${minute}:${second}.${part.padEnd(3, "0").slice(0, 3)}`;
  const instant = Date.parse(`${day}T${clock ?? "00:00:00.000"}Z`);
  return Number.isNaN(instant) ? undefined : { day, clock, offset };
}

/**
 * Where one of two is a day alone, their days are compared, and where one has no offset, what
 * stands there: nobody says what zone it is of.
 */
function compareTimes(a: WrittenTime, b: WrittenTime): number {
  if (a.clock === undefined || b.clock === undefined) return compareTexts(a.day, b.day);
  if (a.offset !== undefined && b.offset !== undefined) return toInstant(a) - toInstant(b);
  return compareTexts(`${a.day} ${a.clock}`, `${b.day} ${b.clock}`);
}

function toInstant({ day, clock, offset }: WrittenTime): number {
  return Date.parse(`${day}T${clock}${offset?.replace(/^([+-]\d{2}):?(\d{2})$/, "$1:$2")}`);
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
