// The format systemd: units and other files that systemd reads, by systemd.syntax(7).
import { SectionTree } from "./sections.ts";
import { type DuplicateKeyRule, type Parsed, splitLines } from "./tree.ts";

/**
 * A key that stands there again adds to a list, and an empty value empties it. So it is for most
 * keys; of the others the last value counts, which is the last of the list.
 */
const addAssignment: DuplicateKeyRule = (before, next) => {
  if (next === "" || before === "") return next;
  if (!Array.isArray(before)) return [before, next];
  before.push(next);
  return before;
};

export function parseSystemd(text: string): Parsed {
  const sections = new SectionTree();
  for (const { line, number } of joinLines(text)) {
    const equals = line.indexOf("=");
    if (line.startsWith("[")) {
      if (!line.endsWith("]"))
        return { fault: `is not systemd: line ${number} begins with [ and does not end with ]` };
      sections.open(line.slice(1, -1));
    } else if (!sections.isInSection) {
      return { fault: `is not systemd: line ${number} stands before any section` };
    } else if (equals > 0) {
      // A line without = is passed over by systemd too.
      sections.add(line.slice(0, equals).trim(), line.slice(equals + 1).trim(), addAssignment);
    }
  }
  return { tree: sections.tree };
}

/** Lines with what follows their \ put to them; a comment may stand in between. */
function* joinLines(text: string): Generator<{ readonly line: string; readonly number: number }> {
  let pieces: string[] = [];
  const lines = splitLines(text);
  for (const [index, raw] of lines.entries()) {
    const piece = raw.trimStart();
    const isComment = piece.startsWith("#") || piece.startsWith(";");
    const goesOn = !isComment && endsInBackslash(piece);
    if (!isComment) pieces.push(goesOn ? `${piece.slice(0, -1)} ` : piece);
    if ((isComment || goesOn) && index < lines.length - 1) continue;
    const line = pieces.join("").trim();
    pieces = [];
    if (line !== "") yield { line, number: index + 1 };
  }
}

/** Two of them are one that is meant. */
function endsInBackslash(text: string): boolean {
  let at = text.length;
  while (text[at - 1] === "\\") at--;
  return (text.length - at) % 2 === 1;
}
