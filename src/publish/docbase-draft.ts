// A page as DocBase gets it: its body with links and mark, what is remembered of it, and the one
// line that changes with time alone. Pure.
import { createHash } from "node:crypto";
import type { DocbaseAudience, DocbaseChange, LineChange } from "./docbase-client.ts";
import { formatMark, type StoredPage } from "./docbase-state.ts";
import { fillIn } from "./page-links.ts";
import type { Page } from "./pages.ts";

export interface DraftOptions {
  readonly tags: readonly string[];
  readonly audience: DocbaseAudience;
  /** The address of another page; undefined where it has none yet. */
  readonly find: (slug: string) => string | undefined;
}

/** @param mark whose page it is (docbase-state.ts) */
export function draftPage(page: Page, mark: string, { tags, find }: DraftOptions): DocbaseChange {
  return {
    title: page.title,
    body: `${fillIn(page.body, find)}\n${formatMark(page.slug, mark)}\n`,
    notice: false,
    tags,
  };
}

/** What a page says and to whom, but for when. */
export function digestPage(page: Page, options: DraftOptions): string {
  const { title, body, tags } = draftPage(page, "", options);
  const timeless = body.replace(page.asOfLine, "");
  return createHash("sha256")
    .update(JSON.stringify([title, timeless, tags, options.audience]))
    .digest("base64url");
}

/** What is kept of what was written, beside its digest. */
export function measureDraft(
  { body }: DocbaseChange,
  { asOfLine }: Page,
  { audience }: DraftOptions,
): Pick<StoredPage, "audience" | "bytes" | "asOfLine"> {
  return {
    audience: JSON.stringify(audience),
    bytes: Buffer.byteLength(body),
    ...(body.includes(asOfLine) && { asOfLine }),
  };
}

/**
 * The line that says when. @param before what stood there in the place of the new time
 * @returns undefined where it is not one line that says so
 */
export function findTimeChange(body: string, asOfLine: string, before: string): LineChange | undefined {
  const lines = body.split("\n");
  const [at, ...others] = lines.flatMap((line, index) => (line.includes(asOfLine) ? [index] : []));
  if (at === undefined || others.length > 0) return undefined;
  const after = lines[at] ?? "";
  return { line: at + 1, before: after.replace(asOfLine, before), after };
}
