// The format php.ini: as PHP's own scanner reads it (zend_ini_scanner.l). Words (On, E_ALL & ~E_NOTICE, ${NAME}) stay as written.
import { SectionTree } from "./sections.ts";
import { addToList, Doubtful, type Parsed, splitLines, takeLast } from "./tree.ts";

const HEADER = /^\[([^\]]*)\](.*)$/;
const DOUBLE_QUOTED = /^"((?:[^"\\]|\\[\s\S])*)"\s*(?:;.*)?$/;
const SINGLE_QUOTED = /^'([^']*)'\s*(?:;.*)?$/;

export function parsePhpIni(text: string): Parsed {
  const sections = new SectionTree();
  for (const [index, raw] of splitLines(text).entries()) {
    let line = raw.trim();
    if (line.startsWith("[")) {
      const header = HEADER.exec(line);
      if (!header) return { fault: `is not php.ini: line ${index + 1} begins with [ and has no ]` };
      sections.open(header[1] ?? "");
      line = header[2]?.trim() ?? "";
    }
    const equals = line.indexOf("=");
    // PHP passes over a key without = as well.
    if (line.startsWith(";") || equals < 0) continue;
    const key = line.slice(0, equals).trim();
    const node = readValue(line.slice(equals + 1).trim());
    if (key.endsWith("[]")) sections.add(key.slice(0, -2), [node], addToList);
    else sections.add(key, node, takeLast);
  }
  sections.tellRepeatedSections();
  return { tree: sections.tree };
}

function readValue(text: string): unknown {
  const double = DOUBLE_QUOTED.exec(text)?.[1];
  if (double !== undefined) return double.replace(/\\([\\"$])/g, "$1");
  const single = SINGLE_QUOTED.exec(text)?.[1];
  if (single !== undefined) return single;
  const bare = cutComment(text);
  return /["']/.test(bare) ? new Doubtful("has quotes in its middle, or goes on in the next line", { node: text }) : bare;
}

function cutComment(text: string): string {
  const at = text.indexOf(";");
  return at < 0 ? text : text.slice(0, at).trimEnd();
}
