// Wildcards: `*` stands for any run of characters. Not a regular expression, so no pattern takes
// long.

/** Longest pattern, in characters. */
export const MAX_WILDCARD_LENGTH = 1024;

/**
 * Makes a test of whole values from a pattern. `*` is any run of characters, also none; `\*` is a
 * star and `\\` a backslash. Case counts. A test costs at most the value's length times the number
 * of stars, whatever the pattern.
 */
export function compileWildcard(pattern: string): (value: string) => boolean {
  const parts = splitAtStars(pattern);
  const [first = "", ...rest] = parts;
  const last = rest.pop();
  if (last === undefined) return (value) => value === first;
  return (value) => {
    if (value.length < first.length + last.length || !value.startsWith(first) || !value.endsWith(last))
      return false;
    let at = first.length;
    for (const part of rest) {
      const found = findPart(value, part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return at <= value.length - last.length;
  };
}

/**
 * Above so many steps the runtime's own search, quick as it mostly is, could take a second for one
 * value.
 */
const MAX_MATCH_STEPS = 1_000_000;

function findPart(value: string, part: string, from: number): number {
  return value.length * part.length > MAX_MATCH_STEPS
    ? findLinear(value, part, from)
    : value.indexOf(part, from);
}

/** As String.indexOf, in a time that the lengths alone decide (Knuth, Morris and Pratt). */
function findLinear(value: string, part: string, from: number): number {
  const borders = new Uint16Array(part.length);
  for (let at = 1, border = 0; at < part.length; at++) {
    while (border > 0 && part.charCodeAt(at) !== part.charCodeAt(border))
      border = borders[border - 1] as number;
    if (part.charCodeAt(at) === part.charCodeAt(border)) border++;
    borders[at] = border;
  }
  for (let at = from, matched = 0; at < value.length; at++) {
    while (matched > 0 && value.charCodeAt(at) !== part.charCodeAt(matched))
      matched = borders[matched - 1] as number;
    if (value.charCodeAt(at) === part.charCodeAt(matched)) matched++;
    if (matched === part.length) return at - part.length + 1;
  }
  return -1;
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
