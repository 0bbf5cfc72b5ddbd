// What a spec may hold, and was most likely not meant so. Pure.

import { FORM_KEYS, type MatchForm } from "./match-schema.ts";
import type { SpecDocument, Step } from "./schema.ts";
import type { Violation } from "./violation.ts";

/** What a shell takes as an operator, and a program gets as a word like any other. */
const OPERATOR =
  /^(?:\||\|\||\|&|&|&&|;|\d?>{1,2}|\d?<{1,3}|&>{1,2}|\d?>&\d?-?)$|^\d?>{1,2}(?:&\d|\/dev\/null)$/;

export function advise(spec: SpecDocument): readonly Violation[] {
  return spec.collect.flatMap((step, index) => [
    ...adviseOnCommand(step, index),
    ...adviseOnMatch(step, index),
  ]);
}

function adviseOnCommand(step: Step, index: number): readonly Violation[] {
  if (step.collector !== "command") return [];
  return step.options.run.flatMap((argument, at) => {
    if (at === 0 || !OPERATOR.test(argument)) return [];
    const message =
      `${argument} is handed to the program as it stands: there is no shell; for a ` +
      `pipeline write [/bin/sh, -c, "…"], or let the program be a script`;
    return [{ path: ["collect", index, "command", "run", at], message, atKey: false }];
  });
}

/** Without a placeholder, a form ties one process to every file. */
function adviseOnMatch(step: Step, index: number): readonly Violation[] {
  if (step.collector !== "processes") return [];
  const { glob, match } = step.options;
  const isOneFile = glob.length === 1 && !/[*?[{]/.test(glob[0] ?? "");
  if (isOneFile || match.every(hasPlaceholder)) return [];
  const message =
    "a match without {path}, {name} or {stem} ties the same process to every file that the glob finds";
  return [{ path: ["collect", index, "processes", "match"], message, atKey: true }];
}

function hasPlaceholder(form: MatchForm): boolean {
  return FORM_KEYS.some((key) => /\{(?:path|name|stem)\}/.test(form[key as keyof MatchForm] ?? ""));
}
