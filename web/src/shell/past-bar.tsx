// Says plainly that the page shows the past, of when that is, and leads back to now.
import { useParameters } from "../address/parameters.ts";
import type { Facts } from "../api/answer.ts";
import { useSpeech } from "../words/language.tsx";
import { ToldTimes } from "./told-times.tsx";

/** @param facts of the answer that is shown; undefined while there is none */
export function PastBar({ at, facts }: { readonly at: string; readonly facts: Facts | undefined }) {
  const { words, formatTime, formatTimeAndOffset } = useSpeech();
  const { past } = words;
  const { hrefWith } = useParameters();
  const asked = Date.parse(at);
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return (
    <div class="past" role="status">
      <p>
        <strong>{past.title}:</strong>{" "}
        {Number.isNaN(asked) ? (
          <bdi class="value">{at}</bdi>
        ) : (
          <>
            <time dateTime={at} title={`${formatTimeAndOffset(asked)} ${zone}`}>
              {formatTime(asked)}
            </time>{" "}
            <span class="soft">{zone}</span>
          </>
        )}
        {facts && (
          <span class="soft">
            {facts.asOf <= asked && (
              <>
                {" "}
                · {past.recorded}{" "}
                <time
                  dateTime={new Date(facts.asOf).toISOString()}
                  title={`${formatTimeAndOffset(facts.asOf)} ${zone}`}
                >
                  {formatTime(facts.asOf)}
                </time>
              </>
            )}
            {facts.warning !== undefined && (
              <>
                {" "}
                · <ToldTimes text={facts.warning} />
              </>
            )}
          </span>
        )}
      </p>
      <a class="button" href={hrefWith({ at: undefined })}>
        {past.backToNow}
      </a>
    </div>
  );
}
