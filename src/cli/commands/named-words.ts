// Words that commander knows no option for: `--env prod` is the filter `env=prod`.
import { parseCondition } from "../../grammar/condition.ts";
import { findClosest } from "../../specs/closest.ts";

export interface NamedWordsOptions {
  /** Options of the command, as they are typed: `--json`. */
  readonly options: readonly string[];
  /** Whether there is a label of a name; asked where an option is called much the same. */
  readonly isLabel: (name: string) => Promise<boolean>;
}

/**
 * Reads words as they would have been written without dashes: `--env prod`, `--env=prod`,
 * `--app_version lt:1.10`. Which fields there are only the reports know, so that each name is taken
 * for one, but where it is no label and an option is called much the same.
 *
 * @returns them, or what is wrong with what seems to be a mistyped option
 */
export async function readNamedWords(
  given: readonly string[],
  { options, isLabel }: NamedWordsOptions,
): Promise<{ readonly words: readonly string[] } | { readonly mistake: string }> {
  const words: string[] = [];
  for (let at = 0; at < given.length; at++) {
    const word = given[at] ?? "";
    if (!word.startsWith("-")) {
      words.push(word);
      continue;
    }
    const { name, condition, takesNext } = readName(word, given[at + 1]);
    if (name === "") return { mistake: `unknown option '${word}'; a filter is written NAME=VALUE` };
    const closest = findClosest(`--${name}`, options);
    const isMistyped = closest !== undefined && !(await isLabel(name));
    if (isMistyped || condition === undefined) {
      const hint = isMistyped ? ` (Did you mean ${closest}?)` : "";
      const written = condition ?? `${name}=VALUE`;
      return { mistake: `unknown option '--${name}'${hint}; if it is a field or label, write ${written}` };
    }
    words.push(condition);
    if (takesNext) at++;
  }
  return { words };
}

interface ReadName {
  /** Empty where there is none. */
  readonly name: string;
  /** As a word without dashes; undefined where no value is there. */
  readonly condition?: string;
  /** Whether the value is the word after it. */
  readonly takesNext: boolean;
}

/** Reads `--env=prod`, or `--env` and the word after it. */
function readName(word: string, next: string | undefined): ReadName {
  if (!word.startsWith("--")) return { name: "", takesNext: false };
  const text = word.slice(2);
  const own = parseCondition(text)?.[0];
  if (own !== undefined) return { name: own, condition: text, takesNext: false };
  // What is a condition itself is no value.
  const isValue = next !== undefined && !next.startsWith("--") && !parseCondition(next);
  return isValue
    ? { name: text, condition: `${text}=${next}`, takesNext: true }
    : { name: text, takesNext: false };
}
