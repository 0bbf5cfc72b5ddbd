// What is wrong with a glob that would otherwise find nothing, without a word. Pure.

/**
 * Looks for a brace or bracket that is never closed, and for one that was never opened: the walker
 * takes them as plain characters, so that the glob finds nothing.
 *
 * @returns what to write, in one sentence; undefined if the glob is well
 */
export function findGlobMistake(glob: string): string | undefined {
  const braces: number[] = [];
  for (let at = 0; at < glob.length; at++) {
    const char = glob[at];
    if (char === "\\") at++;
    else if (char === "[") {
      const end = findClassEnd(glob, at);
      if (end === undefined) return explainUnclosed("[", "]", at);
      at = end;
    } else if (char === "{") braces.push(at);
    else if (char === "}" && braces.pop() === undefined) {
      return (
        `the brace "}" at character ${at + 1} was never opened; write {a,b}, or \\} ` +
        "for a brace in a name"
      );
    }
  }
  const [open] = braces;
  return open === undefined ? undefined : explainUnclosed("{", "}", open);
}

/** Where a bracket's class ends; a `]` that comes first is one of its characters (glob(7)). */
function findClassEnd(glob: string, start: number): number | undefined {
  let at = start + 1;
  if (glob[at] === "!" || glob[at] === "^") at++;
  if (glob[at] === "]") at++;
  for (; at < glob.length && glob[at] !== "/"; at++) {
    if (glob[at] === "\\") at++;
    else if (glob[at] === "]") return at;
  }
  return undefined;
}

function explainUnclosed(open: string, close: string, at: number): string {
  const example = open === "{" ? "{a,b}" : "[abc]";
  return (
    `the ${open} at character ${at + 1} is never closed with a ${close}; write ` +
    `${example}, or \\${open} where a name has one`
  );
}
