// Where a section of a program lies, beside what readelf says of it.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { findSectionOf } from "../../src/agent/elf-section.ts";

/** ELF's e_type: a program whose addresses the linker chose; any other's the loader chooses. */
const ET_EXEC = 2;

it("a section is where the linker put it", () => {
  const file = process.execPath;
  const listed = execFileSync("readelf", ["-SW", file], { encoding: "utf8" });
  const [, address, size] = /\] \.rodata +\S+ +([0-9a-f]+) [0-9a-f]+ ([0-9a-f]+)/.exec(listed) ?? [];
  const [start, length] = [BigInt(`0x${address}`), BigInt(`0x${size}`)];
  const isFixed = readFileSync(file).readUInt16LE(16) === ET_EXEC;
  expect(findSectionOf(file, ".rodata")).toEqual(isFixed ? [start, start + length] : undefined);
});
