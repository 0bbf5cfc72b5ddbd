// The format configparser: what Python's configparser.ConfigParser reads with its defaults. Values are given before interpolation.
// https://docs.python.org/3/library/configparser.html#supported-ini-file-structure
import { SectionTree } from "./sections.ts";
import { Doubtful, type Parsed, splitLines } from "./tree.ts";

const HEADER = /^\[(.+)\]/;

const REPEATED = new Doubtful("stands in the text more than once, for which Python refuses the file");

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
      if (!sections.isInSection) return { fault: `is not configparser: line ${index + 1} stands before any section` };
      const at = line.search(/[=:]/);
      if (at < 1) return { fault: `is not configparser: line ${index + 1} is neither a section nor a key with a value` };
      option = { key: line.slice(0, at).trim().toLowerCase(), lines: [line.slice(at + 1).trim()], indent };
    }
  }
  finish();
  sections.tellRepeatedSections();
  return { tree: sections.tree, canonical: (key) => key.toLowerCase() };
}
