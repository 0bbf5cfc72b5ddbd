// Which names stand for which columns: a field's path, or a label as `label.env`. What a column
// cannot say alone is left to the server.
import type { Filter } from "../../../src/grammar/filter.ts";
import { type FieldPath, formatFieldPath, parseFieldPath } from "../../../src/grammar/path.ts";

/** A name as /v1/fields tells it. */
export interface KnownName {
  /** As a filter writes it. */
  readonly name: string;
  readonly kinds: readonly string[];
  readonly hosts: number;
  /** Whether its values hold versions. */
  readonly versions: boolean;
  readonly values: readonly { readonly value: string; readonly hosts: number }[];
}

/** The names of a fleet, ready to be looked up. */
export interface Names {
  readonly fields: ReadonlySet<string>;
  readonly labels: ReadonlySet<string>;
  readonly versions: ReadonlySet<string>;
}

/** What every table has: whose row is which. */
export const ID_COLUMN = "instance_id";
export const ACCOUNT_COLUMN = "label.account";

const LABEL = "label.";

export function readNames(known: readonly KnownName[]): Names {
  const isLabel = ({ kinds }: KnownName) => kinds.includes("label");
  return {
    fields: new Set(known.filter((one) => !isLabel(one)).map(({ name }) => name)),
    labels: new Set(
      known.filter(isLabel).map(({ name }) => (name.startsWith(LABEL) ? name.slice(LABEL.length) : name)),
    ),
    versions: new Set(
      known
        .filter(({ versions }) => versions)
        .map(({ name }) => toColumnName(name, isLabelName(name, known))),
    ),
  };
}

function isLabelName(name: string, known: readonly KnownName[]): boolean {
  return known.some((one) => one.name === name && one.kinds.includes("label"));
}

/** The column of a name of /v1/fields. */
export function toColumnName(name: string, isLabel: boolean): string {
  if (isLabel) return name.startsWith(LABEL) ? name : LABEL + name;
  // A field whose name begins like a scope.
  return /^(?:label|field)\./.test(name) ? `field.${name}` : name;
}

/** Where a column's values lie in a line of /v1/reports?fields=. */
export function findPath(column: string): FieldPath | undefined {
  // A label stands there under its own name, after the fields.
  if (column.startsWith(LABEL)) return [column];
  return parseFieldPath(column.startsWith("field.") ? column.slice("field.".length) : column);
}

/** Whether the parameter `fields`, a list split by commas, can name a column. */
export function isOneName(column: string): boolean {
  const [first = ""] = findPath(column) ?? [];
  // A field that is called like a label's column cannot be told from it.
  const isAmbiguous = first.startsWith(LABEL) && !column.startsWith(LABEL);
  return first !== "" && !isAmbiguous && !column.includes(",") && column.trim() === column;
}

/**
 * The column that a filter can be judged by alone; undefined where the server is to be asked: of a
 * name that nobody knows, and of one that is a label's and a field's.
 */
export function findFilterColumn(
  { scope, path }: Pick<Filter, "scope" | "path">,
  names: Names,
): string | undefined {
  const [first = ""] = path;
  if (scope === "label") return names.labels.has(first) ? LABEL + first : undefined;
  const field = formatFieldPath(path);
  const isField = names.fields.has(field);
  if (scope === "any" && path.length === 1 && names.labels.has(first))
    return isField ? undefined : LABEL + first;
  const column = toColumnName(field, false);
  return isField && isOneName(column) ? column : undefined;
}
