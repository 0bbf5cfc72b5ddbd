// The state of a view as its address has it: every state has an address, so that a link is an
// answer, and the browser's back and forward work.
import { useMemo } from "preact/hooks";
import { useLocation, useSearch } from "wouter";
import { navigate } from "wouter/use-browser-location";
import { AT, readAt } from "./past.ts";
import { BASE } from "./root.ts";

/** Each parameter once. */
export type Parameters = Readonly<Record<string, string | undefined>>;

/** What a view's state is changed by. */
export interface ChangeOptions {
  /** Whether "back" leads to before the change before; else to the state before this one. */
  readonly replace?: boolean;
}

/**
 * The address of a view. @param path as the registry has it: `/hosts`; parts of it are to be
 * encoded. @param parameters undefined and "" are left out; the instant that is looked at is kept
 * where `at` is not among them
 */
export function formatHref(path: string, parameters: Parameters = {}): string {
  const search = new URLSearchParams();
  const at = AT in parameters ? parameters.at : readAt();
  for (const [name, value] of Object.entries({ ...parameters, at }))
    if (value !== undefined && value !== "") search.set(name, value);
  const text = search.toString();
  return `${BASE}${path}${text === "" ? "" : `?${text}`}`;
}

/** Goes to an address of formatHref. */
export function go(href: string, { replace = false }: ChangeOptions = {}): void {
  navigate(href, { replace });
}

/** The state of the view that is shown, and how it is changed. */
export interface ViewState {
  readonly parameters: Parameters;
  /** undefined and "" take a parameter away. */
  change(changes: Parameters, options?: ChangeOptions): void;
  /** The address of this view with some of its state changed. */
  hrefWith(changes: Parameters): string;
}

export function useParameters(): ViewState {
  const [path] = useLocation();
  const search = useSearch();
  return useMemo(() => {
    const parameters = Object.fromEntries(new URLSearchParams(search));
    const hrefWith = (changes: Parameters) => formatHref(path, { ...parameters, ...changes });
    return { parameters, hrefWith, change: (changes, options) => go(hrefWith(changes), options) };
  }, [path, search]);
}
