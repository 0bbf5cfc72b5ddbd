// Links from one page to another, as marks until every page has an address.

/** A link may become as long as this; bytes. */
export const MAX_LINK_BYTES = 300;
/**
 * Between characters of the private use area, which markdown-text.ts lets through in no value: so
 * no host can write such a mark.
 */
export const LINK = /\ue000([a-z0-9-]+)\ue001/g;

export function linkTo(slug: string): string {
  return `\ue000${slug}\ue001`;
}

/**
 * Replaces the links' marks by addresses. @param find undefined for a page that has none yet, whose
 * link becomes its place in words
 */
export function fillIn(body: string, find: (slug: string) => string | undefined): string {
  return body.replace(LINK, (_, slug: string) => find(slug) ?? "#");
}
