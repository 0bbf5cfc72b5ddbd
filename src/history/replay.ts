// Replaying: the state that steps lead to, and the roll's view that it stands for.
import type { Problem } from "../report/problem.ts";
import type { Departure } from "../roll/departures.ts";
import { compareKeys } from "../roll/merge.ts";
import type { Segment } from "../roll/segment.ts";
import { createTableBuilder, type Table } from "../roll/table.ts";
import type { RollView } from "../roll/view.ts";
import { applyFacts } from "./facts-patch.ts";
import { applyPatch, PatchMismatch } from "./list-patch.ts";
import { NO_FACTS, type Recorded, type RecordedFacts } from "./recorded.ts";
import { ABSENT, ASIDE, isWhole, REPORTS, type Step } from "./step.ts";

/** Thrown for a step that cannot follow the state. */
export class BrokenStep extends Error {
  override name = "BrokenStep";
}

/**
 * The state after a step: columns by slot, and the slots in use in the order of their keys. What
 * steps change in it, it changes in place.
 */
export interface ReplayState {
  number: number;
  at: number;
  base: number;
  /** Slots given so far. */
  slotCount: number;
  segments: Segment[];
  segmentOf: Uint32Array;
  rowOf: Uint32Array;
  receivedAt: Float64Array;
  updatedAt: Float64Array;
  places: Uint8Array;
  /** Slots in use: by key, and those of one key as they were given. */
  order: Uint32Array;
  problems: readonly Problem[];
  problemCount: number;
  departed: readonly Departure[];
  facts: RecordedFacts;
  noise: readonly string[];
}

/** The state before the first step. */
export function makeReplayState(): ReplayState {
  return {
    number: 0,
    at: Number.NEGATIVE_INFINITY,
    base: 0,
    slotCount: 0,
    segments: [],
    segmentOf: new Uint32Array(0),
    rowOf: new Uint32Array(0),
    receivedAt: new Float64Array(0),
    updatedAt: new Float64Array(0),
    places: new Uint8Array(0),
    order: new Uint32Array(0),
    problems: [],
    problemCount: 0,
    departed: [],
    facts: NO_FACTS,
    noise: [],
  };
}

/**
 * Does what a step says. @throws BrokenStep, and then the state is of no use any more
 */
export function applyStep(state: ReplayState, step: Step): void {
  if (isWhole(step)) Object.assign(state, makeReplayState());
  else if (step.base !== state.base || step.number !== state.number + 1)
    throw new BrokenStep(`entry ${step.number} does not follow entry ${state.number}`);
  applyRows(state, step);
  for (const [place, slot] of step.receipts.slots.entries()) {
    checkInUse(state, slot);
    state.receivedAt[slot] = step.receipts.receivedAt[place] as number;
    state.updatedAt[slot] = step.receipts.updatedAt[place] as number;
  }
  for (const [place, slot] of step.moves.slots.entries()) {
    checkInUse(state, slot);
    state.places[slot] = checkPlace(step.moves.places[place]);
  }
  for (const slot of step.gone) {
    checkInUse(state, slot);
    state.places[slot] = ABSENT;
  }
  if (step.gone.length > 0) state.order = state.order.filter((slot) => state.places[slot] !== ABSENT);
  try {
    state.problems = applyPatch(state.problems, step.problems);
    state.departed = applyPatch(state.departed, step.departed);
    state.facts = applyFacts(state.facts, step.facts);
  } catch (error) {
    if (error instanceof PatchMismatch) throw new BrokenStep(`entry ${step.number}: ${error.message}`);
    throw error;
  }
  state.problemCount = step.problemCount;
  state.noise = step.noise;
  state.number = step.number;
  state.at = step.at;
  state.base = step.base;
}

