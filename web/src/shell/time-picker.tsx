// Chooses the instant that every view shows: one of the past, or now.
import { useRef, useState } from "preact/hooks";
import { useParameters } from "../address/parameters.ts";
import { formatAt } from "../address/past.ts";
import { useAt } from "../address/use-at.ts";
import { useSpeech } from "../words/language.tsx";
import { useDismissal } from "./dismissal.ts";
import { formatLocal, readLocal } from "./local-time.ts";

const HOUR_MS = 3_600_000;

/** What is offered: so long ago; ms. */
const OFFERED_MS = [HOUR_MS, 24 * HOUR_MS, 7 * 24 * HOUR_MS];

export function TimePicker() {
  const { words, formatTime, formatAge } = useSpeech();
  const { past } = words;
  const { change, hrefWith } = useParameters();
  const at = useAt();
  const place = useRef<HTMLDetailsElement>(null);
  /** When the panel was opened; undefined while it is closed. */
  const [openedAt, setOpenedAt] = useState<number>();
  useDismissal(place);
  const shown = at === undefined ? Number.NaN : Date.parse(at);
  const close = () => {
    if (place.current) place.current.open = false;
  };
  const show = (event: Event) => {
    event.preventDefault();
    const chosen = readLocal((event.currentTarget as HTMLFormElement).elements.namedItem("instant"));
    if (chosen === undefined) return;
    close();
    change({ at: formatAt(chosen) });
  };
  const label = Number.isNaN(shown) ? past.now : formatTime(shown);
  return (
    <details
      class="panel-holder"
      ref={place}
      onToggle={() => setOpenedAt(place.current?.open ? Date.now() : undefined)}
    >
      <summary class="button" aria-label={`${past.choose}: ${label}`} title={past.choose}>
        {label} ▾
      </summary>
      {openedAt !== undefined && (
        <div class="panel instant">
          <form onSubmit={show}>
            <label>
              {past.instant}
              <input
                class="text"
                type="datetime-local"
                name="instant"
                required
                max={formatLocal(openedAt)}
                defaultValue={formatLocal(Number.isNaN(shown) ? openedAt : shown)}
              />
            </label>
            <button type="submit">{past.show}</button>
          </form>
          <p class="soft">{Intl.DateTimeFormat().resolvedOptions().timeZone}</p>
          {/* biome-ignore lint/a11y/useKeyWithClickEvents: its links are what is clicked, by keys too */}
          <ul onClick={close}>
            {OFFERED_MS.map((ms) => (
              <li key={ms}>
                <a href={hrefWith({ at: formatAt(Math.floor((openedAt - ms) / 1000) * 1000) })}>
                  {formatAge(ms)}
                </a>
              </li>
            ))}
            {at !== undefined && (
              <li>
                <a href={hrefWith({ at: undefined })}>{past.backToNow}</a>
              </li>
            )}
          </ul>
        </div>
      )}
    </details>
  );
}
