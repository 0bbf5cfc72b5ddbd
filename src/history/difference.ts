// The difference of the roll's view from the state that history has: the next step.
import { EXPIRY_MS } from "../report/limits.ts";
import type { Problem } from "../report/problem.ts";
import { compareKeys } from "../roll/merge.ts";
import { bodyLength, readBody, readEtag, readKey, type Segment } from "../roll/segment.ts";
import type { RollView } from "../roll/view.ts";
import { ROW_BYTES, type Yielder } from "../roll/yielder.ts";
import { createChangeList, type DescribeHost, type Row } from "./change-list.ts";
import { diffFacts } from "./facts-patch.ts";
import { diffLists } from "./list-patch.ts";
import { isSameButNoise, type Noise } from "./noise.ts";
import { listOccurrences } from "./occurrences.ts";
import type { Gap, RecordedFacts } from "./recorded.ts";
import { makeReplayState, type ReplayState, reserve, rowAt } from "./replay.ts";
import { ABSENT, REPORTS, type Step } from "./step.ts";

/** The next step, before it is put. */
export interface Difference {
  /** Without its reports. */
  readonly step: Step;
  /** The reports that go with it, where they lie in the view. */
  readonly rows: readonly Row[];
  /** Whether nothing is in it. */
  readonly isEmpty: boolean;
  /** Makes the state what the step leads to, over the view's own rows: nothing is held twice. */
  adopt(): void;
}

export interface DifferenceOptions {
  readonly view: RollView;
  readonly facts: RecordedFacts;
  readonly everyMs: number;
  readonly noise: Noise;
  /** The same as they were given. */
  readonly noiseFields: readonly string[];
  readonly describeHost: DescribeHost;
  readonly yielder: Yielder;
  /** Whether the step holds all reports. */
  readonly isWhole: boolean;
  /** Whether the state is that before this step, so that there are changes to be told. */
  readonly tellsChanges: boolean;
  /** Number of the step. */
  readonly number: number;
  readonly gap?: Gap | undefined;
}

type Columns = [number[], number[], number[]];

/** Rows between two turns of others. */
const ROWS = 1024;