function applyRows(state: ReplayState, { number, rows }: Step): void {
  const before = state.slotCount;
  const firstSegment = state.segments.length;
  const added: number[] = [];
  let place = 0;
  for (const [index, segment] of rows.segments.entries()) {
    state.segments.push(segment);
    for (let row = 0; row < segment.count; row++, place++) {
      const slot = rows.slots[place];
      if (slot === undefined) throw new BrokenStep(`entry ${number} has more reports than slots`);
      if (slot >= before) {
        if (slot !== state.slotCount) throw new BrokenStep(`entry ${number} skips a slot`);
        reserve(state, ++state.slotCount);
        added.push(slot);
      } else checkInUse(state, slot);
      state.segmentOf[slot] = firstSegment + index;
      state.rowOf[slot] = row;
      state.receivedAt[slot] = rows.receivedAt[place] as number;
      state.updatedAt[slot] = segment.updatedAt[row] as number;
      state.places[slot] = checkPlace(rows.places[place]);
    }
  }
  if (place !== rows.slots.length) throw new BrokenStep(`entry ${number} has fewer reports than slots`);
  if (added.length > 0) state.order = mergeOrder(state, added);
}

/** Slots by key; a new one comes after others of its key. */
function mergeOrder(state: ReplayState, added: readonly number[]): Uint32Array {
  const order = new Uint32Array(state.order.length + added.length);
  let [at, length] = [0, 0];
  let before: number | undefined;
  for (const slot of added) {
    if (before !== undefined && compareSlots(state, before, slot) > 0)
      throw new BrokenStep("new reports are not in the order of their keys");
    before = slot;
    while (at < state.order.length && compareSlots(state, state.order[at] as number, slot) <= 0)
      order[length++] = state.order[at++] as number;
    order[length++] = slot;
  }
  order.set(state.order.subarray(at), length);
  return order;
}

function compareSlots(state: ReplayState, a: number, b: number): number {
  return compareKeys(rowAt(state, a), rowAt(state, b));
}

/** The row of a slot in use. */
export function rowAt({ segments, segmentOf, rowOf }: ReplayState, slot: number) {
  return { segment: segments[segmentOf[slot] as number] as Segment, row: rowOf[slot] as number };
}

function checkInUse({ places, slotCount, number }: ReplayState, slot: number): void {
  if (slot >= slotCount || places[slot] === ABSENT)
    throw new BrokenStep(`after entry ${number}: no report has slot ${slot}`);
}

function checkPlace(place: number | undefined): number {
  if (place !== REPORTS && place !== ASIDE) throw new BrokenStep("a report stands nowhere");
  return place;
}

/** Makes room for so many slots, and for as many again. */
export function reserve(state: ReplayState, count: number): void {
  if (count <= state.places.length) return;
  const room = Math.max(1024, count * 2);
  const grow = <Column extends Uint32Array | Float64Array | Uint8Array>(larger: Column, column: Column) => {
    larger.set(column);
    return larger;
  };
  state.segmentOf = grow(new Uint32Array(room), state.segmentOf);
  state.rowOf = grow(new Uint32Array(room), state.rowOf);
  state.receivedAt = grow(new Float64Array(room), state.receivedAt);
  state.updatedAt = grow(new Float64Array(room), state.updatedAt);
  state.places = grow(new Uint8Array(room), state.places);
}

/**
 * Versions of past views: with a half, so that none is a live one's, which are whole.
 */
let lastVersion = 0.5;

/** The roll that a state stands for; the state may go on. */
export function readState(state: ReplayState): Recorded {
  lastVersion++;
  const aside = buildTable(state, ASIDE);
  const view: RollView = {
    asOf: state.at,
    version: lastVersion,
    reports: buildTable(state, REPORTS),
    problems: state.problems,
    problemCount: state.problemCount,
    ...(aside.rowOf.length > 0 && { aside }),
    departed: state.departed,
  };
  return { number: state.number, at: state.at, view, facts: state.facts, noise: state.noise };
}

function buildTable(state: ReplayState, place: number): Table {
  const { order, places } = state;
  const builder = createTableBuilder(order.length);
  const updatedAt = new Float64Array(order.length);
  for (const slot of order) {
    if (places[slot] !== place) continue;
    updatedAt[builder.length] = state.updatedAt[slot] as number;
    builder.push(
      state.segmentOf[slot] as number,
      state.rowOf[slot] as number,
      state.receivedAt[slot] as number,
    );
  }
  const { length } = builder;
  // A list of its own: the state's grows.
  return { ...builder.build([...state.segments]), updatedAt: updatedAt.subarray(0, length) };
}
