// Which known word did they mean?
import { distance } from "fastest-levenshtein";

/**
 * The candidate nearest to a mistyped word, or undefined if none is near enough to be worth naming.
 */
export function findClosest(word: string, candidates: readonly string[]): string | undefined {
  if (word.length > 64) return undefined;
  const limit = Math.max(1, Math.floor(word.length / 3));
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const candidate of candidates) {
    const measured = measureDistance(word.toLowerCase(), candidate.toLowerCase());
    if (measured < bestDistance) {
      best = candidate;
      bestDistance = measured;
    }
  }
  return best;
}

/** Levenshtein distance, where two neighbours that changed places count once. */
function measureDistance(a: string, b: string): number {
  const measured = distance(a, b);
  return measured === 2 && isSwap(a, b) ? 1 : measured;
}

/** Two neighbours changed places, and nothing else differs. */
function isSwap(a: string, b: string): boolean {
  const at = [...a].findIndex((char, index) => char !== b[index]);
  return a.slice(0, at) + (a[at + 1] ?? "") + a[at] + a.slice(at + 2) === b;
}
