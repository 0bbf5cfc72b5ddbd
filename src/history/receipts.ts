// Which reports came by a step, and which went: what falling silent and returning follow from.
import { readKey } from "../roll/segment.ts";
import { applyStep, type ReplayState, rowAt } from "./replay.ts";
import { isWhole, REPORTS, type Step } from "./step.ts";

/** Which reports came by one entry, and which went. */
export interface EntryReceipts {
  readonly entry: number;
  /** ms since the epoch. */
  readonly at: number;
  /**
   * Whether the keys are all of the roll: at the beginning, at the first entry of a day, and after
   * what could not be read.
   */
  readonly isWhole: boolean;
  /** Keys of reports that stand in the roll. */
  readonly keys: readonly string[];
  /** When the store received each; ms since the epoch. */
  readonly receivedAt: Float64Array;
  /** Keys whose reports stand in the roll no more. */
  readonly left: readonly string[];
}

/** All reports of a state. */
export function readAllReceipts(state: ReplayState): EntryReceipts {
  const slots = [...state.order].filter((slot) => state.places[slot] === REPORTS);
  return describe(state, slots, [], true);
}

/** Applies a step, and tells what came and went by it. @throws BrokenStep */
export function applyForReceipts(state: ReplayState, step: Step): EntryReceipts {
  if (isWhole(step)) {
    applyStep(state, step);
    return readAllReceipts(state);
  }
  const touched = new Set([...step.rows.slots, ...step.receipts.slots, ...step.moves.slots]);
  const stands = (slot: number) => state.places[slot] === REPORTS;
  const stood = [...touched, ...step.gone].filter(stands);
  applyStep(state, step);
  const left = stood.filter((slot) => !stands(slot));
  return describe(state, [...touched].filter(stands), left, false);
}

function describe(state: ReplayState, slots: number[], left: number[], isAll: boolean): EntryReceipts {
  const keyOf = (slot: number): string => {
    const { segment, row } = rowAt(state, slot);
    return readKey(segment, row);
  };
  return {
    entry: state.number,
    at: state.at,
    isWhole: isAll,
    keys: slots.map(keyOf),
    receivedAt: Float64Array.from(slots, (slot) => state.receivedAt[slot] as number),
    left: left.map(keyOf),
  };
}
