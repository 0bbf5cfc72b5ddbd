// Noise: fields that are another with each report though nothing is, such as when it was made.
import { type FieldPath, parseFieldPath } from "../grammar/path.ts";
import { OPEN_BRACKET } from "../report/ascii.ts";
import { type JsonSpan, walkChildren } from "../report/json-walk.ts";
import { normalizeText } from "../report/normal-text.ts";

/** What is noise in every report: the agent's clock, and how long its collectors took. */
export const BUILT_IN_NOISE: readonly string[] = ["update_date", "rollcall.collectors.duration_ms"];

/** Fields that are noise, ready to be looked for: by the first key of their paths. */
export type Noise = ReadonlyMap<string, readonly FieldPath[]>;

/**
 * Prepares fields that are noise. @param fields as filters write them; one that is no field's name
 * is left out
 */
export function compileNoise(fields: readonly string[]): Noise {
  return gatherNoise(fields.flatMap((field) => [parseFieldPath(field)?.map(normalizeText) ?? []]));
}

/** Paths by their first keys. */
export function gatherNoise(paths: readonly FieldPath[]): Noise {
  const noise = new Map<string, FieldPath[]>();
  for (const [first, ...rest] of paths)
    if (first !== undefined) noise.set(first, [...(noise.get(first) ?? []), rest]);
  return noise;
}

/** Whether a value is noise itself. @param paths of noise below the key that it has */
export function isNoise(paths: readonly FieldPath[] | undefined): boolean {
  return paths?.some(({ length }) => length === 0) ?? false;
}

/** Where the values of noise lie in a report that was accepted, ascending. */
function findNoise(body: Buffer, noise: Noise): JsonSpan[] {
  const spans: JsonSpan[] = [];
  walkNoise(body, 0, noise, spans);
  return spans;
}

function walkNoise(body: Buffer, start: number, noise: Noise, spans: JsonSpan[]): void {
  const isArray = body[start] === OPEN_BRACKET;
  walkChildren(body, start, (key, span) => {
    if (isArray) walkNoise(body, span.start, noise, spans);
    else {
      const paths = noise.get(normalizeText(key ?? ""));
      if (isNoise(paths)) spans.push(span);
      else if (paths) walkNoise(body, span.start, gatherNoise(paths), spans);
    }
    return false;
  });
}

/** Whether two reports that were accepted are the same bytes but for noise. */
export function isSameButNoise(one: Buffer, other: Buffer, noise: Noise): boolean {
  const [spans, others] = [findNoise(one, noise), findNoise(other, noise)];
  if (spans.length !== others.length) return false;
  let [at, otherAt] = [0, 0];
  for (const [place, span] of spans.entries()) {
    const otherSpan = others[place] as JsonSpan;
    if (one.compare(other, otherAt, otherSpan.start, at, span.start) !== 0) return false;
    at = span.end;
    otherAt = otherSpan.end;
  }
  return one.compare(other, otherAt, other.length, at, one.length) === 0;
}
