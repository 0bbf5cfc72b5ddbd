// The format php.ini: as PHP's own scanner reads it (zend_ini_scanner.l). Words (On, E_ALL &
// ~E_NOTICE, ${NAME}) stay as written.
import { SectionTree } from "./sections.ts";
import { AmbiguousValue, addToList, type Parsed, splitLines, takeLast } from "./tree.ts";

const UNCLOSED = Symbol("unclosed");
const HEADER = /^\[([^\]]*)\](.*)$/;

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
    if (node === UNCLOSED)
      return {
        fault: `is not php.ini as it is read here: line ${index + 1} has a quote that is not closed in it`,
      };
    if (key.endsWith("[]")) sections.add(key.slice(0, -2), [node], addToList);
    else sections.add(key, node, takeLast);
  }
  sections.tellRepeatedSections();
  return { tree: sections.tree };
}

function readValue(text: string): unknown {
  let at = 0;
  let quotes = 0;
  while (at < text.length && text[at] !== ";") {
    const quote = text.charAt(at);
    if (quote === '"' || quote === "'") {
      quotes++;
      at = findQuoteEnd(text, at + 1, quote);
      if (at === 0) return UNCLOSED;
    } else at++;
  }
  const whole = text.slice(0, at).trimEnd();
  if (quotes === 0) return whole;
  const quote = whole.charAt(0);
  const isAllQuoted = quotes === 1 && (quote === '"' || quote === "'") && whole.endsWith(quote);
  if (!isAllQuoted)
    return new AmbiguousValue("is put together by PHP out of parts with quotes and without", { node: whole });
  return quote === "'" ? whole.slice(1, -1) : whole.slice(1, -1).replace(/\\([\\"$])/g, "$1");
}

/** @returns the offset after the closing quote; 0 if there is none */
function findQuoteEnd(text: string, start: number, quote: string): number {
  let at = start;
  while (at < text.length && text[at] !== quote) at += quote === '"' && text[at] === "\\" ? 2 : 1;
  return at < text.length ? at + 1 : 0;
}
