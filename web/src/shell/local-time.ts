// Times as the browser's own field for them has them: of the reader's zone, to the minute.

/** `2026-11-28T14:05`. @param at ms since the epoch */
export function formatLocal(at: number): string {
  const date = new Date(at);
  const two = (number: number) => String(number).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** What stands in such a field. @returns ms since the epoch; undefined where it is no time */
export function readLocal(field: RadioNodeList | Element | null): number | undefined {
  const at = field instanceof HTMLInputElement ? Date.parse(field.value) : Number.NaN;
  return Number.isNaN(at) ? undefined : at;
}
