// What may be meant by what stands in the filter: names that the hosts have, and after an operator
// the values of that name, those of most hosts first.
import { useEffect, useMemo, useState } from "preact/hooks";
import { isCondition, splitWords } from "../../../src/grammar/filter-line.ts";
import { formatEquals } from "../address/filter.ts";
import { useAt } from "../address/use-at.ts";
import { readKey } from "../api/key.ts";
import type { components } from "../api/openapi.d.ts";
import { useAnswer } from "../api/use-answer.ts";
import { askWorker } from "../columns/columns-client.ts";
import type { HeldValue } from "../columns/messages.ts";
import { useSpeech } from "../words/language.tsx";

type Field = components["schemas"]["Field"];

/** Suggestions at a time. */
const MAX_SUGGESTIONS = 8;

/** Of a field with so many values /v1/fields may tell some alone. */
const MAX_TOLD_VALUES = 10;

/** Longer values are not told whole. */
const MAX_SUGGESTED_LENGTH = 200;

export interface Suggestion {
  /** What takes the place of the last word. */
  readonly word: string;
  /** Whether it is a whole condition, which then becomes a chip. */
  readonly isWhole: boolean;
  readonly hosts: number;
}

/** @param draft what is being typed; undefined where nobody types */
export function useSuggestions(draft: string | undefined): readonly Suggestion[] {
  const isAsked = draft !== undefined;
  const { answer } = useAnswer<readonly Field[]>(isAsked ? { path: "fields" } : undefined, {
    isPolled: false,
  });
  const fields = answer?.body;
  const wanted = useMemo(
    () => (draft === undefined ? undefined : findWanted(draft, fields ?? [])),
    [draft, fields],
  );
  const more = useAllValues(wanted?.field, wanted?.typed ?? "");
  return useMemo(() => {
    if (!wanted) return [];
    const { word, field, typed } = wanted;
    return field ? suggestValues(word, typed, field, more) : suggestNames(word, fields ?? []);
  }, [wanted, more, fields]);
}

/** What the last word of a draft is about. */
interface Wanted {
  readonly word: string;
  /** The field whose value is being typed; undefined where a name is. */
  readonly field: Field | undefined;
  readonly typed: string;
}

function findWanted(draft: string, fields: readonly Field[]): Wanted | undefined {
  if (draft === "" || /\s$/.test(draft)) return undefined;
  const word = splitWords(draft).at(-1) ?? "";
  if (!isCondition(word)) return { word, field: undefined, typed: "" };
  const field = fields.find(({ name }) => word.startsWith(formatEquals(name, "")));
  return field && { word, field, typed: word.slice(formatEquals(field.name, "").length) };
}

/** Values of a field of which /v1/fields tells the first alone. */
function useAllValues(field: Field | undefined, typed: string): readonly HeldValue[] | undefined {
  const [found, setFound] = useState<{ readonly name: string; readonly values: readonly HeldValue[] }>();
  const name = field && field.values.length >= MAX_TOLD_VALUES ? field.name : undefined;
  const at = useAt();
  useEffect(() => {
    if (name === undefined) return;
    let isWanted = true;
    askWorker<"values">({ kind: "values", key: readKey(), name, text: typed, at }).then(
      (values) => isWanted && setFound({ name, values }),
      // What /v1/fields tells is there all the same.
      () => isWanted && setFound(undefined),
    );
    return () => {
      isWanted = false;
    };
  }, [name, typed, at]);
  return found && found.name === name ? found.values : undefined;
}

function suggestNames(word: string, fields: readonly Field[]): Suggestion[] {
  const wanted = word.toLowerCase();
  const rank = (name: string) => {
    const plain = name.toLowerCase();
    // The last step of a path is what people know it by.
    return plain.startsWith(wanted) ? 0 : plain.slice(plain.lastIndexOf(".") + 1).startsWith(wanted) ? 1 : 2;
  };
  return fields
    .filter(({ name }) => name.toLowerCase().includes(wanted))
    .toSorted((a, b) => rank(a.name) - rank(b.name) || b.hosts - a.hosts)
    .slice(0, MAX_SUGGESTIONS)
    .map(({ name, hosts }) => ({ word: `${formatEquals(name, "").slice(0, -1)}=`, isWhole: false, hosts }));
}

function suggestValues(
  word: string,
  typed: string,
  field: Field,
  more: readonly HeldValue[] | undefined,
): Suggestion[] {
  const wanted = typed.toLowerCase();
  return (more ?? field.values)
    .filter(({ value }) => value.length <= MAX_SUGGESTED_LENGTH && value.toLowerCase().includes(wanted))
    .slice(0, MAX_SUGGESTIONS)
    .map(({ value, hosts }) => ({ word: formatEquals(field.name, value), isWhole: true, hosts }))
    .filter((one) => one.word !== word);
}

/** The list below the filter. @param chosen the place of the one that the keys are at */
export function SuggestionList({
  id,
  suggestions,
  chosen,
  onPick,
}: {
  readonly id: string;
  readonly suggestions: readonly Suggestion[];
  readonly chosen: number | undefined;
  readonly onPick: (suggestion: Suggestion) => void;
}) {
  const { words, formatNumber } = useSpeech();
  if (suggestions.length === 0) return null;
  return (
    <div id={id} class="suggestions" role="listbox" aria-label={words.shell.filterLabel}>
      {suggestions.map((one, index) => (
        // biome-ignore lint/a11y/useFocusableInteractive: the input keeps the focus
        // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the input's
        <div
          key={one.word}
          id={`${id}-${index}`}
          role="option"
          aria-selected={index === chosen}
          // The input keeps the focus.
          onPointerDown={(event) => event.preventDefault()}
          onClick={() => onPick(one)}
        >
          <bdi>{one.word}</bdi>
          <span class="soft">{formatNumber(one.hosts)}</span>
        </div>
      ))}
    </div>
  );
}

/** The place of the keys in the list: none until an arrow is pressed. */
export function useChosen(suggestions: readonly Suggestion[]) {
  const [chosen, setChosen] = useState<number>();
  useEffect(() => setChosen(undefined), [suggestions]);
  const move = (step: 1 | -1) =>
    setChosen((before) => {
      const count = suggestions.length;
      return before === undefined ? (step === 1 ? 0 : count - 1) : (before + step + count) % count;
    });
  return { chosen, move, suggestion: chosen === undefined ? undefined : suggestions[chosen] };
}
