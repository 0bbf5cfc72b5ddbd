// Checksums that S3 keeps and node:zlib does not have: CRC-32C and CRC-64/NVME, with a table for a
// byte each. Pure.

/** CRC-32C (RFC 3720, appendix B.4): the polynomial 0x1EDC6F41, its bits in reverse. */
const POLYNOMIAL_32C = 0x82f63b78;

/**
 * CRC-64/NVME (NVM Express, "NVM Command Set Specification", 64b CRC): 0xAD93D23594C93659, its bits
 * in reverse, in two halves.
 */
const POLYNOMIAL_64 = { high: 0x9a6c9329, low: 0xac4bc9b5 };

const TABLE_32C = new Uint32Array(256);
const TABLE_HIGH = new Uint32Array(256);
const TABLE_LOW = new Uint32Array(256);
for (let byte = 0; byte < 256; byte++) {
  let [value, high, low] = [byte, 0, byte];
  for (let bit = 0; bit < 8; bit++) {
    value = (value >>> 1) ^ (value & 1 ? POLYNOMIAL_32C : 0);
    const carried = low & 1;
    low = ((low >>> 1) | (high << 31)) ^ (carried ? POLYNOMIAL_64.low : 0);
    high = (high >>> 1) ^ (carried ? POLYNOMIAL_64.high : 0);
  }
  TABLE_32C[byte] = value;
  TABLE_HIGH[byte] = high;
  TABLE_LOW[byte] = low;
}

/** @returns four bytes, the highest first */
export function crc32c(body: Uint8Array): Buffer {
  let crc = 0xffffffff;
  for (const byte of body) crc = (crc >>> 8) ^ (TABLE_32C[(crc ^ byte) & 0xff] as number);
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(~crc >>> 0);
  return bytes;
}

/** @returns eight bytes, the highest first */
export function crc64nvme(body: Uint8Array): Buffer {
  let [high, low] = [0xffffffff, 0xffffffff];
  for (const byte of body) {
    const at = (low ^ byte) & 0xff;
    low = ((low >>> 8) | (high << 24)) ^ (TABLE_LOW[at] as number);
    high = (high >>> 8) ^ (TABLE_HIGH[at] as number);
  }
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32BE(~high >>> 0);
  bytes.writeUInt32BE(~low >>> 0, 4);
  return bytes;
}
