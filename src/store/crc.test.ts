// Checksums that S3 keeps: the check values of their catalogue, and any bytes by the definition,
// bit by bit.
import fc from "fast-check";
import { expect, it } from "vitest";
import { crc32c, crc64nvme } from "./crc.ts";

// "Catalogue of parametrised CRC algorithms" (reveng.sourceforge.io/crc-catalogue): CRC-32/ISCSI
// and CRC-64/NVME, of "123456789".
it.each([
  [crc32c, "e3069283"],
  [crc64nvme, "ae8b14860a799888"],
])("gives the catalogue's check value, case %#", (digest, expected) => {
  expect(digest(Buffer.from("123456789")).toString("hex")).toBe(expected);
});

/** A CRC with reflected bits, by long division. */
function divide(body: Uint8Array, polynomial: bigint, width: bigint): string {
  const all = (1n << width) - 1n;
  let crc = all;
  for (const byte of body) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = (crc >> 1n) ^ (crc & 1n ? polynomial : 0n);
  }
  return (crc ^ all).toString(16).padStart(Number(width / 4n), "0");
}

it("agrees with long division on any bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (body) => {
      expect(crc32c(body).toString("hex")).toBe(divide(body, 0x82f63b78n, 32n));
      expect(crc64nvme(body).toString("hex")).toBe(divide(body, 0x9a6c9329ac4bc9b5n, 64n));
    }),
  );
});
