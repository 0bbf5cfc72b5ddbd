// Cells of a table: what hosts wrote, made safe for a terminal and short.

/**
 * Makes text safe to print: control characters, which can move the cursor or rename the window, and characters that turn the direction of
 * writing, become visible. Reports come from hosts, and a host may be hostile.
 */
export function sanitize(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

/** A value in one line: scalars as text, arrays joined with commas, objects as JSON. */
export function formatValue(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return sanitize(value);
  if (Array.isArray(value)) return value.map(formatValue).join(",");
  return sanitize(JSON.stringify(value));
}

/** A span of time as kubectl writes it: `12s`, `5m`, `1h40m`, `3d4h`. */
export function formatSpan(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const [minutes, hours] = [Math.floor(seconds / 60), Math.floor(seconds / 3600)];
  if (seconds < 60) return `${seconds}s`;
  if (minutes < 60) return `${minutes}m`;
  if (hours < 24) return minutes % 60 === 0 ? `${hours}h` : `${hours}h${minutes % 60}m`;
  return hours % 24 === 0 ? `${hours / 24}d` : `${Math.floor(hours / 24)}d${hours % 24}h`;
}
