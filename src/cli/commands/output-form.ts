// The forms that an answer is written in, and the flags that choose one.
import { UsageError } from "../program/failure.ts";

/** A table is for people, the others for programs. */
export const FORMS = ["table", "csv", "tsv", "json", "ndjson"] as const;
export type Form = (typeof FORMS)[number];

export interface FormFlags {
  readonly output?: Form;
  readonly json?: boolean;
  readonly ndjson?: boolean;
  readonly table?: boolean;
  readonly jq?: string;
  readonly excel?: boolean;
  /** Seconds between two looks. */
  readonly watch?: number;
}

/** What is written: a form, or what a jq program makes of the JSON. */
export type Output =
  | { readonly kind: "table" }
  | { readonly kind: "bytes"; readonly form: Exclude<Form, "table">; readonly forExcel: boolean }
  | { readonly kind: "jq"; readonly program: string };

/**
 * Chooses: a table on a terminal, JSON in a pipe, or what the flags say. @param asked what
 * `format=` among the parameters says @throws UsageError for flags that exclude each other
 */
export function chooseOutput(flags: FormFlags, asked: Form | undefined, isTerminal: boolean): Output {
  const { jq, excel = false, watch } = flags;
  const chosen = listChosen(flags, asked);
  const [[name = "", form] = []] = chosen;
  if (new Set(chosen.map(([, one]) => one)).size > 1) throw exclude(chosen.map(([flag]) => flag));
  if (jq !== undefined && form !== undefined && form !== "json") throw exclude([name, "--jq"]);
  const isSeparated = form === undefined ? jq === undefined : form === "csv" || form === "tsv";
  if (excel && !isSeparated) throw new UsageError("--excel is for --output csv or tsv");
  const usual = excel ? "csv" : isTerminal ? "table" : "json";
  const made: Output = jq === undefined ? toOutput(form ?? usual, excel) : { kind: "jq", program: jq };
  if (watch !== undefined && made.kind === "bytes" && made.form !== "ndjson")
    throw new UsageError(
      `--watch makes no ${made.form === "json" ? "JSON array" : made.form.toUpperCase()}; ` +
        "use --ndjson, --jq or --table with it",
    );
  return made;
}

/** What chooses a form, as it was typed, and which. */
function listChosen(flags: FormFlags, asked: Form | undefined): (readonly [string, Form])[] {
  const { output } = flags;
  const short = (["json", "ndjson", "table"] as const).filter((form) => flags[form]);
  return [
    ...(output === undefined ? [] : [[`--output ${output}`, output] as const]),
    ...(asked === undefined ? [] : [[`format=${asked}`, asked] as const]),
    ...short.map((form) => [`--${form}`, form] as const),
  ];
}

function exclude(flags: readonly string[]): UsageError {
  return new UsageError(`${flags.join(" and ")} exclude each other`);
}

function toOutput(form: Form, forExcel: boolean): Output {
  return form === "table" ? { kind: "table" } : { kind: "bytes", form, forExcel };
}
