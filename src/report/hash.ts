// A hash of bytes that nobody outside can foresee: no set of names or values can be made to
// collide, whatever the runtime's own strings do.

/** Differs from process to process. */
const SEED = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;

/**
 * FNV-1a (RFC 9923) from a seed of this process, its bits mixed at the end (MurmurHash3's
 * finalizer); 32 bits.
 */
export function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = SEED;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
