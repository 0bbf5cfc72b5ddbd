// Of when the data is: always to be seen, in amber and in words where it is not up to date.
import type { Facts } from "../api/answer.ts";
import { useSpeech } from "../words/language.tsx";

export function AsOf({
  facts,
  ageMs,
  isStale,
}: {
  readonly facts: Facts | undefined;
  readonly ageMs: number;
  readonly isStale: boolean;
}) {
  const { words, formatAge, formatTimeAndOffset } = useSpeech();
  const { asOf, stale, waiting } = words.shell;
  if (!facts)
    return (
      <span class="as-of waiting">
        <i />
        {waiting}
      </span>
    );
  // The bar of the past tells it.
  if (facts.isPast) return null;
  const age = formatAge(ageMs);
  return (
    <time
      class={isStale ? "as-of stale" : "as-of"}
      dateTime={new Date(facts.asOf).toISOString()}
      title={formatTimeAndOffset(facts.asOf)}
    >
      <i />
      {isStale ? stale(age) : asOf(age)}
    </time>
  );
}
