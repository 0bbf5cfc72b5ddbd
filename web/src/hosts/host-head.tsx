// The head of the table of hosts: a click sorts, the edge of a column makes it wider.
import { AGE } from "../columns/chosen-hosts.ts";
import { useSpeech } from "../words/language.tsx";
import type { Widths } from "./widths.ts";

/** px for a key. */
const STEP = 16;

/** Of a path its last step, and of a label its name: the whole is told by the column's title. */
export function formatShort(column: string): string {
  return column.slice(Math.max(0, column.search(/(?:[^.\\]|\\.)+$/)));
}

interface HostHeadProps {
  readonly columns: readonly string[];
  readonly sort: string | undefined;
  readonly widths: Widths;
  readonly widthOf: (column: string) => number;
  readonly onSort: (sort: string) => void;
}

export function HostHead({ columns, sort, widths, widthOf, onSort }: HostHeadProps) {
  const { words } = useSpeech();
  return (
    <thead>
      <tr>
        {columns.map((name) => {
          const direction = sort === name ? "ascending" : sort === `-${name}` ? "descending" : undefined;
          return (
            <th key={name} scope="col" aria-sort={direction} class={name === AGE ? "number" : undefined}>
              <button
                type="button"
                class="sort"
                onClick={() => onSort(direction === "ascending" ? `-${name}` : name)}
              >
                {name === AGE ? (
                  words.hosts.age
                ) : (
                  <bdi class="field-name" title={name}>
                    {formatShort(name)}
                  </bdi>
                )}
                <span aria-hidden="true">
                  {direction === "ascending" ? "\u2009↑" : direction === "descending" ? "\u2009↓" : ""}
                </span>
              </button>
              <Edge
                label={words.hosts.width(name === AGE ? words.hosts.age : name)}
                width={widthOf(name)}
                onWidth={(width) => widths.choose(name, width)}
              />
            </th>
          );
        })}
      </tr>
    </thead>
  );
}

/** The edge of a column, dragged by a pointer or moved by arrow keys. */
function Edge({
  label,
  width,
  onWidth,
}: {
  readonly label: string;
  readonly width: number;
  readonly onWidth: (width: number) => void;
}) {
  const drag = (down: PointerEvent) => {
    const edge = down.currentTarget as HTMLElement;
    const begun = edge.parentElement?.offsetWidth ?? width;
    edge.setPointerCapture(down.pointerId);
    const move = (event: PointerEvent) => onWidth(begun + event.clientX - down.clientX);
    const end = () => {
      edge.removeEventListener("pointermove", move);
      edge.removeEventListener("pointerup", end);
      edge.removeEventListener("pointercancel", end);
    };
    edge.addEventListener("pointermove", move);
    edge.addEventListener("pointerup", end);
    edge.addEventListener("pointercancel", end);
    down.preventDefault();
  };
  const press = (event: KeyboardEvent) => {
    const step = event.key === "ArrowRight" ? STEP : event.key === "ArrowLeft" ? -STEP : 0;
    if (step === 0) return;
    event.preventDefault();
    event.stopPropagation();
    onWidth(width + step);
  };
  return (
    <hr
      class="edge"
      aria-orientation="vertical"
      aria-label={label}
      aria-valuenow={width}
      tabIndex={0}
      onPointerDown={drag}
      onKeyDown={press}
    />
  );
}
