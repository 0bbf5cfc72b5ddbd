// What a reader sets: how often the page asks again. And the way out.
import { useRef } from "preact/hooks";
import { chooseInterval, INTERVALS_S, useInterval } from "../api/interval.ts";
import { readKey } from "../api/key.ts";
import { useSpeech } from "../words/language.tsx";
import { useDismissal } from "./dismissal.ts";

export function Settings({ onSignOut }: { readonly onSignOut: () => void }) {
  const { words, formatNumber } = useSpeech();
  const { settings, every, never, seconds, signOut } = words.shell;
  const interval = useInterval();
  const place = useRef<HTMLDetailsElement>(null);
  useDismissal(place);
  return (
    <details class="panel-holder" ref={place}>
      <summary class="button" aria-label={settings} title={settings}>
        ⋯
      </summary>
      <div class="panel">
        <label>
          {every}{" "}
          <select
            value={String(interval)}
            onChange={(event) => chooseInterval(Number(event.currentTarget.value))}
          >
            {INTERVALS_S.map((one) => (
              <option key={one} value={String(one)}>
                {one === 0 ? never : seconds(formatNumber(one))}
              </option>
            ))}
          </select>
        </label>
        {readKey() !== undefined && (
          <button type="button" onClick={onSignOut}>
            {signOut}
          </button>
        )}
      </div>
    </details>
  );
}
