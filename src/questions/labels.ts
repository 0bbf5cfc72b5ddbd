// Labels: env, service and the like, read out of fields by rules of the configuration.
import { RE2JS, RE2JSException } from "re2js";
import * as z from "zod";
import { type FieldPath, parseFieldPath } from "../grammar/path.ts";
import { describeFault, MAX_REGEXP_LENGTH } from "../specs/pattern.ts";
import { GIVEN_LABELS } from "./given-labels.ts";
import { type LabelRule, MAX_LABEL_TEXT } from "./label-rule.ts";

/** Rules at most. */
const MAX_RULES = 32;

/** One rule of the configuration: a field, and a pattern (RE2) whose named groups are labels. */
const labelRuleSchema = z.strictObject({
  field: z
    .string()
    .refine(
      (text) => parseFieldPath(text) !== undefined,
      "write a field, or a path such as processes.module_A_filename",
    )
    .describe("The field that is looked at."),
  pattern: z
    .string()
    .max(MAX_REGEXP_LENGTH)
    .superRefine((source, context) => {
      const mistake = findMistake(source);
      if (mistake !== undefined) context.addIssue({ code: "custom", message: mistake });
    })
    .describe("RE2; each named group is a label: `^(?<env>[^_]+)_`."),
});

/** All rules of a configuration. */
export const labelRulesSchema = z.array(labelRuleSchema).max(MAX_RULES);

/** Where one label comes from. */
export interface Label {
  readonly name: string;
  /** The pattern that finds it; undefined where the whole text is the label. */
  readonly pattern?: string;
  /** The field that is looked at; undefined for the account, which the place of the report says. */
  readonly path: FieldPath | undefined;
  /** The label's value in a text of the field, or undefined where it has none. */
  read(text: string): string | undefined;
}

/**
 * Labels by name; where several rules name one, in the order of the rules: the first that finds
 * something counts.
 */
export type Labels = ReadonlyMap<string, readonly Label[]>;

/** Compiles rules that labelRulesSchema has passed. */
export function compileLabels(rules: readonly LabelRule[]): Labels {
  const labels = new Map<string, Label[]>();
  for (const { field, pattern } of rules) {
    const path = parseFieldPath(field);
    if (!path) throw new Error(`${field} is no field`);
    const compiled = RE2JS.compile(pattern);
    for (const name of Object.keys(compiled.namedGroups())) {
      const label: Label = {
        name,
        pattern,
        path,
        read(text) {
          const matcher = compiled.matcher(text.slice(0, MAX_LABEL_TEXT));
          return matcher.find() ? (matcher.group(name) ?? undefined) : undefined;
        },
      };
      labels.set(name, [...(labels.get(name) ?? []), label]);
    }
  }
  for (const label of GIVEN_LABELS) if (!labels.has(label.name)) labels.set(label.name, [label]);
  return labels;
}

function findMistake(source: string): string | undefined {
  try {
    if (Object.keys(RE2JS.compile(source).namedGroups()).length > 0) return undefined;
    return (
      "the pattern has no named group, so it makes no label; write (?<env>…) around " +
      "what is the label's value"
    );
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    return describeFault(error);
  }
}
