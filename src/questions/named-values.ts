// What a name stands for in reports: a field, a label, or the label where a report has no such
// field.

import type { Name } from "../grammar/condition.ts";
import type { FieldPath } from "../grammar/path.ts";
import type { Table } from "../roll/table.ts";
import { EMPTY_COLUMN } from "./column.ts";
import type { FieldReader, FieldValues } from "./field-values.ts";
import type { Label, Labels } from "./labels.ts";

/** The rules of the label that a name may stand for; undefined where it is none's. */
export function findLabel(
  { scope, path }: Pick<Name, "scope" | "path">,
  labels: Labels,
): readonly Label[] | undefined {
  const [label, ...inner] = path;
  return scope === "field" || label === undefined || inner.length > 0 ? undefined : labels.get(label);
}

/** Reads the values of a name. */
export async function readNamedValues(
  name: Pick<Name, "scope" | "path">,
  table: Table,
  { labels, reader }: { readonly labels: Labels; readonly reader: FieldReader },
): Promise<FieldValues> {
  const rules = findLabel(name, labels);
  if (!rules) return name.scope === "label" ? NO_VALUES : await reader.read(name.path, table);
  // A label that is read out of the field of its own name says what that field means.
  if (name.scope === "label" || rules.every(({ path }) => isSamePath(path, name.path)))
    return await reader.readLabel(rules, table);
  return await reader.readEither(name.path, rules, table);
}

/** Of a label that there is not. */
const NO_VALUES: FieldValues = {
  count: 0,
  fieldRows: 0,
  text: () => "",
  column: ({ count }) => ({ ...EMPTY_COLUMN, starts: new Uint32Array(count + 1) }),
};

function isSamePath(path: FieldPath | undefined, other: FieldPath): boolean {
  return path?.length === other.length && path.every((step, at) => step === other[at]);
}

/** What to say where reports have a field of a label's name; nothing where none has. */
export function describeShared({ path }: Pick<Name, "path">, { fieldRows }: FieldValues): string[] {
  const [name] = path;
  const [reports, them] = fieldRows === 1 ? ["report has", "it"] : ["reports have", "them"];
  return fieldRows === 0
    ? []
    : [
        `${JSON.stringify(name)} is a label, and ${fieldRows} ${reports} a field of that name, which ` +
          `counts for ${them}; label.${name} and field.${name} say which is meant`,
      ];
}
