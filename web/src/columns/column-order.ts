// The order of a column's values: numbers by size, versions in version order, names naturally. Each
// distinct value gets a rank, so that rows are sorted by numbers alone.
import {
  compareVersions,
  findPackaging,
  type ParsedVersion,
  parseVersion,
  splitVersion,
} from "../../../src/grammar/version-order.ts";
import { CONTAINER, type Column } from "./table.ts";

/** How a column's values are ordered. */
export type Order = "names" | "versions";

/** A rank a number, from 0. Kept as long as the dictionary. */
const kept = new WeakMap<
  object,
  { readonly order: Order; readonly count: number; readonly ranks: Uint32Array }
>();

export function rankValues({ dictionary }: Pick<Column, "dictionary">, order: Order): Uint32Array {
  const known = kept.get(dictionary);
  if (known?.order === order && known.count === dictionary.count) return known.ranks;
  const texts = Array.from({ length: dictionary.count }, (_, number) => dictionary.text(number));
  const sorted = sortValues(texts, order);
  const ranks = new Uint32Array(texts.length);
  for (const [rank, number] of sorted.entries()) ranks[number] = rank;
  kept.set(dictionary, { order, count: dictionary.count, ranks });
  return ranks;
}

/** The places of texts in their order. */
export function sortValues(texts: readonly string[], order: Order): number[] {
  const places = texts.map((_, place) => place);
  if (texts.every((text) => NUMBER.test(text)))
    return order === "versions" ? sortVersions(texts, places) : sortNumbers(texts, places);
  return order === "versions" ? sortVersions(texts, places) : sortNames(texts, places);
}

/** Numbers as JSON has them (RFC 8259, section 6). */
const NUMBER = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

function sortNumbers(texts: readonly string[], places: number[]): number[] {
  const numbers = Float64Array.from(texts, Number);
  return places.sort(
    (a, b) => (numbers[a] as number) - (numbers[b] as number) || compareTexts(texts[a] ?? "", texts[b] ?? ""),
  );
}

function sortNames(texts: readonly string[], places: number[]): number[] {
  const keys = texts.map(toNaturalKey);
  return places.sort(
    (a, b) => compareTexts(keys[a] ?? "", keys[b] ?? "") || compareTexts(texts[a] ?? "", texts[b] ?? ""),
  );
}

/** By variant, and of a variant the older version first; what holds no version comes last. */
function sortVersions(texts: readonly string[], places: number[]): number[] {
  const read = texts.map((text) => {
    const { variant, version } = splitVersion(text);
    return {
      variant,
      key: toNaturalKey(variant),
      parsed: version === "" ? undefined : parseVersion(version),
    };
  });
  const groups = new Map<string, ParsedVersion[]>();
  for (const { variant, parsed } of read)
    if (parsed) groups.set(variant, [...(groups.get(variant)?.slice(-MAX_JUDGED) ?? []), parsed]);
  const packagings = new Map([...groups].map(([variant, group]) => [variant, findPackaging(group)]));
  return places.sort((a, b) => {
    const [one, other] = [read[a], read[b]];
    if (!one || !other) return a - b;
    if (!one.parsed || !other.parsed)
      return Number(!one.parsed) - Number(!other.parsed) || compareTexts(one.key, other.key);
    return (
      compareTexts(one.key, other.key) ||
      compareTexts(one.variant, other.variant) ||
      compareVersions(one.parsed, other.parsed, packagings.get(one.variant)) ||
      compareTexts(texts[a] ?? "", texts[b] ?? "")
    );
  });
}

/** Versions of one variant by which it is told whose order they have. */
const MAX_JUDGED = 64;

/**
 * A key of which the order by letters is the natural one: case and accents do not count, and a run
 * of digits comes by its number, as its length stands before it.
 */
function toNaturalKey(text: string): string {
  const plain = /[^\0-\x7f]/.test(text)
    ? text.slice(0, MAX_KEY).normalize("NFD").replace(/\p{M}/gu, "")
    : text;
  return plain
    .slice(0, MAX_KEY)
    .toLowerCase()
    .replace(/\d+/g, (digits) => {
      const number = digits.replace(/^0+(?=\d)/, "");
      return `0${String.fromCharCode(number.length + 0x30)}${number}`;
    });
}

/** Characters by which names are ordered. */
const MAX_KEY = 128;

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Above all ranks: of a row that has no value, which comes last in either direction. */
const NONE = 0xffff_ffff;

/** By row, the rank of its first value in the order, or of its last where that is turned round. */
export function rankRows(column: Column, order: Order, isDescending: boolean): Uint32Array {
  const ranks = rankValues(column, order);
  const { starts, numbers } = column;
  const count = starts.length - 1;
  const last = ranks.length - 1;
  return Uint32Array.from({ length: count }, (_, row) => {
    let least = NONE;
    const end = starts[row + 1] as number;
    for (let at = starts[row] as number; at < end; at++) {
      const number = numbers[at] as number;
      if (number === CONTAINER) continue;
      const rank = ranks[number] as number;
      least = Math.min(least, isDescending ? last - rank : rank);
    }
    return least;
  });
}

/** Sorts rows by numbers; those of one number stay in their order. */
export function sortRows(rows: Uint32Array, keys: Uint32Array): Uint32Array {
  return rows.slice().sort((a, b) => (keys[a] as number) - (keys[b] as number));
}
