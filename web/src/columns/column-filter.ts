// Filters over columns: each distinct value is judged once, however many hosts have it.
import type { Filter } from "../../../src/grammar/filter.ts";
import { compileValues } from "../../../src/grammar/value-test.ts";
import { normalizeText } from "../../../src/report/normal-text.ts";
import { CONTAINER, type Column, type Table } from "./table.ts";

const [UNJUDGED, NEITHER, ACCEPTED, REJECTED] = [0, 1, 2, 3] as const;

/**
 * Leaves out the rows that a filter does not choose, as the server would.
 *
 * @param column the column of the filter's name, whole
 * @param chosen by row, 1 where it is still chosen
 */
export function applyFilter({ values }: Pick<Filter, "values">, column: Column, chosen: Uint8Array): void {
  const test = compileValues(values);
  const { dictionary, starts, numbers } = column;
  const verdicts = new Uint8Array(dictionary.count);
  const ofContainer = test.rejectsAll ? REJECTED : test.takesAll ? ACCEPTED : NEITHER;

  function judge(number: number): number {
    if (number === CONTAINER) return ofContainer;
    const known = verdicts[number] as number;
    if (known !== UNJUDGED) return known;
    const text = dictionary.text(number);
    const verdict = test.rejects(text) ? REJECTED : test.accepts(text) ? ACCEPTED : NEITHER;
    // `*` takes a value whatever it is.
    verdicts[number] = verdict === NEITHER && test.takesAll ? ACCEPTED : verdict;
    return verdicts[number] as number;
  }

  for (let row = 0; row < chosen.length; row++) {
    if (chosen[row] === 0) continue;
    let isAccepted = !test.needsValue;
    const end = starts[row + 1] as number;
    for (let at = starts[row] as number; at < end; at++) {
      const verdict = judge(numbers[at] as number);
      if (verdict === ACCEPTED) isAccepted = true;
      if (verdict !== REJECTED) continue;
      isAccepted = false;
      break;
    }
    if (!isAccepted) chosen[row] = 0;
  }
}

/** Leaves out the rows of which no cell of these columns has a text in it; case does not count. */
export function applyText(text: string, columns: readonly Column[], chosen: Uint8Array): void {
  const wanted = fold(text);
  if (wanted === "") return;
  const found = new Uint8Array(chosen.length);
  for (const column of columns) noteRows(column, findTexts(column, wanted), found);
  for (let row = 0; row < chosen.length; row++) if (found[row] === 0) chosen[row] = 0;
}

/** By number, 1 for a value that has the text in it; undefined where none has. */
function findTexts({ dictionary }: Column, wanted: string): Uint8Array | undefined {
  const folded = foldAll(dictionary);
  const has = new Uint8Array(folded.length);
  let isAny = false;
  for (let number = 0; number < folded.length; number++) {
    if (!(folded[number] as string).includes(wanted)) continue;
    has[number] = 1;
    isAny = true;
  }
  return isAny ? has : undefined;
}

function noteRows({ starts, numbers }: Column, has: Uint8Array | undefined, found: Uint8Array): void {
  if (!has) return;
  for (let row = 0; row < found.length; row++) {
    const end = starts[row + 1] as number;
    for (let at = starts[row] as number; at < end && found[row] === 0; at++)
      found[row] = has[numbers[at] as number] ?? 0;
  }
}

/** All values of a dictionary in lower case, kept as long as that is in memory. */
const kept = new WeakMap<object, string[]>();

function foldAll(dictionary: Column["dictionary"]): readonly string[] {
  const known = kept.get(dictionary) ?? [];
  kept.set(dictionary, known);
  while (known.length < dictionary.count) known.push(fold(dictionary.text(known.length)));
  return known;
}

function fold(text: string): string {
  return normalizeText(text).toLowerCase();
}

/** The column of a name; undefined where the table has none. */
export function findColumn({ columns }: Table, name: string): Column | undefined {
  return columns.find((column) => column.name === name);
}
