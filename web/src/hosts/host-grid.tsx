// The table of hosts: as many rows as the fleet has, of which those in view are in the document,
// and all of a small one. Arrows move, Enter opens.
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { go } from "../address/parameters.ts";
import type { Facts } from "../api/answer.ts";
import { findAge } from "../api/use-state-of-data.ts";
import { AGE, type Choice } from "../columns/chosen-hosts.ts";
import type { ShownChoice, ShownGroup, ShownHost, ShownLine } from "../columns/messages.ts";
import { useSpeech } from "../words/language.tsx";
import type { BehindValues } from "./behind-values.ts";
import { withAge } from "./host-choices.ts";
import { formatShort, HostHead } from "./host-head.tsx";
import { formatHostHref } from "./host-href.ts";
import { ComingRow, GroupRow, HostRow } from "./host-row.tsx";
import { MAX_WHOLE, type SeenHosts } from "./use-hosts.ts";
import { findPlace, keepPlace, leaveList } from "./way-back.ts";
import { useWidths } from "./widths.ts";

/** px; a row is one line of text and its air. */
const ROW_HEIGHT = 28;

/** Rows that are in the document before and after those in view of a large fleet. */
const OVERSCAN = 10;

/** Rows of a smaller one that come in one task, after those that are in view. */
const ROWS_AT_ONCE = 30;

/** Ids of rows (host-row.tsx). */
const LINE_ID = /^line-(\d+)$/;

/** px: of a letter of a value, of what stands around it, and of what nobody chose a width for. */
const LETTER_WIDTH = 7.3;
const AROUND = 17;
const MIN_FITTED = 64;
const MAX_FITTED = 300;
const AGE_WIDTH = 76;

/** Lines by which a width is fitted. */
const FITTED_LINES = 60;

interface HostGridProps {
  readonly choice: Choice;
  readonly shown: ShownChoice;
  readonly seen: SeenHosts;
  readonly facts: Facts;
  readonly behind: BehindValues;
  /** The list's own address. */
  readonly list: string;
  readonly onSort: (sort: string) => void;
  readonly onToggle: (group: ShownGroup) => void;
}

export function HostGrid(props: HostGridProps) {
  const { choice, shown, seen, facts, behind, list, onSort, onToggle } = props;
  const { words, formatDuration } = useSpeech();
  const scroll = useRef<HTMLDivElement>(null);
  const grid = useRef<HTMLTableElement>(null);
  const [active, setActive] = useState<number | undefined>(() => findPlace(list)?.active);
  const widths = useWidths();
  const columns = useMemo(() => withAge(choice.columns), [choice.columns.join()]);
  const fitted = useFittedWidths(columns, seen);
  const widthOf = (name: string) => widths.of(name) ?? fitted(name);
  const { length } = shown;
  const rows = useVirtualizer({
    count: length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: useGrowing(length < MAX_WHOLE ? length : OVERSCAN, JSON.stringify(choice)),
    // Until the place is measured, so that the first rows are there at once.
    initialRect: { width: 1360, height: 800 },
    // The head lies over the first rows.
    scrollPaddingStart: ROW_HEIGHT + 4,
  });
  const items = rows.getVirtualItems();
  const [first, last] = [items[0], items.at(-1)];
  const before = first?.start ?? 0;
  const after = rows.getTotalSize() - (last?.end ?? 0);
  useLayoutEffect(() => {
    if (first && last) seen.see({ from: first.index, to: last.index + 1 });
  }, [first?.index, last?.index, shown]);
  usePlace(list, scroll, active);

  const hrefOf = (host: ShownHost) => formatHostHref(host.id, host.account);
  const open = (line: ShownLine | undefined) => {
    if (!line) return;
    if ("group" in line) onToggle(line.group);
    else {
      keepPlace(list, { top: scroll.current?.scrollTop ?? 0, active });
      leaveList(list);
      go(hrefOf(line.host));
    }
  };
  const move = (to: number) => {
    const line = Math.max(0, Math.min(length - 1, to));
    setActive(line);
    rows.scrollToIndex(line, { align: "auto" });
  };
  useRowKeys(
    { grid, active, page: Math.floor((scroll.current?.clientHeight ?? 400) / ROW_HEIGHT) - 2, length },
    move,
    () => open(active === undefined ? undefined : seen.lineAt(active)),
  );

  /** Of a link a click does as links do, and a text that is being marked is no click. */
  const click = (event: MouseEvent) => {
    const target = event.target as Element;
    const isPlain =
      event.button === 0 && target.closest("a") === null && (getSelection()?.isCollapsed ?? true);
    const [, line] = LINE_ID.exec(target.closest("tbody tr")?.id ?? "") ?? [];
    if (isPlain && line !== undefined) open(seen.lineAt(Number(line)));
  };

  const dataAge = findAge(facts);
  const ageOf = ({ received }: ShownHost) =>
    received === undefined ? undefined : facts.asOf - received * 1000 + dataAge;
  const windowMs = (shown.windowSeconds ?? Number.POSITIVE_INFINITY) * 1000;
  return (
    <div class="grid-scroll" ref={scroll}>
      {/* biome-ignore lint/a11y/useAriaPropsSupportedByRole: either role has it (ARIA 1.2) */}
      <table
        ref={grid}
        class="hosts"
        role={choice.group === undefined ? "grid" : "treegrid"}
        tabIndex={0}
        aria-label={words.views.hosts}
        aria-rowcount={length + 1}
        aria-activedescendant={active === undefined ? undefined : `line-${active}`}
        onFocus={() => active === undefined && length > 0 && setActive(first?.index ?? 0)}
        // What is left over is divided by width.
        style={{
          width: `max(100%, ${columns.reduce((sum, name) => sum + widthOf(name), 0)}px)`,
          "--columns": columns.map((name) => `minmax(${widthOf(name)}px, ${widthOf(name)}fr)`).join(" "),
        }}
      >
        <HostHead columns={columns} sort={choice.sort} widths={widths} widthOf={widthOf} onSort={onSort} />
        {/* biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the table's */}
        <tbody onClick={click}>
          {before > 0 && <Space height={before} />}
          {items.map(({ index }) => {
            const line = seen.lineAt(index);
            if (!line) return <ComingRow key={index} line={index} columns={columns.length} />;
            if ("group" in line)
              return (
                <GroupRow
                  key={index}
                  line={index}
                  group={line.group}
                  columns={columns.length}
                  isActive={active === index}
                />
              );
            const ageMs = ageOf(line.host);
            return (
              <HostRow
                key={index}
                line={index}
                host={line.host}
                columns={columns}
                href={hrefOf(line.host)}
                behind={behind}
                isActive={active === index}
                age={ageMs === undefined ? "·" : formatDuration(ageMs)}
                isSilent={ageMs !== undefined && ageMs - dataAge > windowMs}
              />
            );
          })}
          {after > 0 && <Space height={after} />}
        </tbody>
      </table>
    </div>
  );
}

