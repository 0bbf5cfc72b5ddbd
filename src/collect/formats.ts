// Parses text of each format into a tree of plain values. Pure; what a file holds never gets into a reason.
import { parse as parseDotenv } from "dotenv";
import ini from "ini";
import { getProperties } from "properties-file";
import { parse as parseToml, TomlError } from "smol-toml";
import { isMap, isScalar, LineCounter, parseDocument, visit } from "yaml";
import type { TreeFormat } from "../spec/schema.ts";

/** A parsed file. Objects in it may be hostile: look at own properties only. */
export type Parsed = { readonly tree: unknown } | { readonly fault: string };

const MAX_ALIASES = 100;
/** Deepest nesting that parsers with a stack of their own kind are handed. */
const MAX_NESTING = 200;

type Parser = (text: string) => Parsed;

/**
 * Parses a text.
 *
 * @param text decoded, at most some megabytes
 * @returns the tree, or what is wrong with the text, in words that quote nothing of it
 */
export function parseFormat(text: string, format: TreeFormat): Parsed {
  const body = text.startsWith("\uFEFF") ? text.slice(1) : text;
  try {
    return PARSERS[format](body);
  } catch (error) {
    if (error instanceof RangeError) return { fault: `is nested too deeply for ${format}` };
    // The parsers' own messages quote the file, which may hold secrets; so only the place is told.
    return { fault: `is not ${format}${describePlace(error)}` };
  }
}

const PARSERS: { readonly [Name in TreeFormat]: Parser } = {
  json: (text) => ({ tree: JSON.parse(text) as unknown }),
  yaml: parseYaml,
  // Integers beyond 2^53 stay exact; dates become text later.
  toml: (text) => ({ tree: parseToml(text, { maxDepth: MAX_NESTING, integersAsBigInt: "asNeeded" }) }),
  ini: (text) => ({ tree: ini.parse(text) }),
  dotenv: (text) => ({ tree: parseDotenv(text) }),
  properties: (text) => ({ tree: getProperties(text) }),
};

function parseYaml(text: string): Parsed {
  const lines = new LineCounter();
  // Not "silent": that would also pass over a second document.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: "error", merge: true });
  const error = document.errors[0];
  if (error) {
    if (error.code === "MULTIPLE_DOCS") return { fault: "holds more than one YAML document" };
    const { line, col } = lines.linePos(error.pos[0]);
    return { fault: `is not yaml: line ${line}, column ${col}` };
  }
  let hasComplexKey = false;
  visit(document, {
    Scalar(_, node) {
      // 1.10 is the number 1.1 to YAML, and a version to whoever wrote it: what would not be written back alike stays text.
      if (typeof node.value === "number" && node.source !== undefined && node.source !== String(node.value)) {
        node.value = node.source;
      }
    },
    Map(_, map) {
      hasComplexKey ||= isMap(map) && map.items.some((pair) => !isScalar(pair.key));
    },
  });
  if (hasComplexKey) return { fault: "has a key that is no plain text" };
  return { tree: document.toJS({ maxAliasCount: MAX_ALIASES }) as unknown };
}

function describePlace(error: unknown): string {
  if (error instanceof TomlError) return `: line ${error.line}, column ${error.column}`;
  // V8 says "… at position 12", and in some cases "(line 1 column 13)" too.
  const position = error instanceof SyntaxError ? /at position (\d+)/.exec(error.message) : null;
  return position ? `: position ${position[1]}` : "";
}
