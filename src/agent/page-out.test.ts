// Tests of finding the parts of memory that are given back; that they are, and that it harms
// nothing, is for the executable's own test.
import { expect, it } from "vitest";
import { findCleanRanges, findWholePages, preparePageOut } from "./page-out.ts";

const mapping = (head: string, { dirty = 0, anonymous = 0 } = {}) =>
  `${head}\nSize: 100 kB\nRss: 64 kB\nPrivate_Clean: 64 kB\nShared_Dirty: 0 kB\n` +
  `Private_Dirty: ${dirty} kB\nAnonymous: ${anonymous} kB\nSwap: 0 kB\nVmFlags: rd ` +
  "ex mr\n";

const SMAPS = [
  mapping("00200000-01a39000 r--p 00000000 fe:00 1234                               /usr/bin/rollcall"),
  mapping("01a40000-0684a000 r-xp 01838000 fe:00 1234                               /usr/bin/rollcall"),
  mapping("0684a000-0685f000 r--p 06641000 fe:00 1234                               /usr/bin/rollcall", {
    dirty: 16,
    anonymous: 16,
  }),
  // Of a file that was itself written a moment ago.
  mapping("06870000-06880000 r--p 06667000 fe:00 1234                               /usr/bin/rollcall", {
    dirty: 64,
  }),
  mapping("0685f000-06860000 rw-p 06656000 fe:00 1234                               /usr/bin/rollcall"),
  mapping("5635da00000-5639da00000 rw-p 00000000 00:00 0 ", { anonymous: 900 }),
  mapping(
    "7f27d9a92000-7f27d9be8000 r-xp 00026000 fe:00 99                         " +
      "/usr/lib/x86_64-linux-gnu/libc.so.6",
  ),
].join("");

it("finds code and constants of the program, and nothing that was ever written to", () => {
  expect(findCleanRanges(SMAPS, "/usr/bin/rollcall")).toEqual([
    [0x200000n, 0x1a39000n],
    [0x1a40000n, 0x684a000n],
    [0x6870000n, 0x6880000n],
  ]);
  expect(findCleanRanges(SMAPS, "/usr/bin/other")).toEqual([]);
});

it("takes whole pages of a section, and none that it shares with others", () => {
  expect(findWholePages([0x210001n, 0x23ffffn])).toEqual([0x220000n, 0x230000n]);
  expect(findWholePages([0x210000n, 0x240000n])).toEqual([0x210000n, 0x240000n]);
  expect(findWholePages([0x210001n, 0x22ffffn])).toBeUndefined();
  expect(findWholePages(undefined)).toBeUndefined();
});

it("has nothing to do on Node", async () => {
  expect(await preparePageOut()).toBeUndefined();
});
