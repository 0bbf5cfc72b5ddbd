// Tests of the gate to terminals: no value commands one, and in a pipe each byte stays as it was.
import fc from "fast-check";
import { expect, it } from "vitest";
import { sanitizeLine, sanitizeLines } from "../../report/safe-text.ts";
import { makeIo } from "../../testing/io-double.ts";
import { openTerminalWriter, sanitizeStyled, style } from "./terminal-text.ts";

/** Controls, separators of lines, and what turns the direction of writing. */
const COMMANDING = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;

/**
 * What clears a screen, names a window, writes the clipboard (OSC 52), goes up a line; in 7 and in
 * 8 bits.
 */
const ATTACKS = [
  "\u001b[2J",
  "\u001b]0;x\u0007",
  "\u001b]52;c;cm0=\u0007",
  "\u001b[1A",
  "\u009b2J",
  "\u009d52;c;x\u009c",
  "\u202e",
  "\r",
  "\b",
];

const nasty = fc.string({
  unit: fc.oneof(
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
    fc.constantFrom(...ATTACKS, "\n", "\t", "\u001b[2m"),
  ),
});

const collect = (isTerminal: boolean) => {
  const chunks: Buffer[] = [];
  const writing = openTerminalWriter(isTerminal, async (text) => void chunks.push(Buffer.from(text)));
  return { writing, read: () => Buffer.concat(chunks) };
};

it("leaves nothing that commands, in a line, in lines and around styles", () => {
  fc.assert(fc.property(nasty, (text) => !COMMANDING.test(sanitizeLine(text))));
  fc.assert(fc.property(nasty, (text) => !COMMANDING.test(sanitizeLines(text).replace(/[\n\t]/g, ""))));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  const styles = /\u001b\[(?:1|2|22|33|39)m/g;
  fc.assert(
    fc.property(
      nasty,
      (text) =>
        !COMMANDING.test(
          sanitizeStyled(text)
            .replace(styles, "")
            .replace(/[\n\t]/g, ""),
        ),
    ),
  );
});

it("keeps bytes as they are where no terminal is", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array(), async (bytes) => {
      const { writing, read } = collect(false);
      await writing.write(bytes);
      expect(read()).toEqual(Buffer.from(bytes));
    }),
  );
});

it("sees what commands though it comes in two pieces, and cuts no character", async () => {
  await fc.assert(
    fc.asyncProperty(nasty, fc.nat(), async (text, at) => {
      const bytes = Buffer.from(text);
      const { writing, read } = collect(true);
      await writing.write(bytes.subarray(0, at % (bytes.length + 1)));
      await writing.write(bytes.subarray(at % (bytes.length + 1)));
      expect(read().toString()).toBe(sanitizeLines(bytes.toString()));
    }),
  );
});

it("shows JSON as JSON of the same value", () => {
  fc.assert(
    fc.property(nasty, (text) => {
      // In JSON a host may leave C1 and turning characters as they are.
      const json = JSON.stringify(text);
      expect(JSON.parse(sanitizeLines(json))).toBe(text);
    }),
  );
});

it("lets styles of our own through, on a terminal that shows them", async () => {
  const io = await makeIo({ isTerminal: true });
  await io.stdout.writeStyled(`${style("dim", "A", io)}${ATTACKS.join("")}\n`);
  expect(io.out()).toBe(`\u001b[2mA\u001b[22m${sanitizeLine(ATTACKS.join(""))}\n`);
});
