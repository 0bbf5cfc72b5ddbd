// Finding a section of a program's file in its memory, by the section headers of ELF: elf(5).
import { closeSync, openSync, readSync } from "node:fs";

/** e_type of a program that lies where its headers say. */
const ET_EXEC = 2;
const ELF64_LITTLE_ENDIAN = "7f454c460201";
const HEADER_BYTES = 64;
const SECTION_HEADER_BYTES = 64;
/** More than any linker makes. */
const MAX_SECTIONS = 1000;
const MAX_NAMES_BYTES = 64 * 1024;

/** Memory from one address up to another. */
export type Range = readonly [start: bigint, end: bigint];

/**
 * @param read gives so many bytes of the file from an offset, or fewer at its end
 * @returns where a section lies in memory; undefined where there is none, or its address is known
 *   only once the program is loaded
 */
export function findSection(
  read: (offset: number, length: number) => Buffer,
  name: string,
): Range | undefined {
  const header = read(0, HEADER_BYTES);
  if (header.length < HEADER_BYTES || header.toString("hex", 0, 6) !== ELF64_LITTLE_ENDIAN) return undefined;
  if (header.readUInt16LE(16) !== ET_EXEC || header.readUInt16LE(58) !== SECTION_HEADER_BYTES)
    return undefined;
  const count = header.readUInt16LE(60);
  if (count > MAX_SECTIONS) return undefined;
  const table = read(Number(header.readBigUInt64LE(40)), count * SECTION_HEADER_BYTES);
  const sections = Array.from({ length: Math.floor(table.length / SECTION_HEADER_BYTES) }, (_, at) =>
    table.subarray(at * SECTION_HEADER_BYTES, (at + 1) * SECTION_HEADER_BYTES),
  );
  const ofNames = sections[header.readUInt16LE(62)];
  if (!ofNames) return undefined;
  const names = read(readOffset(ofNames), Math.min(MAX_NAMES_BYTES, Number(ofNames.readBigUInt64LE(32))));
  const found = sections.find((section) => {
    const start = section.readUInt32LE(0);
    return names.toString("latin1", start, start + name.length + 1) === `${name}\0`;
  });
  if (!found) return undefined;
  const address = found.readBigUInt64LE(16);
  return address === 0n ? undefined : [address, address + found.readBigUInt64LE(32)];
}

/** As findSection, of a file. @throws what the file system says */
export function findSectionOf(file: string, name: string): Range | undefined {
  const descriptor = openSync(file, "r");
  try {
    return findSection((offset, length) => {
      const bytes = Buffer.alloc(length);
      return bytes.subarray(0, readSync(descriptor, bytes, 0, length, offset));
    }, name);
  } finally {
    closeSync(descriptor);
  }
}

function readOffset(section: Buffer): number {
  return Number(section.readBigUInt64LE(24));
}
