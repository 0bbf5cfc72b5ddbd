// The filter, above every view: conditions as chips that can be taken away, then text. `/` and
// Ctrl-F lead to it.
import { useEffect, useRef, useState } from "preact/hooks";
import { isCondition, quoteWord } from "../../../src/grammar/filter-line.ts";
import { useSpeech } from "../words/language.tsx";
import { type Suggestion, SuggestionList, useChosen, useSuggestions } from "./suggestions.tsx";
import { useTypedFilter } from "./typed-filter.ts";

export function FilterBox() {
  const { words } = useSpeech();
  const { filter, filterLabel, removeCondition, noHostYet, notInForce } = words.shell;
  const { chips, draft, doubt, type, take, leave, remove, reopen, clear } = useTypedFilter();
  const input = useRef<HTMLInputElement>(null);
  const [isFocused, setFocused] = useState(false);
  const suggestions = useSuggestions(isFocused ? draft : undefined);
  const { chosen, move, suggestion } = useChosen(suggestions);
  useFocusKeys(input);

  /** What was typed is done; the list of suggestions goes, unless a suggestion was it. */
  const finish = (whole = draft) => {
    setFocused(whole !== draft);
    take(whole);
  };

  const pick = ({ word, isWhole }: Suggestion) => {
    const next = draft.replace(LAST_WORD, () => (isWhole ? quoteWord(word) : word));
    if (isWhole) finish(next);
    else type(next);
  };

  /** The keys of the list of suggestions. @returns whether it was one */
  const pressList = (event: KeyboardEvent): boolean => {
    const isArrow = event.key === "ArrowDown" || event.key === "ArrowUp";
    const isPick = (event.key === "Enter" || event.key === "Tab") && suggestion !== undefined;
    if (suggestions.length === 0 || !(isArrow || isPick)) return false;
    event.preventDefault();
    if (isArrow) move(event.key === "ArrowDown" ? 1 : -1);
    else if (suggestion) pick(suggestion);
    return true;
  };

  const press = (event: KeyboardEvent) => {
    if (event.isComposing || pressList(event)) return;
    if (event.key === "Enter") finish();
    else if (event.key === " " && isWholeCondition(draft)) {
      event.preventDefault();
      finish();
    } else if (event.key === "Backspace" && draft === "" && chips.length > 0) {
      event.preventDefault();
      reopen();
    } else if (event.key === "Escape") {
      if (draft === "") input.current?.blur();
      else clear();
    }
  };

  return (
    <search class="filter">
      {chips.map((condition) => (
        <span key={condition} class="chip">
          <bdi>{condition}</bdi>
          <button type="button" aria-label={removeCondition(condition)} onClick={() => remove(condition)}>
            ×
          </button>
        </span>
      ))}
      <input
        ref={input}
        aria-label={filterLabel}
        placeholder={filter}
        value={draft}
        spellcheck={false}
        autocomplete="off"
        autocapitalize="off"
        role="combobox"
        aria-expanded={suggestions.length > 0}
        aria-controls="suggestions"
        aria-autocomplete="list"
        aria-activedescendant={chosen === undefined ? undefined : `suggestions-${chosen}`}
        onInput={(event) => {
          setFocused(true);
          type(event.currentTarget.value);
        }}
        onKeyDown={press}
        onBlur={() => {
          setFocused(false);
          leave();
        }}
      />
      <span class="doubt soft" role="status" title={doubt}>
        {doubt !== undefined && (
          <>
            <bdi>{doubt === "" ? noHostYet : doubt}</bdi> <span>{notInForce}</span>
          </>
        )}
      </span>
      <SuggestionList id="suggestions" suggestions={suggestions} chosen={chosen} onPick={pick} />
    </search>
  );
}

/** The word that is being typed; within quotes a space is part of it. */
const LAST_WORD = /(?:"(?:[^"\\]|\\.)*"?|[^\s"])+$/s;

/** Whether a space ends what is typed: not within quotes. */
function isWholeCondition(draft: string): boolean {
  return isCondition(draft) && (draft.match(/(?<!\\)"/g)?.length ?? 0) % 2 === 0;
}

/** `/`, and the keys of the browser's own search. */
function useFocusKeys(input: { readonly current: HTMLInputElement | null }): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const isFind = event.key.toLowerCase() === "f" && (event.ctrlKey || event.metaKey) && !event.shiftKey;
      const isSlash = event.key === "/" && !event.ctrlKey && !event.metaKey && !isEditable(event.target);
      // Pressed there once more, it is the browser's.
      if (!(isSlash || (isFind && document.activeElement !== input.current))) return;
      event.preventDefault();
      input.current?.focus();
      input.current?.select();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [input]);
}

function isEditable(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("input, textarea, select") !== null;
}
