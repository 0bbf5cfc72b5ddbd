// A filter: a name, and what its values must be.
import { ConditionError, type Name, parseName, parseRequirement } from "./condition.ts";
import type { FieldPath } from "./path.ts";

/** A name and what its values must be. */
export interface Filter {
  /** As it was written, without a dot in front. */
  readonly field: string;
  readonly scope: Name["scope"];
  readonly path: FieldPath;
  /** As they were written: parseRequirement reads each. */
  readonly values: readonly string[];
}

/** Whether a filter asks only whether its name is there at all. */
export function isPresenceTest(values: readonly string[]): boolean {
  return values.every((value) => ["*", "eq:*", "not:*"].includes(value));
}

/** Whether one filter's array holds another's path. */
export function isWithin(path: FieldPath, array: FieldPath): boolean {
  return array.length <= path.length && array.every((step, at) => step === path[at]);
}

/**
 * Reads a filter.
 *
 * @param field the name as it was written
 * @param values all values that stand beside that name, as they were written
 * @throws ConditionError for a name that is none, or a value that asks for nothing
 */
export function readFilter(field: string, values: readonly string[]): Filter {
  const name = parseName(field);
  if (!name)
    throw new ConditionError("is no field; write a name, or a path such as processes.module_A_filename");
  for (const value of values) parseRequirement(value);
  return { field: name.text, scope: name.scope, path: name.path, values };
}
