// The form of a rule for labels, and the rule that is built in. Apart from what compiles rules,
// which takes long to load.

/** Of a field's value, as many characters as a rule looks at. */
export const MAX_LABEL_TEXT = 512;

/** One rule: a field, and a pattern (RE2) whose named groups are labels. */
export interface LabelRule {
  readonly field: string;
  readonly pattern: string;
}

/**
 * What holds where the configuration says nothing: `prod_service1_instance001` is of env prod and
 * service service1.
 */
export const BUILT_IN_RULES: readonly LabelRule[] = [
  { field: "instance_name", pattern: "^(?<env>[^_]+)_(?<service>[^_]+)_" },
];
