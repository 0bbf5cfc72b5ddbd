// Tests of finding a section of a program, and of hostile files; beside readelf:
// test/compared/elf-section.test.ts.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findSection, findSectionOf } from "./elf-section.ts";

/** A program of two sections and their names, at address 0x200000. */
function makeProgram({ type = 2, sections = [".text", ".bun", ".bun_builtins"] } = {}): Buffer {
  const names = Buffer.from(`\0${[...sections, ".shstrtab"].join("\0")}\0`, "latin1");
  const header = Buffer.alloc(64);
  header.write("7f454c460201", "hex");
  header.writeUInt16LE(type, 16);
  header.writeBigUInt64LE(64n, 40);
  header.writeUInt16LE(64, 58);
  header.writeUInt16LE(sections.length + 1, 60);
  header.writeUInt16LE(sections.length, 62);
  const table = [...sections, ".shstrtab"].map((name, at) => {
    const section = Buffer.alloc(64);
    section.writeUInt32LE(names.indexOf(`\0${name}\0`) + 1, 0);
    if (name !== ".shstrtab") section.writeBigUInt64LE(0x200000n + BigInt(at) * 0x10000n, 16);
    section.writeBigUInt64LE(BigInt(64 + 64 * (sections.length + 1)), 24);
    section.writeBigUInt64LE(name === ".shstrtab" ? BigInt(names.length) : 0x8001n, 32);
    return section;
  });
  return Buffer.concat([header, ...table, names]);
}

const readerOf = (bytes: Buffer) => (offset: number, length: number) =>
  bytes.subarray(offset, offset + length);

describe("a section of a program", () => {
  it("is found by its whole name", () => {
    expect(findSection(readerOf(makeProgram()), ".bun")).toEqual([0x210000n, 0x218001n]);
    expect(findSection(readerOf(makeProgram()), ".bun_builtins")).toEqual([0x220000n, 0x228001n]);
    expect(findSection(readerOf(makeProgram()), ".bu")).toBeUndefined();
    expect(findSection(readerOf(makeProgram({ sections: [".text"] })), ".bun")).toBeUndefined();
  });

  it("is not told where the loader chooses the address, or the section is not in memory", () => {
    expect(findSection(readerOf(makeProgram({ type: 3 })), ".bun")).toBeUndefined();
    expect(findSection(readerOf(makeProgram()), ".shstrtab")).toBeUndefined();
  });

  it("is not told of what is no program, or is cut", () => {
    const program = makeProgram();
    for (let length = 0; length < program.length; length += 7)
      findSection(readerOf(program.subarray(0, length)), ".bun");
    expect(findSectionOf(new URL(import.meta.url).pathname, ".bun")).toBeUndefined();
    const bytes = fc.uint8Array({ maxLength: 300 });
    fc.assert(
      fc.property(
        bytes,
        (tail) => void findSection(readerOf(Buffer.concat([program.subarray(0, 64), tail])), ".bun"),
      ),
    );
  });
});
