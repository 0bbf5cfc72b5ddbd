// What Rollcall says in English, with its instants in the reader's zone.
import { useSpeech } from "../words/language.tsx";

const INSTANT = /(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z)/;

export function ToldTimes({ text }: { readonly text: string }) {
  const { formatTime, formatTimeAndOffset } = useSpeech();
  return (
    <bdi>
      {text.split(INSTANT).map((part, index) => {
        // What is split out stands at the odd places.
        const at = index % 2 === 1 ? Date.parse(part) : Number.NaN;
        if (Number.isNaN(at)) return part;
        return (
          <time key={index} dateTime={part} title={formatTimeAndOffset(at)}>
            {formatTime(at)}
          </time>
        );
      })}
    </bdi>
  );
}
