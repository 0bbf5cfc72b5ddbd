// The format dotenv: NAME=value lines as sh, systemd (EnvironmentFile=) and docker compose read
// them; where they disagree, that is told.
import { type EnvReader, envReaders, findLineEnd, type Reading, readSh, skipBlank } from "./env-readers.ts";
import { AmbiguousValue, addMember, makeMembers, type Parsed, takeLast } from "./tree.ts";

/**
 * An assignment, and what each reader that takes its name for one makes of its value; undefined:
 * the text alone does not say.
 */
export interface Assignment {
  readonly name: string;
  readonly values: ReadonlyArray<readonly [reader: EnvReader, value: string | undefined]>;
}

const ASSIGNMENT = /(export[ \t]+)?([\w.-]+)([ \t]*)=/y;
const PLAIN = /[\w./:@%+,=#{}[\]*?!^-]*(?=\n|$)/y;
const VARIABLE = /^[A-Za-z_]\w*$/;

/** @param askers the readers that must agree; for a file that is no shell's, sh need not */
export function parseDotenv(
  text: string,
  askers: readonly EnvReader[] = ["systemd", "docker compose", "sh"],
): Parsed {
  const tree = makeMembers();
  for (const assignment of listAssignments(text))
    addMember(tree, assignment.name, agree(assignment, askers), takeLast);
  return { tree };
}

/** What most readers make of a value; and, where not all do, who does not. */
function agree({ values }: Assignment, askers: readonly EnvReader[]): unknown {
  const [first] = values;
  if (first?.[1] !== undefined && values.every(([, value]) => value === first[1])) return first[1];
  const best = findBest(values);
  const others = values.flatMap(([reader, value]) =>
    askers.includes(reader) && (value === undefined || value !== best) ? [reader] : [],
  );
  if (best === undefined)
    return new AmbiguousValue("cannot be told: a quote is not closed, or only a shell could say");
  if (others.length === 0) return best;
  return new AmbiguousValue(`${others.join(" and ")} would read another value`, { node: best });
}

/** The value that two readers share, else that of the reader that changes the least. */
function findBest(values: Assignment["values"]): string | undefined {
  const known = values.flatMap(([, value]) => value ?? []);
  return known.find((value, at) => known.indexOf(value) < at) ?? known[0];
}

/**
 * Lists a text's assignments in order. Other lines are passed over. Each reader reads each
 * character once, so that the time is linear in the text.
 */
export function listAssignments(text: string): readonly Assignment[] {
  const body = text.includes("\r") ? text.replaceAll("\r\n", "\n") : text;
  const assignments: Assignment[] = [];
  /** Where each reader has got to: to it, what stands before is part of an earlier value. */
  const ends = new Map<EnvReader, number>();
  let at = 0;
  while (at < body.length) {
    ASSIGNMENT.lastIndex = skipBlank(body, at);
    const match = ASSIGNMENT.exec(body);
    if (!match || !takesName("sh", match) || match[3] !== "") passCommand(body, skipBlank(body, at), ends);
    if (!match) {
      at = findLineEnd(body, at) + 1;
      continue;
    }
    const start = ASSIGNMENT.lastIndex;
    const readings = readValue(body, start, match, ends);
    const values = readings.map(([reader, { value }]) => [reader, value] as const);
    assignments.push({ name: match[2] ?? "", values });
    const best = findBest(values);
    const chosen = readings.find(([, { value }]) => value !== undefined && value === best)?.[1];
    at = findLineEnd(body, chosen?.end ?? start) + 1;
  }
  return assignments;
}

/** Lets each reader read that takes the line for an assignment. */
function readValue(
  text: string,
  start: number,
  match: RegExpExecArray,
  ends: Map<EnvReader, number>,
): ReadonlyArray<readonly [EnvReader, Reading]> {
  const plain = readPlain(text, start);
  const readings: (readonly [EnvReader, Reading])[] = [];
  for (const [reader, read] of envReaders) {
    if (!takesName(reader, match)) continue;
    const busyTo = ends.get(reader) ?? 0;
    // A blank before the = makes a command of the name, in sh.
    const isOther = busyTo > match.index || (reader === "sh" && match[3] !== "");
    const reading = isOther ? { value: undefined, end: busyTo } : (plain ?? read(text, start));
    ends.set(reader, reading.end);
    readings.push([reader, reading]);
  }
  return readings;
}

/**
 * Of a value with nothing but such characters all make the same; most are such, and this is soon
 * done.
 */
function readPlain(text: string, start: number): Reading | undefined {
  PLAIN.lastIndex = start;
  const value = PLAIN.exec(text)?.[0];
  return value === undefined ? undefined : { value, end: start + value.length };
}

/** What is no assignment is a command for sh, and may go on in the next lines. */
function passCommand(text: string, at: number, ends: Map<EnvReader, number>): void {
  const isOther = (ends.get("sh") ?? 0) <= at && text[at] !== "#" && text[at] !== "\n";
  if (isOther) ends.set("sh", readSh(text, at).end);
}

/**
 * systemd passes over lines with `export`; names that are no variable's are for docker compose
 * alone.
 */
function takesName(reader: EnvReader, [, exported, name = ""]: RegExpExecArray): boolean {
  if (reader === "docker compose") return true;
  return VARIABLE.test(name) && (reader === "sh" || exported === undefined);
}
