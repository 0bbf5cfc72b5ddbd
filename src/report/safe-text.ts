// Text from anywhere, made harmless for terminals and logs. Pure.

/**
 * Control characters (C0, DEL, C1), which move the cursor, write the clipboard or rename the
 * window, and characters that turn the direction of writing or break lines. Reports come from
 * hosts, and a host may be hostile.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const COMMANDING = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/**
 * Makes what commands visible, such as `\u001b`: within a string of JSON it still means the same.
 */
function show(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** Makes text harmless, as one line. */
export function sanitizeLine(text: string): string {
  return text.replace(COMMANDING, show);
}

/** Makes text harmless; its lines and tabs stay. */
export function sanitizeLines(text: string): string {
  return text.replace(COMMANDING, (character) =>
    character === "\n" || character === "\t" ? character : show(character),
  );
}
