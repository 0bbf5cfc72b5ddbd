// The filters of a question, made ready for one table: fields are looked for in the stored bytes,
// labels in their columns.

import { type Filter, isPresenceTest, isWithin } from "../grammar/filter.ts";
import { formatFieldPath } from "../grammar/path.ts";
import { compileValues } from "../grammar/value-test.ts";
import { bodyLength, SEPARATOR, type Segment } from "../roll/segment.ts";
import type { Table } from "../roll/table.ts";
import type { Yielder } from "../roll/yielder.ts";
import { compileFilter, compileSameElement, type FilterTest } from "./body-filter.ts";
import { MAX_HOST_VALUES } from "./column.ts";
import { type Cut, listDetails } from "./cut.ts";
import type { FieldValues } from "./field-values.ts";
import type { Sources } from "./groups.ts";
import type { NameUse } from "./known-names.ts";
import { describeShared, findLabel, readNamedValues } from "./named-values.ts";
import { type Query, QueryError } from "./query.ts";
import { TruncatedHosts } from "./truncated-hosts.ts";

export interface FilterTests {
  /**
   * Whether a report matches all filters; a promise where its bytes are looked at, which others get
   * their turn between. @param isNoted whether what it has is remembered
   */
  matches(segment: Segment, row: number, isNoted: boolean, yielder: Yielder): boolean | Promise<boolean>;
  /** The filters whose name no report had that was looked at. */
  listUnseen(): NameUse[];
  /** The hosts that were judged by some of their values alone. */
  listCuts(): Cut[];
  /** What to say of these, of filters that found nothing, and of names that mean two things. */
  listWarnings(): string[];
}

/** Numbers, since each row is judged. UNSURE: taken in, by some of its values alone. */
const [LEFT_OUT, CERTAIN, UNSURE] = [0, 1, 2] as const;
type LabelVerdict = typeof LEFT_OUT | typeof CERTAIN | typeof UNSURE;

/** Makes the tests. */
export async function compileFilters(
  { filters, same }: Pick<Query, "filters" | "same">,
  table: Table,
  sources: Sources,
): Promise<FilterTests> {
  const labelled = filters.filter((filter) => filter.scope === "label" || findLabel(filter, sources.labels));
  const inBodies = filters.filter((filter) => !labelled.includes(filter));
  const labelTests: LabelTest[] = [];
  for (const filter of labelled) {
    const values = await readNamedValues(filter, table, sources);
    labelTests.push(compileLabelTest(filter, values));
  }
  const bodyTests = groupFilters(inBodies, same);

  /**
   * Each test looks at the whole report, and each is asked, so that fields nobody has are known.
   */
  async function matchBodies(
    segment: Segment,
    row: number,
    isUnsure: boolean,
    isNoted: boolean,
    yielder: Yielder,
  ): Promise<boolean> {
    let isMatch = true;
    for (const test of bodyTests) {
      const wait = yielder.spend(bodyLength(segment, row));
      if (wait !== undefined) await wait;
      isMatch = matchBody(test, segment, row, isNoted) && isMatch;
    }
    if (isMatch && isUnsure) noteCuts(segment, row, true);
    return isMatch;
  }

  /** Each test is asked, so that what nobody has is known. */
  function judgeLabels(segment: Segment, row: number, isNoted: boolean): LabelVerdict {
    let [isMatch, isUnsure, isRejected] = [true, false, false];
    for (const test of labelTests) {
      const isAccepted = test.matches(segment, row, isNoted);
      if (isNoted && test.isUnsure(segment, row, isAccepted)) isUnsure = true;
      else if (!isAccepted) isRejected = true;
      isMatch = isAccepted && isMatch;
    }
    if (isMatch) return isUnsure ? UNSURE : CERTAIN;
    // What another test rejects is left out whatever was not looked at.
    if (isUnsure && !isRejected) noteCuts(segment, row, false);
    return LEFT_OUT;
  }

  /** Remembers the tests that decided a row by some of its values alone. */
  function noteCuts(segment: Segment, row: number, isMatch: boolean): void {
    for (const test of labelTests) {
      const isAccepted = test.matches(segment, row, false);
      if (isAccepted === isMatch && test.isUnsure(segment, row, isAccepted))
        test.noteCut(segment, row, isMatch);
    }
  }

  /** Not so where no report passed the tests of labels: then nothing is known of their bodies. */
  let areBodiesAsked = false;

  return {
    matches(segment, row, isNoted, yielder) {
      const verdict = judgeLabels(segment, row, isNoted);
      if (verdict === LEFT_OUT) return false;
      const isUnsure = verdict === UNSURE;
      if (isNoted) areBodiesAsked = true;
      if (bodyTests.length > 0) return matchBodies(segment, row, isUnsure, isNoted, yielder);
      if (isUnsure) noteCuts(segment, row, true);
      return true;
    },
    listUnseen: () => [
      ...labelTests.filter(({ isSeen }) => !isSeen()).map(({ filter }) => toUse(filter)),
      ...bodyTests.flatMap(({ filters: own, note }) =>
        own
          .filter((_, index) => !note.seen[index])
          .map((filter) => ({ ...toUse(filter), isAsked: areBodiesAsked })),
      ),
    ],
    listCuts: () => labelTests.flatMap((test) => test.listCuts()),
    listWarnings: () => [
      ...labelTests.flatMap((test) => test.listWarnings()),
      ...[
        ...labelTests.filter(({ hasMatch }) => !hasMatch()).map(({ filter }) => filter),
        ...bodyTests
          .filter(({ note }) => areBodiesAsked && !note.hasMatch)
          .flatMap(({ filters: own }) => own),
      ].flatMap(explainNothing),
    ],
  };
}

