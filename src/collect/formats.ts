// Parses text of each format into a tree of plain values. Pure; what a file holds never gets into a
// reason.
import { TomlError } from "smol-toml";
import type { TreeFormat } from "../specs/schema.ts";
import { parseConfigparser } from "./formats/configparser.ts";
import { parseDotenv } from "./formats/dotenv.ts";
import { parseIni } from "./formats/ini.ts";
import { parseJson } from "./formats/json.ts";
import { parseMyCnf } from "./formats/my-cnf.ts";
import { parsePhpIni } from "./formats/php-ini.ts";
import { parseProperties } from "./formats/properties.ts";
import { parseSystemd } from "./formats/systemd.ts";
import { parseToml } from "./formats/toml.ts";
import type { Parsed } from "./formats/tree.ts";
import { parseYaml } from "./formats/yaml.ts";

/** Each takes time linear in the text, for none may hold up the agent: formats/cost.test.ts. */
const PARSERS: { readonly [Name in TreeFormat]: (text: string) => Parsed } = {
  json: parseJson,
  yaml: parseYaml,
  toml: parseToml,
  ini: parseIni,
  configparser: parseConfigparser,
  systemd: parseSystemd,
  "my.cnf": parseMyCnf,
  "php.ini": parsePhpIni,
  dotenv: parseDotenv,
  properties: parseProperties,
};

/**
 * Parses a text.
 *
 * @param text what decodeText gave
 * @returns the tree, or what is wrong with the text, in words that quote nothing of it
 */
export function parseFormat(text: string, format: TreeFormat): Parsed {
  try {
    return PARSERS[format](text);
  } catch (error) {
    if (error instanceof RangeError) return { fault: `is nested too deeply for ${format}` };
    // The parsers' own messages quote the file, which may hold secrets; so only the place is told.
    return { fault: `is not ${format}${describePlace(error)}` };
  }
}

function describePlace(error: unknown): string {
  return error instanceof TomlError ? `: line ${error.line}, column ${error.column}` : "";
}
