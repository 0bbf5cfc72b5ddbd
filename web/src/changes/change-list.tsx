// Changes by day, the newest first. Arrows move the focus from line to line, Enter opens its hosts.
import { useState } from "preact/hooks";
import { ToldTimes } from "../shell/told-times.tsx";
import { useSpeech } from "../words/language.tsx";
import { type ChangeLine, divideByDay, findDay, type Gap, isGap } from "./change-lines.ts";
import { ChangeRow } from "./change-row.tsx";

/** Lines that are shown at first, and more with each wish. */
const MAX_LINES = 300;

const DAY_MS = 24 * 3_600_000;

interface ChangeListProps {
  readonly entries: readonly (ChangeLine | Gap)[];
  readonly open: ReadonlySet<string>;
  readonly onToggle: (id: string) => void;
  /** From which "today" is told; ms since the epoch. Undefined in the past: days have dates. */
  readonly now: number | undefined;
}

export function ChangeList({ entries, open, onToggle, now }: ChangeListProps) {
  const { words, formatNumber } = useSpeech();
  const [most, setMost] = useState(MAX_LINES);
  const [active, setActive] = useState<string>();
  const shown = entries.slice(0, most);
  const isThere = shown.some((entry) => !isGap(entry) && entry.id === active);
  const first = shown.find((entry) => !isGap(entry)) as ChangeLine | undefined;
  const stop = isThere ? active : first?.id;
  return (
    <>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the keys are those of the lines in it */}
      <div onKeyDown={moveFocus}>
        {divideByDay(shown).map(({ start, entries: own }) => (
          <section key={start}>
            <h2>
              <DayName start={start} now={now} />
            </h2>
            <ul>
              {own.map((entry) =>
                isGap(entry) ? (
                  <GapRow key={`${entry.from} ${entry.until}`} gap={entry} />
                ) : (
                  <ChangeRow
                    key={entry.id}
                    line={entry}
                    isOpen={open.has(entry.id)}
                    isStop={entry.id === stop}
                    onToggle={() => onToggle(entry.id)}
                    onFocus={() => setActive(entry.id)}
                  />
                ),
              )}
            </ul>
          </section>
        ))}
      </div>
      {entries.length > most && (
        <p class="notices">
          <button type="button" onClick={() => setMost(most + MAX_LINES)}>
            {words.changes.showMore(formatNumber(Math.min(MAX_LINES, entries.length - most)))}
          </button>
        </p>
      )}
    </>
  );
}

function DayName({ start, now }: { readonly start: number; readonly now: number | undefined }) {
  const { formatDay, formatDayFromNow } = useSpeech();
  const day = formatDay(start);
  // Days of a change of the clocks have 23 or 25 hours.
  const days = now === undefined ? Number.NaN : Math.round((start - findDay(now)) / DAY_MS);
  if (days !== 0 && days !== -1) return <>{day}</>;
  return (
    <>
      {formatDayFromNow(days)} <span class="soft note">{day}</span>
    </>
  );
}

/** Of when nothing was recorded, in its place. */
function GapRow({ gap: { from, until, reason } }: { readonly gap: Gap }) {
  const { words, formatTime, formatTimeAndOffset } = useSpeech();
  const time = (at: number) => (
    <time dateTime={new Date(at).toISOString()} title={formatTimeAndOffset(at)}>
      {formatTime(at)}
    </time>
  );
  return (
    <li class="untold">
      <span class="when">
        {time(from)} – {time(until)}
      </span>
      <span>
        <strong>{words.changes.gap}:</strong> <ToldTimes text={reason} />
      </span>
    </li>
  );
}

/** Arrows, Home and End among the lines. */
function moveFocus(event: KeyboardEvent): void {
  const { key, target, currentTarget } = event;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (!(target instanceof HTMLElement) || !target.matches(LINE)) return;
  const lines = [...(currentTarget as HTMLElement).querySelectorAll<HTMLElement>(LINE)];
  const at = lines.indexOf(target);
  const places: Readonly<Record<string, number>> = {
    ArrowDown: at + 1,
    ArrowUp: at - 1,
    Home: 0,
    End: lines.length - 1,
  };
  const next = lines[places[key] ?? -1];
  if (!next) return;
  event.preventDefault();
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}

const LINE = "button.change";
