// Text out of a host's bytes: without a byte order mark, and without what only a terminal would
// understand.

/** Decodes UTF-8. A byte order mark is no part of the text. */
export function decodeText(bytes: Buffer): { readonly text: string } | { readonly reason: string } {
  const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  if (isUtf16) return { reason: "is UTF-16 by its byte order mark; only UTF-8 is read" };
  const text = bytes.toString("utf8");
  return { text: text.startsWith("\uFEFF") ? text.slice(1) : text };
}

/**
 * Escape sequences of ECMA-48: control strings (OSC, DCS, APC, PM, SOS) up to their terminator,
 * control sequences (CSI), and the short ones. Node's stripVTControlCharacters takes time quadratic
 * in some texts. What moves the cursor within a line, or changes what stands there, is not among
 * them: `1.1x`, a step to the left and `0` read 1.10 on a terminal. It stays, and a value with it
 * is refused.
 */
const SEQUENCES = [
  // A line that is begun anew, with nothing left in it.
  "\u001B\\[2K\u001B\\[1?G|\u001B\\[1?G\u001B\\[2K",
  "(?:\u001B[\\]PX^_]|[\u0090\u0098\u009D-\u009F])[^\u0007\u001B\u0090\u0098\u009C-\u009F]*(?:\u0007|\u001B\\\\|\u009C)",
  "(?:\u001B\\[|\u009B)[0-?]*[ -/]*[JKNOQRU-WY\\[-_g-~]",
  "\u001B[ -/]*[0-Z\\\\-~]",
];
const SEQUENCE = new RegExp(SEQUENCES.join("|"), "g");

/** Takes escape sequences (colours, titles, links, modes) out of a program's output. */
export function stripEscapeSequences(text: string): string {
  return text.replace(SEQUENCE, "");
}
