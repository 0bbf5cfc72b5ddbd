// Cells of a table: what hosts wrote, made safe for a terminal and short.
import { decodeString, type JsonSpan, walkChildren } from "../../report/json-walk.ts";
import { sanitizeLine } from "./terminal-text.ts";

const QUOTE = 0x22;
const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;

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

/** A span of time as kubectl writes it: `12s`, `5m`, `1h40m`, `3d4h`. */
export function formatSpan(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const [minutes, hours] = [Math.floor(seconds / 60), Math.floor(seconds / 3600)];
  if (seconds < 60) return `${seconds}s`;
  if (minutes < 60) return `${minutes}m`;
  if (hours < 24) return minutes % 60 === 0 ? `${hours}h` : `${hours}h${minutes % 60}m`;
  return hours % 24 === 0 ? `${hours / 24}d` : `${Math.floor(hours / 24)}d${hours % 24}h`;
}