function toUse({ field: text, scope, path, values }: Filter): NameUse {
  return { name: { text, scope, path }, parameter: text.slice(0, 64), isPresence: isPresenceTest(values) };
}

interface BodyTest {
  readonly filters: readonly Filter[];
  readonly test: FilterTest;
  /** What was found in the reports so far. */
  readonly note: { readonly seen: boolean[]; hasMatch: boolean };
}

function matchBody(
  { filters, test, note }: BodyTest,
  { bodies, bodyStarts }: Segment,
  row: number,
  isNoted: boolean,
): boolean {
  const [start, end] = [bodyStarts[row] as number, (bodyStarts[row + 1] as number) - SEPARATOR.length];
  const isMatch = test.matches(bodies, start, end);
  if (isNoted) {
    for (const index of filters.keys()) if (test.seen[index]) note.seen[index] = true;
    note.hasMatch ||= isMatch;
  }
  return isMatch;
}

/** Filters on what is in one array that must be met by one element are one test. */
function groupFilters(filters: readonly Filter[], same: Query["same"]): BodyTest[] {
  const together = same.map((array) => ({
    array,
    own: filters.filter(({ path }) => isWithin(path, array)),
  }));
  const empty = together.find(({ own }) => own.length === 0);
  if (empty)
    throw new QueryError("same", `${formatFieldPath(empty.array)} is a label; write the name of an array`);
  const alone = filters.filter((filter) => !together.some(({ own }) => own.includes(filter)));
  const open = (own: readonly Filter[], test: FilterTest): BodyTest => ({
    filters: own,
    test,
    note: { seen: own.map(() => false), hasMatch: false },
  });
  return [
    ...alone.map((filter) => open([filter], compileFilter(filter))),
    ...together.map(({ array, own }) => open(own, compileSameElement(array, own))),
  ];
}

interface LabelTest {
  readonly filter: Filter;
  listCuts(): Cut[];
  listWarnings(): string[];
  matches(segment: Segment, row: number, isNoted: boolean): boolean;
  /** Whether values that were not looked at could change the verdict. */
  isUnsure(segment: Segment, row: number, isAccepted: boolean): boolean;
  noteCut(segment: Segment, row: number, isAccepted: boolean): void;
  isSeen(): boolean;
  hasMatch(): boolean;
}

const [UNJUDGED, NEITHER, ACCEPTED, REJECTED] = [0, 1, 2, 3];

/** Each distinct value is judged once, however many hosts have it. */
function compileLabelTest(filter: Filter, values: FieldValues): LabelTest {
  const test = compileValues(filter.values);
  const verdicts = new Uint8Array(values.count);
  let [isSeen, hasMatch] = [false, false];
  const [leftOut, takenIn] = [new TruncatedHosts(), new TruncatedHosts()];

  function judge(number: number): number {
    const known = verdicts[number] as number;
    if (known !== UNJUDGED) return known;
    const text = values.text(number);
    const verdict = test.rejects(text) ? REJECTED : test.accepts(text) ? ACCEPTED : NEITHER;
    verdicts[number] = verdict as number;
    return verdict as number;
  }

  function judgeRow(segment: Segment, row: number, isNoted: boolean): boolean {
    let isAccepted = !test.needsValue;
    const { starts, numbers } = values.column(segment);
    const [start, end] = [starts[row] as number, starts[row + 1] as number];
    if (isNoted) isSeen ||= end > start;
    for (let index = start; index < end; index++) {
      const verdict = judge(numbers[index] as number);
      if (verdict === REJECTED) return false;
      isAccepted ||= verdict === ACCEPTED;
    }
    if (isNoted) hasMatch ||= isAccepted;
    return isAccepted;
  }

  function isUnsure(segment: Segment, row: number, isAccepted: boolean): boolean {
    const { starts, numbers, cut } = values.column(segment);
    if (!cut.has(row)) return false;
    if (isAccepted) return test.canReject;
    const seen = numbers.subarray(starts[row], starts[row + 1]);
    return test.needsValue && !seen.some((number) => judge(number) === REJECTED);
  }

  function describeCut(outcome: string): (who: string) => string {
    return (who) =>
      `${who} ${outcome}, judged by the first ${MAX_HOST_VALUES} values of ` +
      `${JSON.stringify(filter.field)} alone, of more`;
  }

  function listCuts(): Cut[] {
    return [
      ...leftOut.tell("host_values", describeCut("left out")),
      ...takenIn.tell("host_values", describeCut("taken in")),
    ];
  }

  return {
    filter,
    listCuts,
    listWarnings: () => [...listDetails(listCuts()), ...describeShared(filter, values)],
    matches: judgeRow,
    isUnsure,
    noteCut: (segment, row, isAccepted) => (isAccepted ? takenIn : leftOut).addRow(segment, row),
    isSeen: () => isSeen,
    hasMatch: () => hasMatch,
  };
}

/** Beginnings that read like an operator and are none. */
const NO_OPERATOR = /^(?:(lte|gte|ne|neq|min|max|lt|le|gt|ge|not):|([<>!]=?|==))/i;

/** What may be wrong with values that no report has. */
function explainNothing({ field, values }: Filter): string[] {
  return values.flatMap((value) => {
    const shown = `${field}=${value.slice(0, 64)}`;
    if (value.includes(" "))
      return [
        `nothing has ${JSON.stringify(shown)}; a "+" in a URL stands for a space: ` +
          "where a plus was meant, write %2B",
      ];
    const [, word, sign] = NO_OPERATOR.exec(value) ?? [];
    const isOperator = word !== undefined && /^(?:lt|le|gt|ge|not)$/.test(word);
    return (word === undefined && sign === undefined) || isOperator
      ? []
      : [`nothing has ${JSON.stringify(shown)}; operators are lt:, le:, gt:, ge:, not: and eq:`];
  });
}
