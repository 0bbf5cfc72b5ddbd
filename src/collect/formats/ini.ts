// The format ini: what the dialects of INI have in common. Where they disagree, a value stays
// whole, and that is told.
import { SectionTree } from "./sections.ts";
import { AmbiguousValue, addToList, type Parsed, refuseRepeated, splitLines } from "./tree.ts";

const COMMENT = /^[;#]/;
/** What follows a section's name can only be a comment. */
const HEADER = /^\[([^\]]*)\]\s*(?:[;#].*)?$/;
const TRUTH = new Map([
  ["true", true],
  ["false", false],
]);

const GOES_ON = new AmbiguousValue(
  "in the text a line with a deeper indent follows, which goes on with this value " +
    "for some programs and for others does not; name the dialect in format",
);
const MAY_BE_PART = new AmbiguousValue(
  "stands in a line with a deeper indent than the one before, which is part of that " +
    "one's value for some programs; name the dialect in format",
);

export function parseIni(text: string): Parsed {
  const sections = new SectionTree();
  /** How deep the last key's line is indented; undefined where no line can go on with another. */
  let indent: number | undefined;
  for (const [index, raw] of splitLines(text).entries()) {
    const line = raw.trim();
    if (line === "" || COMMENT.test(line)) continue;
    const header = line.startsWith("[") ? HEADER.exec(line) : undefined;
    if (header === null)
      return { fault: `is not ini: line ${index + 1} begins with [ and is no section's name` };
    if (header) {
      sections.open(header[1]?.trim() ?? "");
      indent = undefined;
      continue;
    }
    const depth = raw.length - raw.trimStart().length;
    const isDeeper = indent !== undefined && depth > indent;
    if (isDeeper) sections.markLastAmbiguous(GOES_ON);
    else indent = depth;
    addEntry(sections, line, isDeeper);
  }
  sections.tellRepeatedSections();
  return { tree: sections.tree };
}

function addEntry(sections: SectionTree, line: string, isDeeper: boolean): void {
  // With neither = nor :, the key alone says yes.
  const at = line.includes("=") ? line.indexOf("=") : line.indexOf(":");
  const key = (at < 0 ? line : line.slice(0, at)).trim();
  const node = isDeeper ? MAY_BE_PART : at < 0 ? true : readValue(line.slice(at + 1).trim());
  if (key.endsWith("[]")) sections.add(key.slice(0, -2), [node], addToList);
  else sections.add(key, node, refuseRepeated);
}

function readValue(text: string): unknown {
  const quoted = /^"([^"]*)"$/.exec(text) ?? /^'([^']*)'$/.exec(text);
  if (quoted) return quoted[1];
  const truth = TRUTH.get(text);
  if (truth !== undefined) return truth;
  if (/(?:^|\s)[;#]/.test(text)) {
    return new AmbiguousValue(
      "may end in a comment (; or #): some programs take one here, others do not; name the dialect in format",
      {
        node: text,
      },
    );
  }
  if (text.endsWith("\\")) {
    return new AmbiguousValue(
      "ends in \\, after which the next line goes on for some programs; name the dialect in format",
      {
        node: text,
      },
    );
  }
  return text;
}
