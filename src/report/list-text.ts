// Lists as people write them in one text: split by commas, as `a,b, c`.

/**
 * Splits a list. An empty item, as in `a,,b` or behind a last comma, is passed over wherever a list
 * is taken.
 *
 * @returns its items without the space around them; none for no text
 */
export function splitList(text = ""): string[] {
  return text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}
