// The filter, above every view: conditions as chips that can be taken away, then text. `/` and
// Ctrl-F lead to it.
import { useEffect, useRef, useState } from "preact/hooks";
import { isCondition, quoteWord } from "../../../src/grammar/filter-line.ts";
import { type Filter, formatFilter, parseFilter } from "../address/filter.ts";
import { useParameters } from "../address/parameters.ts";
import { useSpeech } from "../words/language.tsx";
import { type Suggestion, SuggestionList, useChosen, useSuggestions } from "./suggestions.tsx";

/** After the last key so long the address is changed; ms. */
const TYPING_MS = 150;

export function FilterBox() {
  const { words } = useSpeech();
  const { filter, filterLabel, removeCondition } = words.shell;
  const { parameters, change } = useParameters();
  const { conditions, text } = parseFilter(parameters.q);
  const [draft, setDraft] = useState(text);
  const input = useRef<HTMLInputElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const isTyping = useRef(false);
  const [isFocused, setFocused] = useState(false);
  const suggestions = useSuggestions(isFocused ? draft : undefined);
  const { chosen, move, suggestion } = useChosen(suggestions);

  // What the address says counts, but while somebody types.
  useEffect(() => {
    if (!isTyping.current) setDraft(text);
  }, [text]);
  useFocusKeys(input);

  const write = (next: Filter, replace: boolean) => change({ q: formatFilter(next) }, { replace });

  /** What was typed is done: its conditions become chips. */
  const take = (whole = draft) => {
    clearTimeout(timer.current);
    isTyping.current = false;
    setFocused(whole !== draft);
    const typed = parseFilter(whole);
    const all = [...new Set([...conditions, ...typed.conditions])];
    setDraft(typed.text);
    write({ conditions: all, text: typed.text }, false);
  };

  const type = (value: string) => {
    isTyping.current = true;
    setDraft(value);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      // A condition is not asked for before it is whole: `env=p` has no host.
      const { conditions: typed, text: plain } = parseFilter(value);
      if (plain !== text) write({ conditions, text: plain }, true);
      isTyping.current = typed.length > 0;
    }, TYPING_MS);
  };

  const pick = ({ word, isWhole }: Suggestion) => {
    const next = draft.replace(LAST_WORD, () => (isWhole ? quoteWord(word) : word));
    if (isWhole) take(next);
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
    if (event.key === "Enter") take();
    else if (event.key === " " && isWholeCondition(draft)) {
      event.preventDefault();
      take();
    } else if (event.key === "Backspace" && draft === "" && conditions.length > 0) {
      event.preventDefault();
      const last = conditions.at(-1) ?? "";
      isTyping.current = true;
      setDraft(last);
      write({ conditions: conditions.slice(0, -1), text: "" }, false);
    } else if (event.key === "Escape") {
      if (draft === "") input.current?.blur();
      else {
        clearTimeout(timer.current);
        isTyping.current = false;
        setDraft("");
        write({ conditions, text: "" }, true);
      }
    }
  };

  return (
    <search class="filter">
      {conditions.map((condition) => (
        <span key={condition} class="chip">
          <bdi>{condition}</bdi>
          <button
            type="button"
            aria-label={removeCondition(condition)}
            onClick={() =>
              write({ conditions: conditions.filter((one) => one !== condition), text: draft }, false)
            }
          >
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
          if (isCondition(draft)) take();
        }}
      />
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
