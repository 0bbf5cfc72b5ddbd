// The parts of an overview: which there are, and how each is asked for, as anybody would write it.
import { formatRequirement, isReserved } from "../grammar/condition.ts";
import type { Cut } from "../questions/cut.ts";
import { OTHERS } from "../questions/groups.ts";
import type { Labels } from "../questions/labels.ts";
import type { ParameterValues } from "../questions/question.ts";
import { versions } from "../questions/versions-question.ts";
import type { Ask } from "./ask.ts";

/** What may have a part of its own. */
interface FoundPart {
  /** "" for hosts that have no value, or an empty one. */
  readonly name: string;
  readonly hosts: number;
}

interface FoundParts {
  /** Those of most hosts first. */
  readonly parts: readonly FoundPart[];
  /** Groups that were counted together, and so are no parts. */
  readonly omitted: number;
  readonly cuts: readonly Cut[];
  /** Whether any host has the label or field. */
  readonly isKnown: boolean;
}

/** Finds the values of a label or field, "" for none. */
export async function findParts(name: string, ask: Ask): Promise<FoundParts> {
  if (name === "") return { parts: [], omitted: 0, cuts: [], isKnown: false };
  // Divided by itself, each value has its own hosts, and those of hosts with very many values are
  // no groups.
  const { facts, body } = await ask(versions, [
    ["field", name],
    ["by", name],
  ]);
  const cuts = (facts.cuts ?? []).filter(({ kind }) => kind === "groups" || kind === "host_groups");
  const byName = new Map<string, number>();
  for (const { value, by = {} } of body.rows) {
    const part = value ?? "";
    // What is counted together has no part of its own; the bounds say so.
    if (!Object.hasOwn(by, part) || (part === OTHERS && cuts.length > 0)) continue;
    byName.set(part, (byName.get(part) ?? 0) + (by[part] ?? 0));
  }
  return {
    parts: [...byName]
      .map(([part, hosts]) => ({ name: part, hosts }))
      .sort((a, b) => b.hosts - a.hosts || (a.name < b.name ? -1 : 1)),
    omitted: cuts.reduce((sum, { kind, count = 0 }) => (kind === "groups" ? sum + count : sum), 0),
    cuts,
    isKnown: body.rows.some(({ value }) => value !== null),
  };
}

/**
 * Parameters of one question are bounded; where names are more, those that have none are asked for.
 */
const MAX_OTHER_PARTS = 40;

/** Parameters that choose a part's hosts. */
export function formatPartFilters(
  name: string,
  part: FoundPart,
  { parts, cuts }: FoundParts,
  labels: Labels,
): ParameterValues {
  // A name that is a parameter's chooses nothing by itself.
  const scoped = isReserved(name) ? `${labels.has(name) ? "label" : "field"}.${name}` : name;
  const write = (operator: "eq" | "not", value: string): [string, string] => [
    scoped,
    formatRequirement({ operator, operand: value.replace(/[\\*]/g, "\\$&") }),
  ];
  if (part.name !== "") return [write("eq", part.name)];
  // Whoever has a value that is none, such as null, is no host without the field: all but the
  // others are asked for, where the others are all.
  const others = parts.filter((other) => other.name !== "");
  if (cuts.length > 0 || others.length > MAX_OTHER_PARTS) return [[scoped, "not:*"]];
  return others.map((other) => write("not", other.name));
}
