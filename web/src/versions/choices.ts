// What of the versions is shown, as the address has it: by which labels the columns are divided,
// which fields, in which order.

/** As the API's question versions has it. */
export const MAX_BY = 3;
export const MAX_FIELDS = 16;

const DEFAULT_BY = ["env", "service"];

/** In an address, for no columns. */
const NONE = "none";

export interface Choices {
  readonly by: readonly string[];
  /** None stands for all that hold versions. */
  readonly fields: readonly string[];
  readonly isOnlyBehind: boolean;
}

type Parameters = Readonly<Record<string, string | undefined>>;

export function readChoices({ by, fields, only }: Parameters): Choices {
  return {
    by: by === undefined ? DEFAULT_BY : by === NONE ? [] : splitNames(by).slice(0, MAX_BY),
    fields: splitNames(fields ?? "").slice(0, MAX_FIELDS),
    isOnlyBehind: only === "behind",
  };
}

/** The parameter `by`; undefined for the usual columns. */
export function formatBy(by: readonly string[]): string | undefined {
  if (by.length === 0) return NONE;
  const text = by.join(",");
  return text === DEFAULT_BY.join(",") ? undefined : text;
}

/** The parameter `fields`; undefined for all that hold versions. */
export function formatFields(fields: readonly string[]): string | undefined {
  return fields.length === 0 ? undefined : fields.join(",");
}

/** A list as the API takes it. */
function splitNames(text: string): string[] {
  const names = text.split(",").map((name) => name.trim());
  return [...new Set(names.filter((name) => name !== ""))];
}

/** Whether a name can stand in such a list: a host may give its fields any name. */
export function isListable(name: string): boolean {
  return name !== "" && name.trim() === name && !name.includes(",");
}
