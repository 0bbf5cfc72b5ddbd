// The filter as the address has it, in `q`: a line of conditions such as env=prod, and plain text
// (src/grammar/filter-line.ts).
import { formatRequirement, isReserved } from "../../../src/grammar/condition.ts";
import {
  type FilterLine,
  formatFilterLine,
  parseFilterLine,
  toParameters as readParameters,
} from "../../../src/grammar/filter-line.ts";

export type Filter = FilterLine;

/** Reads a filter. */
export function parseFilter(q = ""): Filter {
  return parseFilterLine(q);
}

/** Writes what parseFilter reads. */
export function formatFilter(filter: Filter): string {
  return formatFilterLine(filter);
}

/** The parameters of the API that choose the same hosts. */
export function toParameters({ conditions }: Filter): (readonly [string, string])[] {
  return readParameters(conditions);
}

/** The condition for hosts with this very value. @param name as the API writes it */
export function formatEquals(name: string, value: string): string {
  // A star in a value is no wildcard, and a value may begin like an operator.
  const operand = value.replace(/[\\*]/g, "\\$&");
  return `${escapeName(name)}=${formatRequirement({ operator: "eq", operand })}`;
}

/** The condition for hosts that do not have it. */
export function formatAbsent(name: string): string {
  return `${escapeName(name)}=not:*`;
}

/** The condition for hosts that have it, whatever its value. */
export function formatPresent(name: string): string {
  return `${escapeName(name)}=*`;
}

/** A name's own signs are no operators. */
function escapeName(name: string): string {
  const scoped = isReserved(name) ? `field.${name}` : name;
  return scoped.replace(/[=<>!]/g, "\\$&");
}
