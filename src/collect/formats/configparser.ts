// The format configparser: what Python's configparser.ConfigParser reads with its defaults. Values
// are given before interpolation.
// https://docs.python.org/3/library/configparser.html#supported-ini-file-structure
import { SectionTree } from "./sections.ts";
import { AmbiguousValue, addMember, type Members, type Parsed, splitLines } from "./tree.ts";

const HEADER = /^\[(.+)\]/;

const REPEATED = new AmbiguousValue("stands in the text more than once, for which Python refuses the file");

/** An option whose value is not read to its end yet. */
interface Option {
  readonly key: string;
  readonly lines: string[];
  readonly indent: number;
}

export function parseConfigparser(text: string): Parsed {
  const sections = new SectionTree();
  let option: Option | undefined;
  const finish = (): void => {
    if (option) sections.add(option.key, option.lines.join("\n").trimEnd(), () => REPEATED);
    option = undefined;
  };
  for (const [index, raw] of splitLines(text).entries()) {
    const line = raw.trim();
    const isComment = line.startsWith("#") || line.startsWith(";");
    if (isComment) continue;
    const indent = raw.length - raw.trimStart().length;
    if (line === "") {
      option?.lines.push("");
    } else if (option && indent > option.indent) {
      option.lines.push(line);
    } else {
      finish();
      const header = HEADER.exec(line);
      if (header) {
        sections.open(header[1] ?? "");
        continue;
      }
      if (!sections.isInSection)
        return { fault: `is not configparser: line ${index + 1} stands before any section` };
      const at = line.search(/[=:]/);
      if (at < 1)
        return {
          fault: `is not configparser: line ${index + 1} is neither a section nor a key with a value`,
        };
      option = { key: line.slice(0, at).trim().toLowerCase(), lines: [line.slice(at + 1).trim()], indent };
    }
  }
  finish();
  sections.tellRepeatedSections();
  return addDefaults(sections.tree);
}

/**
 * Most values that sections may get from [DEFAULT], so that a text of many sections and many
 * defaults costs no more than its length.
 */
const MAX_INHERITED_DEFAULTS = 100_000;

/** What stands under [DEFAULT] counts in each section that has no such key of its own. */
function addDefaults(tree: Members): Parsed {
  const defaults = Object.entries((tree.DEFAULT ?? {}) as Members);
  const sections = Object.entries(tree).filter(([name]) => name !== "DEFAULT");
  if (defaults.length * sections.length > MAX_INHERITED_DEFAULTS)
    return { fault: `has more than ${MAX_INHERITED_DEFAULTS} values of [DEFAULT] in its sections` };
  for (const [, section] of sections)
    for (const [key, node] of defaults) addMember(section as Members, key, node, (own) => own);
  return { tree, canonical: (key) => key.toLowerCase() };
}