/** Compares a view with the state before it. The state stays as it is until it is told to adopt. */
export async function findDifference(state: ReplayState, options: DifferenceOptions): Promise<Difference> {
  const { view, facts, noise, yielder, isWhole, tellsChanges, number } = options;
  const at = view.asOf;
  const now = listOccurrences(view);
  const slotOf = new Uint32Array(now.count);
  const rows: Row[] = [];
  const [rowSlots, rowPlaces, rowTimes]: Columns = [[], [], []];
  const [receiptSlots, receiptTimes, receiptUpdates]: Columns = [[], [], []];
  const [moveSlots, movePlaces, gone]: Columns = [[], [], []];
  const list = createChangeList({ entry: number, at, noise, describeHost: options.describeHost });
  const reasons = { before: indexReasons(state.problems), after: indexReasons(view.problems) };
  const departed = once(() => new Set(view.departed.map(({ key }) => key)));
  let slotCount = isWhole ? 0 : state.slotCount;
  let place = 0;

  const rowOf = (occurrence: number): Row => ({
    segment: now.segments[now.segmentOf[occurrence] as number] as Segment,
    row: now.rowOf[occurrence] as number,
  });

  function isFirstOfKey(occurrence: number, row: Row): boolean {
    return occurrence === 0 || compareKeys(rowOf(occurrence - 1), row) !== 0;
  }

  function takeGone(slot: number): void {
    if (!isWhole) gone.push(slot);
    if (!tellsChanges || state.places[slot] !== REPORTS) return;
    const row = rowAt(state, slot);
    const receivedAt = state.receivedAt[slot] as number;
    const key = readKey(row.segment, row.row);
    const reason = reasons.after().get(key);
    if (reason !== undefined) list.addEvent(row, receivedAt, { kind: "set_aside", after: reason });
    else if (departed().has(key)) list.addEvent(row, receivedAt, { kind: "departed" });
    else list.addEvent(row, receivedAt, { kind: at - receivedAt > EXPIRY_MS ? "expired" : "removed" });
  }

  /** What became of a host whose report stands elsewhere now. */
  function tellMove(row: Row, before: number, after: number, receivedAt: number): void {
    const key = readKey(row.segment, row.row);
    if (after === REPORTS) {
      const reason = reasons.before().get(key);
      if (reason === undefined) list.addEvent(row, receivedAt, { kind: "arrived" });
      else list.addEvent(row, receivedAt, { kind: "restored", before: reason });
      return;
    }
    const reason = reasons.after().get(key);
    if (reason !== undefined) list.addEvent(row, receivedAt, { kind: "set_aside", after: reason });
    else if (before === REPORTS) list.addEvent(row, receivedAt, { kind: "departed" });
  }

  function takeRow(slot: number, row: Row, occurrence: number): void {
    rows.push(row);
    rowSlots.push(slot);
    rowPlaces.push(now.places[occurrence] as number);
    rowTimes.push(now.receivedAt[occurrence] as number);
  }

  /** The slot whose report has the same key. */
  function findSlot(row: Row): number | undefined {
    while (place < state.order.length) {
      const slot = state.order[place] as number;
      const isSame =
        state.rowOf[slot] === row.row && state.segments[state.segmentOf[slot] as number] === row.segment;
      const order = isSame ? 0 : compareKeys(rowAt(state, slot), row);
      if (order > 0) return undefined;
      place++;
      if (order === 0) return slot;
      takeGone(slot);
    }
    return undefined;
  }

  /** The row's body stays: when it came, and where it stands, may be new. */
  function takeReceipt(slot: number, { segment, row }: Row, occurrence: number): void {
    const [stands, receivedAt] = [now.places[occurrence] as number, now.receivedAt[occurrence] as number];
    const updatedAt = segment.updatedAt[row] as number;
    if (receivedAt !== state.receivedAt[slot] || updatedAt !== state.updatedAt[slot]) {
      receiptSlots.push(slot);
      receiptTimes.push(receivedAt);
      receiptUpdates.push(updatedAt);
    }
    if (state.places[slot] === stands) return;
    moveSlots.push(slot);
    movePlaces.push(stands);
  }

  function takeOccurrence(occurrence: number, row: Row, old: number | undefined): void {
    const slot = old === undefined || isWhole ? slotCount++ : old;
    slotOf[occurrence] = slot;
    const isOther = old === undefined || judge(rowAt(state, old), row, noise) === "other";
    if (tellsChanges) tell(occurrence, row, old, isOther);
    if (isWhole || isOther) takeRow(slot, row, occurrence);
    else takeReceipt(slot, row, occurrence);
  }

  function tell(occurrence: number, row: Row, old: number | undefined, isOther: boolean): void {
    const [stands, receivedAt] = [now.places[occurrence] as number, now.receivedAt[occurrence] as number];
    const before = old === undefined ? ABSENT : (state.places[old] as number);
    if (before !== stands) {
      if (isFirstOfKey(occurrence, row)) tellMove(row, before, stands, receivedAt);
    } else if (isOther && old !== undefined && stands === REPORTS)
      list.addFields(rowAt(state, old), row, receivedAt);
  }

  for (let occurrence = 0; occurrence < now.count; occurrence++) {
    if (occurrence % ROWS === ROWS - 1) await yielder.spend(ROWS * ROW_BYTES);
    const row = rowOf(occurrence);
    const old = findSlot(row);
    if (old === undefined || !isSameRow(rowAt(state, old), row)) {
      const wait = yielder.spend(bodyLength(row.segment, row.row));
      if (wait !== undefined) await wait;
    }
    takeOccurrence(occurrence, row, old);
  }
  while (place < state.order.length) takeGone(state.order[place++] as number);

  const base = isWhole ? makeReplayState() : state;
  const problems = diffLists(base.problems, view.problems, ({ key }) => key);
  const departures = diffLists(base.departed, view.departed, ({ key }) => key);
  const patch = diffFacts(base.facts, facts);
  const step: Step = {
    number,
    at,
    everyMs: options.everyMs,
    base: isWhole ? number : state.base,
    ...(options.gap && { gap: options.gap }),
    rows: {
      segments: [],
      slots: Uint32Array.from(rowSlots),
      places: Uint8Array.from(rowPlaces),
      receivedAt: Float64Array.from(rowTimes),
    },
    receipts: {
      slots: Uint32Array.from(receiptSlots),
      receivedAt: Float64Array.from(receiptTimes),
      updatedAt: Float64Array.from(receiptUpdates),
    },
    moves: { slots: Uint32Array.from(moveSlots), places: Uint8Array.from(movePlaces) },
    gone: Uint32Array.from(gone),
    ...(problems && { problems }),
    problemCount: view.problemCount,
    ...(departures && { departed: departures }),
    facts: patch,
    noise: options.noiseFields,
    changes: list.changes,
    dropped: list.dropped,
  };
  const isEmpty =
    !isWhole &&
    [rowSlots, receiptSlots, moveSlots, gone].every(({ length }) => length === 0) &&
    !problems &&
    !departures &&
    view.problemCount === state.problemCount &&
    Object.keys(patch).length === 0;

  function adopt(): void {
    if (isWhole) Object.assign(state, makeReplayState());
    reserve(state, slotCount);
    for (const slot of gone) state.places[slot] = ABSENT;
    state.segments = [...now.segments];
    for (let occurrence = 0; occurrence < now.count; occurrence++) {
      const slot = slotOf[occurrence] as number;
      const segment = now.segmentOf[occurrence] as number;
      const row = now.rowOf[occurrence] as number;
      state.segmentOf[slot] = segment;
      state.rowOf[slot] = row;
      state.receivedAt[slot] = now.receivedAt[occurrence] as number;
      state.updatedAt[slot] = (now.segments[segment] as Segment).updatedAt[row] as number;
      state.places[slot] = now.places[occurrence] as number;
    }
    const { problemCount, departed: left } = view;
    Object.assign(state, { slotCount, order: slotOf, problems: view.problems, problemCount, departed: left });
    Object.assign(state, { facts, noise: options.noiseFields, number, at, base: step.base });
  }
  return { step, rows, isEmpty, adopt };
}

function isSameRow(one: Row, other: Row): boolean {
  return one.segment === other.segment && one.row === other.row;
}

/** Whether two reports of a key are the same but for noise. */
function judge(old: Row, now: Row, noise: Noise): "same" | "other" {
  if (isSameRow(old, now) || readEtag(old.segment, old.row) === readEtag(now.segment, now.row)) return "same";
  const isSame = isSameButNoise(readBody(old.segment, old.row), readBody(now.segment, now.row), noise);
  return isSame ? "same" : "other";
}

/** Why reports were set aside, by key; made when it is first asked for. */
function indexReasons(problems: readonly Problem[]): () => ReadonlyMap<string, string> {
  return once(() => new Map(problems.map(({ key, reason }) => [key, reason])));
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