/** Widths by what stands in the first lines that came; they stay, whatever comes later. */
function useFittedWidths(columns: readonly string[], seen: SeenHosts): (column: string) => number {
  const known = useRef(new Map<string, number>());
  for (const [index, name] of columns.entries()) {
    if (known.current.has(name)) continue;
    // With the sign of the order.
    let longest = formatShort(name).length + 1.3;
    for (let at = 0; at < FITTED_LINES; at++) {
      const line = seen.lineAt(at);
      if (!line || "group" in line) continue;
      const texts = line.host.cells[index] ?? [];
      longest = Math.max(
        longest,
        texts.reduce((sum, text) => sum + text.length + 1, -1),
      );
    }
    const width = Math.round(longest * LETTER_WIDTH + AROUND);
    known.current.set(name, name === AGE ? AGE_WIDTH : Math.min(MAX_FITTED, Math.max(MIN_FITTED, width)));
  }
  return (column) => known.current.get(column) ?? MIN_FITTED;
}

/** The place of rows that are not in the document. */
function Space({ height }: { readonly height: number }) {
  // biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: it has no content
  return <tr role="none" class="space" style={{ height: `${height}px` }} />;
}

/**
 * How many rows may be in the document: at first few, then more with each task, so that none holds
 * the page up. Begins anew where what is shown is another.
 */
function useGrowing(wanted: number, shown: string): number {
  const [grown, setGrown] = useState({ shown, count: OVERSCAN });
  const count = Math.min(wanted, grown.shown === shown ? grown.count : OVERSCAN);
  useEffect(() => {
    if (count >= wanted) return;
    const timer = setTimeout(() => setGrown({ shown, count: count + ROWS_AT_ONCE }), 0);
    return () => clearTimeout(timer);
  }, [count, wanted, shown]);
  return count;
}

/** Back from a host one is where one was. */
function usePlace(
  list: string,
  scroll: { readonly current: HTMLElement | null },
  active: number | undefined,
): void {
  const own = useRef({ active });
  own.current.active = active;
  useLayoutEffect(() => {
    const element = scroll.current;
    const place = findPlace(list);
    if (element && place) element.scrollTop = place.top;
    let top = element?.scrollTop ?? 0;
    const note = () => {
      top = element?.scrollTop ?? 0;
    };
    element?.addEventListener("scroll", note, { passive: true });
    return () => {
      element?.removeEventListener("scroll", note);
      keepPlace(list, { top, active: own.current.active });
    };
  }, [list]);
}

interface RowKeys {
  readonly grid: { readonly current: HTMLElement | null };
  readonly active: number | undefined;
  /** Rows that fit into view. */
  readonly page: number;
  readonly length: number;
}

/** Arrows and their like move through the rows, wherever nothing else has the keys. */
function useRowKeys(
  { grid, active, page, length }: RowKeys,
  move: (to: number) => void,
  open: () => void,
): void {
  const handle = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || length === 0) return;
    const isHere = event.target === grid.current;
    const isNowhere = isLoose(event.target);
    if (!isHere && !isNowhere && !(event.key === "ArrowDown" && isFilter(event.target))) return;
    if (event.key === "Enter") {
      if (!isHere) return;
      event.preventDefault();
      open();
      return;
    }
    const at = active ?? -1;
    const to = {
      ArrowDown: isHere || isNowhere ? at + 1 : Math.max(0, at),
      ArrowUp: at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: length - 1,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    grid.current?.focus({ preventScroll: true });
    move(to);
  };
  const latest = useRef(handle);
  latest.current = handle;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => latest.current(event);
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
}

/** Whether nothing in the page has the keys. */
function isLoose(target: EventTarget | null): boolean {
  return target === document.body || (target instanceof HTMLElement && target.id === "answer");
}

function isFilter(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement && target.closest(".filter") !== null;
}
