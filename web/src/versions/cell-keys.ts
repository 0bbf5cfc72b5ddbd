// The table's keys: one cell takes the focus, arrows move it, Enter opens its hosts. So a table of
// a thousand links is one stop of the Tab key.
import { useCallback, useRef } from "preact/hooks";

const CELLS = "tbody td > a";

/** Gives the ref of a table whose cells hold links. */
export function useCellKeys(): (table: HTMLTableElement | null) => void {
  const leave = useRef<(() => void) | undefined>(undefined);
  return useCallback((table) => {
    leave.current?.();
    leave.current = table ? listen(table) : undefined;
  }, []);
}

function listen(table: HTMLTableElement): () => void {
  const onKey = (event: KeyboardEvent) => {
    const { key, target } = event;
    if (!(target instanceof HTMLAnchorElement) || !target.matches(CELLS)) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const next = findNext(target, key);
    if (!next) return;
    event.preventDefault();
    next.focus();
    next.scrollIntoView({ block: "nearest", inline: "nearest" });
  };
  const onFocus = ({ target }: FocusEvent) => {
    if (target instanceof HTMLAnchorElement && target.matches(CELLS)) hold(table, target);
  };
  // The first cell is where Tab leads, until another one had the focus.
  const watch = new MutationObserver(() => holdOne(table));
  watch.observe(table, { childList: true, subtree: true });
  holdOne(table);
  table.addEventListener("keydown", onKey);
  table.addEventListener("focusin", onFocus);
  return () => {
    watch.disconnect();
    table.removeEventListener("keydown", onKey);
    table.removeEventListener("focusin", onFocus);
  };
}

function holdOne(table: HTMLTableElement): void {
  if (table.querySelector(`${CELLS}[tabindex="0"]`)) return;
  table.querySelector(CELLS)?.setAttribute("tabindex", "0");
}

function hold(table: HTMLTableElement, link: HTMLAnchorElement): void {
  for (const before of table.querySelectorAll(`${CELLS}[tabindex="0"]`))
    before.setAttribute("tabindex", "-1");
  link.setAttribute("tabindex", "0");
}

function findNext(link: HTMLAnchorElement, key: string): HTMLElement | undefined {
  const cell = link.closest("td");
  const row = cell?.closest("tr");
  if (!cell || !row) return undefined;
  if (key === "ArrowRight" || key === "ArrowLeft") return findBeside(cell, key === "ArrowRight");
  if (key === "Home" || key === "End") {
    const links = row.querySelectorAll<HTMLElement>("td > a");
    return key === "Home" ? links[0] : links[links.length - 1];
  }
  if (key !== "ArrowDown" && key !== "ArrowUp") return undefined;
  return findInRows(row, cell.cellIndex, key === "ArrowDown");
}

function findBeside(cell: HTMLTableCellElement, isForward: boolean): HTMLElement | undefined {
  let next = isForward ? cell.nextElementSibling : cell.previousElementSibling;
  while (next && !next.querySelector("a"))
    next = isForward ? next.nextElementSibling : next.previousElementSibling;
  return next?.matches("td") ? (next.querySelector("a") ?? undefined) : undefined;
}

/** The same column in the next row that has one, else the row's nearest cell. */
function findInRows(row: HTMLTableRowElement, at: number, isForward: boolean): HTMLElement | undefined {
  const rows = [...(row.closest("table")?.querySelectorAll<HTMLTableRowElement>("tbody > tr") ?? [])];
  const rest = isForward ? rows.slice(rows.indexOf(row) + 1) : rows.slice(0, rows.indexOf(row)).reverse();
  for (const next of rest) {
    const cells = [...next.querySelectorAll<HTMLTableCellElement>("td:has(> a)")];
    const [nearest] = cells.toSorted((a, b) => Math.abs(a.cellIndex - at) - Math.abs(b.cellIndex - at));
    const found = nearest?.querySelector<HTMLElement>("a");
    if (found) return found;
  }
  return undefined;
}
