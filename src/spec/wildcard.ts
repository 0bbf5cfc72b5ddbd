// Wildcards: `*` stands for any run of characters. Not a regular expression, so no pattern takes long.

/** Longest pattern, in characters. */
export const MAX_PATTERN_LENGTH = 1024;

/**
 * Makes a test of whole values from a pattern. `*` is any run of characters, also none; `\*` is a star and `\\` a backslash.
 * Case counts. A test costs at most the value's length times the number of stars, whatever the pattern.
 */
export function compileWildcard(pattern: string): (value: string) => boolean {
  const parts = splitAtStars(pattern);
  const [first = "", ...rest] = parts;
  const last = rest.pop();
  if (last === undefined) return (value) => value === first;
  return (value) => {
    if (value.length < first.length + last.length || !value.startsWith(first) || !value.endsWith(last)) return false;
    let at = first.length;
    for (const part of rest) {
      const found = value.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return at <= value.length - last.length;
  };
}

function splitAtStars(pattern: string): string[] {
  const parts = [""];
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern.charAt(at);
    if (character === "*") parts.push("");
    else if (character === "\\" && at + 1 < pattern.length) parts[parts.length - 1] += pattern.charAt(++at);
    else parts[parts.length - 1] += character;
  }
  return parts;
}
