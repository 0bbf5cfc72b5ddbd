// Labels that no rule of a configuration makes: those that every report may have, and those of the
// built-in rules. Apart from what compiles people's patterns, which is large.
import { parseFieldPath } from "../grammar/path.ts";
import { BUILT_IN_RULES, MAX_LABEL_TEXT } from "./label-rule.ts";
import type { Label, Labels } from "./labels.ts";

/**
 * Labels that every report may have: the account that it lies under, and the region that its agent
 * found. A rule of the configuration for one of them takes its place.
 */
export const GIVEN_LABELS: readonly Label[] = [
  { name: "account", path: undefined, read: (account) => (account === "" ? undefined : account) },
  { name: "region", path: ["rollcall", "region"], read: (region) => (region === "" ? undefined : region) },
];

/**
 * What compileLabels makes of the built-in rules, by patterns that JavaScript runs as RE2 does:
 * they are Rollcall's own, and take time linear in the text.
 */
export function compileBuiltInLabels(): Labels {
  const labels = new Map<string, readonly Label[]>();
  for (const { field, pattern } of BUILT_IN_RULES) {
    const compiled = new RegExp(pattern, "u");
    const path = parseFieldPath(field);
    for (const [, name = ""] of pattern.matchAll(/\(\?<(\w+)>/g)) {
      const read = (text: string) => compiled.exec(text.slice(0, MAX_LABEL_TEXT))?.groups?.[name];
      labels.set(name, [...(labels.get(name) ?? []), { name, pattern, path, read }]);
    }
  }
  for (const label of GIVEN_LABELS) labels.set(label.name, [label]);
  return labels;
}
