// Columns of whole numbers as few bytes: variable-length integers (LEB128, seven bits a byte),
// signs in the lowest bit. Pure.

/** Largest magnitude that is kept: doubled for its sign it is still exact. */
const MAX_MAGNITUDE = 2 ** 52;

/** Thrown for bytes that are no such column. */
class BrokenColumn extends Error {
  override name = "BrokenColumn";
}

/** Writes numbers. */
export function encodeNumbers(values: ArrayLike<number>): Buffer {
  // Eight bytes hold any of them.
  const bytes = Buffer.allocUnsafe(values.length * 8);
  let at = 0;
  for (let place = 0; place < values.length; place++) {
    const value = values[place] as number;
    if (!Number.isInteger(value) || Math.abs(value) > MAX_MAGNITUDE)
      throw new RangeError(`${value} is no whole number that a column holds`);
    let rest = value < 0 ? -2 * value - 1 : 2 * value;
    while (rest > 127) {
      bytes[at++] = (rest % 128) + 128;
      rest = Math.floor(rest / 128);
    }
    bytes[at++] = rest;
  }
  return bytes.subarray(0, at);
}

/** Reads all numbers of a column. @throws BrokenColumn unless there are exactly so many */
export function decodeNumbers(bytes: Buffer, count: number): Float64Array {
  if (count > bytes.length) throw new BrokenColumn("a column is shorter than it says");
  const values = new Float64Array(count);
  let at = 0;
  for (let place = 0; place < count; place++) {
    let [value, factor] = [0, 1];
    for (;;) {
      const byte = bytes[at++];
      if (byte === undefined || factor > MAX_MAGNITUDE) throw new BrokenColumn("a column breaks off");
      value += (byte & 127) * factor;
      if (byte < 128) break;
      factor *= 128;
    }
    values[place] = value % 2 === 1 ? -(value + 1) / 2 : value / 2;
  }
  if (at !== bytes.length) throw new BrokenColumn("a column is longer than it says");
  return values;
}

/** Writes numbers that mostly ascend: each as its distance from the one before. */
export function encodeAscending(values: ArrayLike<number>): Buffer {
  const distances = new Float64Array(values.length);
  for (let place = 0; place < values.length; place++)
    distances[place] = (values[place] as number) - (place === 0 ? 0 : (values[place - 1] as number));
  return encodeNumbers(distances);
}

/** @throws BrokenColumn */
export function decodeAscending(bytes: Buffer, count: number): Float64Array {
  const values = decodeNumbers(bytes, count);
  for (let place = 1; place < count; place++)
    values[place] = (values[place] as number) + (values[place - 1] as number);
  return values;
}

/** Units that times are kept in, the coarsest that fits all of a column; ms. */
const UNITS = [1000, 1];

/**
 * Writes times before which others are known: as distances from those, in seconds where all are
 * whole ones.
 *
 * @param times ms since the epoch, whole
 * @param before what each is near to, such as the entry's instant
 */
export function encodeTimes(times: ArrayLike<number>, before: (place: number) => number): Buffer {
  const unit = UNITS.find((one) => everyWhole(times, one)) ?? 1;
  const distances = new Float64Array(times.length);
  for (let place = 0; place < times.length; place++)
    distances[place] = Math.floor(before(place) / unit) - (times[place] as number) / unit;
  return Buffer.concat([encodeNumbers([unit]), encodeNumbers(distances)]);
}

/** @throws BrokenColumn */
export function decodeTimes(bytes: Buffer, count: number, before: (place: number) => number): Float64Array {
  const unit = UNITS.find((one) => {
    const head = encodeNumbers([one]);
    return bytes.subarray(0, head.length).equals(head);
  });
  if (unit === undefined) throw new BrokenColumn("a column of times has no unit");
  const times = decodeNumbers(bytes.subarray(encodeNumbers([unit]).length), count);
  for (let place = 0; place < count; place++)
    times[place] = (Math.floor(before(place) / unit) - (times[place] as number)) * unit;
  return times;
}

function everyWhole(times: ArrayLike<number>, unit: number): boolean {
  for (let place = 0; place < times.length; place++) if ((times[place] as number) % unit !== 0) return false;
  return true;
}
