// Listing all candidates: page by page, and, where the store gains by it, several ranges of keys
// side by side.
import { REPORTS_END, REPORTS_PREFIX } from "../report/key.ts";
import type { Entry, ReadStore } from "../store/store.ts";
import { findKey, keyAt, type Table } from "./table.ts";

/** Keys that S3 lists at most in one page. */
const PAGE = 1000;

/** Ranges listed at a time. */
const MAX_LISTING_RANGES = 16;

export interface ListingOptions {
  readonly store: ReadStore;
  /** What was there before: its keys tell where to split. */
  readonly table: Table;
  readonly signal: AbortSignal;
  /**
   * Takes a page: some entries whose keys ascend, between whose keys no other page has one.
   * Resolves when the next may come.
   */
  onPage(page: readonly Entry[]): Promise<void>;
}

/**
 * Lists every object that may be a report: those at the top of the store, and those under
 * reports/v1/.
 */
export async function listCandidates(options: ListingOptions): Promise<void> {
  const { store, signal, onPage } = options;
  const top = async () => {
    for await (const page of store.list("", { shallow: true, signal })) {
      // Pages may not span what lies under reports/v1/, whose keys come in between.
      const middle = page.findIndex(({ key }) => key > REPORTS_PREFIX);
      for (const part of middle < 0 ? [page] : [page.slice(0, middle), page.slice(middle)]) {
        if (part.length > 0) await onPage(part);
      }
    }
  };
  await Promise.all([top(), listReports(options)]);
}

async function listReports(options: ListingOptions): Promise<void> {
  const { store, table, signal, onPage } = options;
  if (!store.splitsListings) {
    for await (const page of store.list(REPORTS_PREFIX, { signal })) await onPage(page);
    return;
  }
  const bounds = splitKnown(table);
  if (bounds.length > 0) {
    const ranges = [undefined, ...bounds].map((after, at) => listRange(options, after, bounds[at]));
    await Promise.all(ranges);
  } else await listUnknown(options, undefined, undefined, MAX_LISTING_RANGES);
}

/**
 * Keys that split what was there before into ranges of two pages or more: the same number of
 * requests, side by side.
 */
function splitKnown(table: Table): string[] {
  const start = findKey(table, REPORTS_PREFIX);
  const end = findKey(table, REPORTS_END);
  const count = Math.min(MAX_LISTING_RANGES, Math.floor((end - start) / (2 * PAGE)));
  return Array.from({ length: Math.max(0, count - 1) }, (_, at) =>
    keyAt(table, start + Math.floor(((end - start) * (at + 1)) / count)),
  );
}

/** @param after exclusive @param upTo inclusive */
async function listRange(
  { store, signal, onPage }: ListingOptions,
  after?: string,
  upTo?: string,
): Promise<void> {
  for await (const page of store.list(REPORTS_PREFIX, { after, upTo, signal })) await onPage(page);
}

/**
 * Lists a range of which nothing is known: one page, and if there is more, as many ranges side by
 * side as that page lets expect.
 */
async function listUnknown(
  options: ListingOptions,
  after: string | undefined,
  upTo: string | undefined,
  ranges: number,
): Promise<void> {
  const { store, signal, onPage } = options;
  for await (const page of store.list(REPORTS_PREFIX, { after, upTo, signal })) {
    await onPage(page);
    const [first, last] = [page[0]?.key ?? "", page.at(-1)?.key ?? ""];
    // A short page is the last one.
    const bounds = page.length < PAGE ? [] : guessBounds({ first, last, upTo, ranges });
    if (bounds.length === 0) continue;
    const share = Math.max(1, Math.floor(ranges / (bounds.length + 1)));
    await Promise.all(
      [last, ...bounds].map((start, at) =>
        share > 1
          ? listUnknown(options, start, bounds[at] ?? upTo, share)
          : listRange(options, start, bounds[at] ?? upTo),
      ),
    );
    return;
  }
}

/** Digits that are looked at after what two keys have in common. */
const DIGITS = 6;

/**
 * Guesses where to split what follows a page. EC2 instance ids, machine ids and account ids are
 * spread evenly over hexadecimal or decimal digits, so how far a page reaches tells how many pages
 * follow. A wrong guess costs some requests, never an entry.
 *
 * @param page its first and last key, the last key of the range if it has one, and how many ranges
 *   there may be
 * @returns keys between the last key of the page and the end of the range, ascending; fewer than
 *   `ranges`
 */
export function guessBounds(page: {
  first: string;
  last: string;
  upTo: string | undefined;
  ranges: number;
}): string[] {
  const { first, last, upTo, ranges } = page;
  let common = 0;
  while (common < first.length && first[common] === last[common]) common++;
  const prefix = last.slice(0, common);
  const [low, high] = [first, last].map(
    (key) => /^[0-9a-f]*/.exec(key.slice(common, common + DIGITS))?.[0] ?? "",
  ) as [string, string];
  const length = Math.min(low.length, high.length);
  if (length === 0) return [];
  // Ids of EC2 are hexadecimal even where the first ones happen to begin with decimal digits.
  const base = /[a-f]/.test(low + high) || /(?:^|[/:])i-0[0-9a-f]*$/.test(prefix) ? 16 : 10;
  const whole = base ** length;
  const read = (digits: string) => Number.parseInt(digits.slice(0, length), base);
  const isOpen = upTo === undefined || !upTo.startsWith(prefix);
  const end = isOpen ? whole : read(upTo.slice(common));
  const [from, to] = [read(low), read(high)];
  // Not a number: the range ends at a key that has no digits there.
  const pages = (end - to) / Math.max(1, to - from);
  const parts = Math.min(ranges - (isOpen ? 1 : 0), Math.round(pages));
  const places = Array.from({ length: Math.max(0, parts - 1) || 0 }, (_, at) =>
    Math.floor(to + ((end - to) * (at + 1)) / parts),
  );
  const bounds = places.map((place) => prefix + place.toString(base).padStart(length, "0"));
  // Whatever else follows this prefix is a range of its own.
  if (isOpen && bounds.length > 0) bounds.push(`${prefix}${base === 16 ? "g" : ":"}`);
  return [...new Set(bounds)].filter((bound) => bound > last && (upTo === undefined || bound < upTo));
}
