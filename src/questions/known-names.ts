// Names that nobody knows: an error with the nearest ones, since the answer to a mistyped question
// reads like an answer to the right one.

import { type Name, RESERVED_NAMES } from "../grammar/condition.ts";
import { type FieldPath, formatFieldPath } from "../grammar/path.ts";
import type { RollView } from "../roll/view.ts";
import { findClosest } from "../specs/closest.ts";
import { HOST_FIELDS } from "../specs/host-fields.ts";
import type { FurtherNames, Sources } from "./groups.ts";
import { QueryError } from "./query.ts";

/** A name that no report, label or spec has. */
export class UnknownNameError extends QueryError {
  override name = "UnknownNameError";
  /** The nearest known names, the nearest first; none where none is near. */
  readonly nearest: readonly string[];
  constructor(parameter: string, detail: string, nearest: readonly string[]) {
    super(parameter, detail);
    this.nearest = nearest;
  }
}

/** Where a question has a name. */
export interface NameUse {
  readonly name: Name;
  /** The parameter that it stands in, or that it is. */
  readonly parameter: string;
  /** False where no report was looked at for it: whether one has it cannot be told. */
  readonly isAsked?: boolean;
  /** Whether only its presence is asked for, which is a right question where nobody has it. */
  readonly isPresence: boolean;
}

/**
 * The fields to keep that are not found. @param look calls what it is given for a field that is
 * there
 */
export function listUnseen(
  fields: readonly Name[],
  look: (find: () => void, path: FieldPath) => void,
): NameUse[] {
  const isMissing = ({ path }: Name): boolean => {
    let isFound = false;
    look(() => {
      isFound = true;
    }, path);
    return !isFound;
  };
  return fields.filter(isMissing).map((name) => ({ name, parameter: "fields", isPresence: false }));
}

/** Fields that Rollcall's own agent writes, and what the reader adds (docs/report.md). */
const OWN_FIELDS = [
  ...HOST_FIELDS,
  "rollcall",
  "rollcall.schema",
  "rollcall.agent",
  "rollcall.spec",
  "rollcall.spec_edition",
  "rollcall.heartbeat_s",
  "rollcall.spec_refused",
  "rollcall.spec_refused.edition",
  "rollcall.spec_refused.detail",
  "rollcall.machine",
  "rollcall.boot",
  "rollcall.name",
  "rollcall.account",
  "rollcall.region",
  "rollcall.collectors",
  "rollcall.collectors.collector",
  "rollcall.collectors.fields",
  "rollcall.collectors.outcome",
  "rollcall.collectors.duration_ms",
  "rollcall.collectors.unread",
  "rollcall.collectors.unread.what",
  "rollcall.collectors.unread.reason",
  "rollcall.collectors.unread_left_off",
  "rollcall.reader",
  "rollcall.reader.received_at",
  "rollcall.reader.state",
  "rollcall.reader.clock_skew_seconds",
  "rollcall.reader.account",
  "rollcall.reader.key",
];

/** Nearest names that an error tells. */
const MAX_NEAREST = 3;

/**
 * Judges names that the reports in question do not have. A name is known if any report has it that
 * is held (fresh, silent, set aside), a label, Rollcall itself, or a further source.
 *
 * @returns what to say of those that are let pass: where there is no report, or some could not be
 *   read, it cannot be told who has a name
 * @throws UnknownNameError for one that nobody knows
 */
export async function judgeNames(
  uses: readonly NameUse[],
  view: RollView,
  sources: Sources,
  lenient: boolean,
): Promise<string[]> {
  if (uses.length === 0) return [];
  const isEmpty = view.reports.rowOf.length === 0;
  if (lenient && isEmpty) return [];
  if (!lenient && !isEmpty && !view.partial)
    for (const use of uses) if (!use.isPresence) await checkName(use, view, sources);
  return uses.filter(({ isAsked = true }) => isEmpty || isAsked).map((use) => describeAbsent(use, isEmpty));
}

function describeAbsent({ name: { text, scope }, parameter }: NameUse, isEmpty: boolean): string {
  const kind = scope !== "any" ? scope : parameter === "by" ? "label or field" : "field";
  const what = `${kind} ${JSON.stringify(text)}`;
  return isEmpty
    ? `there is no report, so that nobody knows whether there is a ${what}`
    : `no report that was asked for has a ${what}`;
}

async function checkName({ name, parameter }: NameUse, view: RollView, sources: Sources): Promise<void> {
  const { labels, reader } = sources;
  const text = formatFieldPath(name.path);
  const isLabel = name.scope !== "field" && name.path.length === 1 && labels.has(name.path[0] ?? "");
  if (isLabel) return;
  if (name.scope === "label") {
    const near = findNearest(text, [...labels.keys()]).map((label) => `label.${label}`);
    throw new UnknownNameError(parameter, describeUnknown(name, near, [...labels.keys()]), near);
  }
  if (OWN_FIELDS.includes(text)) return;
  const held = await reader.names(view.reports);
  if (await held.has(name.path)) return;
  const further = await (sources.furtherNames?.() ?? { names: new Set<string>(), open: new Set<string>() });
  // Where it cannot be told it is no error.
  if (!further || isFurther(name.path, further)) return;
  const fields = new Set([...held.names, ...OWN_FIELDS, ...further.names]);
  const candidates =
    name.scope === "field" ? fields : new Set([...RESERVED_NAMES, ...labels.keys(), ...fields]);
  const prefix = name.text.startsWith("field.") ? "field." : "";
  const near = findNearest(text, [...candidates]).map((one) => prefix + one);
  throw new UnknownNameError(parameter, describeUnknown(name, near, []), near);
}

/** A field of a spec, or what lies in one that is open. */
function isFurther(path: FieldPath, { names, open }: FurtherNames): boolean {
  return (
    names.has(formatFieldPath(path)) ||
    path.some((_, length) => length > 0 && open.has(formatFieldPath(path.slice(0, length))))
  );
}

function describeUnknown({ scope, text }: Name, near: readonly string[], labels: readonly string[]): string {
  const what = scope === "label" ? "there is no label" : "no report has a field";
  const more = scope === "any" ? ", and no label is called so" : "";
  const others = labels.length > 0 ? `; labels are ${labels.join(", ")}` : "";
  const hint = near.length > 0 ? `; did you mean ${listAlternatives(near)}?` : others;
  return `${what} ${JSON.stringify(text.slice(0, 64))}${more}${hint} (lenient=true asks all the same)`;
}

function listAlternatives(names: readonly string[]): string {
  const last = names.at(-1) ?? "";
  return names.length > 1 ? `${names.slice(0, -1).join(", ")} or ${last}` : last;
}

/**
 * The known names nearest to a mistyped one: those that end in it first (`module_A_filename`, which
 * lies in `processes`), then by how they are spelt.
 */
function findNearest(text: string, candidates: readonly string[]): readonly string[] {
  const inner = candidates.filter((one) => one.toLowerCase().endsWith(`.${text.toLowerCase()}`));
  const near = inner.sort((a, b) => a.length - b.length).slice(0, MAX_NEAREST);
  let rest = candidates.filter((one) => !near.includes(one));
  // Of two letters everything short is near.
  while (text.length > 2 && near.length < MAX_NEAREST) {
    const closest = findClosest(text, rest);
    if (closest === undefined) break;
    near.push(closest);
    rest = rest.filter((one) => one !== closest);
  }
  return near;
}
