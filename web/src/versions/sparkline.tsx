// A sparkline: how many hosts had a value over time. Where that cannot be told the line is broken.
import { useSpeech } from "../words/language.tsx";
import type { Hosts, Trend } from "./use-trend.ts";

const WIDTH = 72;
const HEIGHT = 16;

/** So that the line's width stays within. */
const MARGIN = 1;

export function Sparkline({ hosts, most }: { readonly hosts: Hosts; readonly most: Trend["most"] }) {
  const { words, formatNumber } = useSpeech();
  const { trend, trendGap } = words.changes;
  const told = hosts.filter((one) => one !== null);
  const [first, last] = [told[0], told.at(-1)];
  // One point is no line.
  if (first === undefined || last === undefined || told.length < 2) return null;
  const text = [
    trend(formatNumber(first), formatNumber(last)),
    ...(told.length < hosts.length ? [trendGap] : []),
  ].join("; ");
  return (
    <svg class="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={text}>
      <title>{text}</title>
      <path d={drawLine(hosts, most)} />
    </svg>
  );
}

/** As the attribute `d` of an SVG path. */
export function drawLine(hosts: Hosts, most: number): string {
  const step = (WIDTH - 2 * MARGIN) / Math.max(1, hosts.length - 1);
  const round = (number: number) => Math.round(number * 10) / 10;
  let isBroken = true;
  let path = "";
  for (const [at, count] of hosts.entries()) {
    if (count === null) {
      isBroken = true;
      continue;
    }
    const x = round(MARGIN + at * step);
    const y = round(HEIGHT - MARGIN - ((HEIGHT - 2 * MARGIN) * count) / most);
    // A point alone is a dot: a line of no length with round ends.
    path += isBroken ? `M${x} ${y}h0` : `L${x} ${y}`;
    isBroken = false;
  }
  return path;
}
