// Text out of a host's bytes: without a byte order mark, and without what only a terminal would understand.

/** Decodes UTF-8. A byte order mark is no part of the text. */
export function decodeText(bytes: Buffer): { readonly text: string } | { readonly reason: string } {
  const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  if (isUtf16) return { reason: "is UTF-16 by its byte order mark; only UTF-8 is read" };
  const text = bytes.toString("utf8");
  return { text: text.startsWith("\uFEFF") ? text.slice(1) : text };
}

/**
 * Escape sequences of ECMA-48: control strings (OSC, DCS, APC, PM, SOS) up to their terminator, control sequences (CSI), and the short ones.
 * Node's stripVTControlCharacters takes time quadratic in some texts.
 */
const SEQUENCES = [
  "(?:\u001B[\\]PX^_]|[\u0090\u0098\u009D-\u009F])[^\u0007\u001B\u0090\u0098\u009C-\u009F]*(?:\u0007|\u001B\\\\|\u009C)",
  "(?:\u001B\\[|\u009B)[0-?]*[ -/]*[@-~]",
  "\u001B[ -/]*[0-~]",
];
const SEQUENCE = new RegExp(SEQUENCES.join("|"), "g");

/** Takes escape sequences (colours, cursor movements, titles, links) out of a program's output. */
export function stripEscapeSequences(text: string): string {
  return text.replace(SEQUENCE, "");
}
