// What stands in the filter, and what of it is in force. Conditions that are done are chips. What
// is being typed goes into the address as well, as soon as some host meets it: a condition that is
// not whole yet chooses nobody, and would empty the view between two keys.
import { useEffect, useRef, useState } from "preact/hooks";
import { quoteWord, readConditions } from "../../../src/grammar/filter-line.ts";
import { type Filter, formatFilter, parseFilter, toParameters } from "../address/filter.ts";
import { useParameters } from "../address/parameters.ts";
import { askAt, readAt } from "../address/past.ts";
import { ask } from "../api/answer.ts";
import { Failure } from "../api/failure.ts";

/** After the last key so long it is looked whether some host meets what was typed; ms. */
const TYPING_MS = 150;

/**
 * A cursor of /v1/ages after which no report has come: the answer has the number of hosts alone.
 */
const AFTER_ALL = "999999999999";

export interface TypedFilter {
  /** Conditions that are done. */
  readonly chips: readonly string[];
  readonly draft: string;
  /**
   * Why what is being typed is not in force: what Rollcall says is wrong with it, or "" where it is
   * only that no host meets it; undefined where it is.
   */
  readonly doubt: string | undefined;
  type(value: string): void;
  /** What was typed, or what is given in its place, is done: its conditions become chips. */
  take(whole?: string): void;
  /** Nobody types any longer: what is in force becomes chips, what is not stays where it is. */
  leave(): void;
  remove(chip: string): void;
  /** The last chip is typed on. */
  reopen(): void;
  clear(): void;
}

export function useTypedFilter(): TypedFilter {
  const { parameters, change } = useParameters();
  const q = parameters.q ?? "";
  const { conditions, text } = parseFilter(q);
  const [draft, setDraft] = useState(text);
  const [doubt, setDoubt] = useState<string>();
  /** Conditions of the draft that are in the address. */
  const [tried, setTried] = useState<readonly string[]>([]);
  const written = useRef(q);
  /** Whether "back" leads to before what is being typed. */
  const isPushed = useRef(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const asking = useRef<AbortController>(undefined);
  const chips = conditions.filter((condition) => !tried.includes(condition));

  const stop = () => {
    clearTimeout(timer.current);
    asking.current?.abort();
    setDoubt(undefined);
  };

  // Who follows a link or goes back leaves what was typed.
  useEffect(() => {
    if (q === written.current) return;
    written.current = q;
    isPushed.current = false;
    stop();
    setDraft(text);
    setTried([]);
  }, [q]);
  useEffect(() => stop, []);

  const write = (next: Filter) => {
    const line = formatFilter(next);
    if (line === written.current) return;
    written.current = line;
    change({ q: line }, { replace: isPushed.current });
    isPushed.current = true;
  };

  /** Puts what is typed in force, if some host meets it. @returns whether it is */
  const settle = async (value: string): Promise<boolean> => {
    const typed = parseFilter(value);
    const own = typed.conditions.filter((condition) => !chips.includes(condition));
    const all = [...chips, ...own];
    if (own.length > 0) {
      const question = new AbortController();
      asking.current = question;
      const found = await findDoubt(all, question.signal);
      if (question.signal.aborted) return false;
      setDoubt(found);
      if (found !== undefined) return false;
    }
    setTried(own);
    write({ conditions: all, text: typed.text });
    return true;
  };

  const take = (whole = draft) => {
    stop();
    const typed = parseFilter(whole);
    setDraft(typed.text);
    setTried([]);
    write({ conditions: [...new Set([...chips, ...typed.conditions])], text: typed.text });
    isPushed.current = false;
  };

  return {
    chips,
    draft,
    doubt,
    take,
    type(value) {
      stop();
      setDraft(value);
      timer.current = setTimeout(() => void settle(value), TYPING_MS);
    },
    leave() {
      if (parseFilter(draft).conditions.length === 0) return;
      clearTimeout(timer.current);
      void settle(draft).then((isInForce) => isInForce && take());
    },
    remove(chip) {
      stop();
      isPushed.current = false;
      write({ conditions: conditions.filter((one) => one !== chip), text: parseFilter(draft).text });
      isPushed.current = false;
    },
    reopen() {
      const last = chips.at(-1);
      if (last === undefined) return;
      setDraft(quoteWord(last));
      setTried([last]);
    },
    clear() {
      stop();
      setDraft("");
      setTried([]);
      write({ conditions: chips, text: "" });
    },
  };
}

/**
 * Finds out whether some host meets the conditions.
 *
 * @returns as TypedFilter's doubt; undefined also where it cannot be found out, since the view then
 *   says why
 */
async function findDoubt(conditions: readonly string[], signal: AbortSignal): Promise<string | undefined> {
  const [mistake] = readConditions(conditions).mistakes;
  if (mistake !== undefined) return mistake;
  const own = toParameters({ conditions, text: "" });
  const state = own.some(([name]) => name === "state") ? [] : [["state", "all"] as const];
  try {
    const parameters = [...own, ...state, ["since", AFTER_ALL] as const];
    const { facts } = await ask(askAt({ path: "ages", parameters }, readAt()), { signal });
    return facts.count === 0 ? "" : undefined;
  } catch (error) {
    return error instanceof Failure && error.status === 400 ? error.detail : undefined;
  }
}
