// The format my.cnf: option files of MariaDB and MySQL, as their my_default.c reads them.
// https://mariadb.com/docs/server/server-management/install-and-upgrade-mariadb/configuring-mariadb/configuring-mariadb-with-option-files
import { SectionTree } from "./sections.ts";
import { type Parsed, splitLines, takeLast } from "./tree.ts";

const ESCAPES = new Map([
  ["n", "\n"],
  ["t", "\t"],
  ["r", "\r"],
  ["b", "\b"],
  ["s", " "],
  ['"', '"'],
  ["'", "'"],
  ["\\", "\\"],
]);

export function parseMyCnf(text: string): Parsed {
  const sections = new SectionTree();
  let isIncluding = false;
  for (const [index, raw] of splitLines(text).entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#") || line.startsWith(";")) continue;
    if (line.startsWith("!")) {
      isIncluding = true;
    } else if (line.startsWith("[")) {
      const end = line.indexOf("]");
      if (end < 0) return { fault: `is not my.cnf: line ${index + 1} begins with [ and has no ]` };
      sections.open(line.slice(1, end).trimEnd());
    } else {
      if (!sections.isInSection) return { fault: `is not my.cnf: line ${index + 1} stands before any group` };
      addOption(sections, cutComment(line));
    }
  }
  return {
    tree: sections.tree,
    canonical: toCanonical,
    ...(isIncluding ? { elsewhere: "the file includes others (!include), which are not followed" } : {}),
  };
}

function addOption(sections: SectionTree, line: string): void {
  const equals = line.indexOf("=");
  const name = toCanonical((equals < 0 ? line : line.slice(0, equals)).trim());
  sections.add(name, equals < 0 ? true : readValue(line.slice(equals + 1).trim()), takeLast);
}

/** Names of options may be written with - or _. */
function toCanonical(name: string): string {
  return name.replaceAll("-", "_");
}

/** A # begins a comment anywhere outside quotes. */
function cutComment(line: string): string {
  let quote = "";
  let isEscaped = false;
  for (let at = 0; at < line.length; at++) {
    const char = line.charAt(at);
    if ((char === '"' || char === "'") && !isEscaped)
      quote = quote === "" ? char : quote === char ? "" : quote;
    if (quote === "" && char === "#") return line.slice(0, at);
    isEscaped = quote !== "" && char === "\\" && !isEscaped;
  }
  return line;
}

function readValue(text: string): string {
  const quote = text.charAt(0);
  const isQuoted = (quote === '"' || quote === "'") && text.length > 1 && text.endsWith(quote);
  return (isQuoted ? text.slice(1, -1) : text).replace(
    /\\([\s\S])/g,
    (whole, char: string) => ESCAPES.get(char) ?? whole,
  );
}
