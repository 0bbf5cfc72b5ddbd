// Cells of a table: what hosts wrote, made safe for a terminal and short.
import { OPEN_BRACE, OPEN_BRACKET, QUOTE } from "../../report/ascii.ts";
import { decodeString, type JsonSpan, walkChildren } from "../../report/json-walk.ts";
import { sanitizeLine } from "../../report/safe-text.ts";

/**
 * A value of checked JSON in one line, made safe likewise: scalars as text, arrays joined with
 * commas, objects as JSON. Numbers stay as they are written: 1.10 is not 1.1, and what is longer
 * than a number of JavaScript holds keeps all its digits.
 */
export function formatJson(json: Buffer, span: JsonSpan): string {
  const first = json[span.start];
  if (first === QUOTE) return sanitizeLine(decodeString(json, span));
  if (first === OPEN_BRACE) return sanitizeLine(compact(json, span));
  if (first === OPEN_BRACKET)
    return listChildren(json, span, (_, child) => formatJson(json, child)).join(",");
  const text = json.toString("latin1", span.start, span.end);
  return text === "null" ? "" : text;
}

/** JSON without white space; its numbers stay as they are written. */
function compact(json: Buffer, span: JsonSpan): string {
  const first = json[span.start];
  if (first === QUOTE) return JSON.stringify(decodeString(json, span));
  if (first !== OPEN_BRACE && first !== OPEN_BRACKET) return json.toString("latin1", span.start, span.end);
  const children = listChildren(json, span, (key, child) =>
    key === undefined ? compact(json, child) : `${JSON.stringify(key)}:${compact(json, child)}`,
  );
  return first === OPEN_BRACE ? `{${children.join(",")}}` : `[${children.join(",")}]`;
}

function listChildren(
  json: Buffer,
  span: JsonSpan,
  format: (key: string | undefined, child: JsonSpan) => string,
): string[] {
  const texts: string[] = [];
  walkChildren(json, span.start, (key, child) => void texts.push(format(key, child)));
  return texts;
}
