// The values of one field or label in one segment, as numbers of a dictionary.

/** A field's values in one segment, by row. Immutable. */
export interface Column {
  /** Where each row's values begin in `numbers`, and one more for the end. */
  readonly starts: Uint32Array;
  /**
   * Numbers in the field's dictionary, in the order of the report; a value that a row has twice
   * stands there once.
   */
  readonly numbers: Uint32Array;
  /** The rows that have more values than MAX_HOST_VALUES: of these the first ones are there. */
  readonly cut: ReadonlySet<number>;
  /** By row, 1 where it has a field of the label's name, which counts for it; mostly none has. */
  readonly ofField: Uint8Array | undefined;
}

export const EMPTY_COLUMN: Column = {
  starts: new Uint32Array(1),
  numbers: new Uint32Array(0),
  cut: new Set(),
  ofField: undefined,
};

/**
 * Distinct values of one field that count of one host. They are multiplied by groups, so that
 * without a bound one report could fill the memory.
 */
export const MAX_HOST_VALUES = 1000;
