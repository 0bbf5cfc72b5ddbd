// What the DocBase publisher knows of its pages between runs, and how that is reconciled with what
// a search finds. Pure.
import * as z from "zod";
import type { DocbasePost } from "./docbase-client.ts";

const pageSchema = z.object({
  id: z.number(),
  url: z.string(),
  /**
   * Of what was last written; "" where nobody knows what the page says, or whether it is archived.
   */
  digest: z.string(),
  /** Who may read it, as last written; absent where nobody knows. */
  audience: z.string().optional(),
  /** Of what was last written, in bytes; absent where nobody knows. */
  bytes: z.number().optional(),
  /** When it was last written or archived; ms since the epoch. */
  written: z.number(),
  archived: z.boolean(),
  /** The line that says when, as last written; absent where nobody knows. */
  asOfLine: z.string().optional(),
});

const tableSchema = z.object({
  /** When one was last sent, whatever became of it; ms since the epoch. */
  tried: z.number(),
  /** Of the file that is there, of which instant it is (ms since the epoch), and its address. */
  file: z.object({ digest: z.string(), at: z.number(), url: z.string() }).optional(),
});

const pendingSchema = z.object({ slug: z.string(), mark: z.string(), since: z.number() });

const stateSchema = z.object({
  /** The DocBase and the team that it is about. */
  place: z.string(),
  /** Whether all pages of ours are known: not before a search was gone through to its end. */
  surveyed: z.boolean(),
  pages: z.record(z.string(), pageSchema),
  /**
   * Posts that were asked for, and of which nobody knows whether they were made: their marks, and
   * since when.
   */
  pending: z.array(pendingSchema),
  /** What the server was found to take; bytes. */
  limit: z.number().optional(),
  /** The whole table as a file. */
  table: tableSchema.optional(),
});

export type DocbaseState = z.infer<typeof stateSchema>;
export type StoredPage = z.infer<typeof pageSchema>;

/**
 * How long a search may take to find what was made; ms. After that a post that is not found was not
 * made.
 */
export const SETTLE_MS = 10 * 60_000;

/** How long a search looks for doubles after that; ms. */
const WATCH_MS = 24 * 60 * 60_000;

/**
 * Reads what was kept. What is of another place, or cannot be read, is nothing: the pages are found
 * again by what they say of themselves.
 */
export function readDocbaseState(value: unknown, place: string): DocbaseState {
  const kept = stateSchema.safeParse(value);
  return kept.success && kept.data.place === place
    ? kept.data
    : { place, surveyed: false, pages: {}, pending: [] };
}

/** What a mark takes at the end of a body; bytes. */
export const MARK_BYTES = 256;

/** The last line of a body, which is not shown: whose page it is. */
export function formatMark(slug: string, mark: string): string {
  return `<!-- rollcall ${slug} ${mark} -->`;
}

/** Only the last line counts: above it stands what hosts wrote. */
function readMark(body: string): { readonly slug: string; readonly mark: string } | undefined {
  const match = /<!-- rollcall ([a-z0-9-]{1,64}) ([A-Za-z0-9-]{1,64}) -->\s*$/.exec(body);
  return match ? { slug: match[1] ?? "", mark: match[2] ?? "" } : undefined;
}

/** What follows from a search. */
export interface Reconciliation {
  /** What is known then. */
  readonly state: DocbaseState;
  /** Pages that were found and not known. */
  readonly adopted: readonly string[];
  /** Posts of which there is another for the same page; they have to go. */
  readonly doubles: readonly { readonly id: number; readonly slug: string }[];
  /** Pages that are known and were not found: deleted, put away, or not yet known to the search. */
  readonly unseen: readonly string[];
}

/** Reconciles what is known with the open posts that a search found. */
export function reconcilePosts(
  state: DocbaseState,
  posts: readonly DocbasePost[],
  now: number,
): Reconciliation {
  const pages = { ...state.pages };
  const slugs = new Map(Object.entries(pages).map(([slug, { id }]) => [id, slug]));
  const marks = new Set<string>();
  const adopted: string[] = [];
  const doubles: { id: number; slug: string }[] = [];
  // The oldest first, so that of doubles the one that people may have linked to stays.
  for (const { id, url, body } of [...posts].sort((a, b) => a.id - b.id)) {
    const known = slugs.get(id);
    const page = known === undefined ? undefined : pages[known];
    // Somebody has taken it out, unless the search does not know yet that it was put away.
    if (known !== undefined && page?.archived && now - page.written >= SETTLE_MS)
      pages[known] = { ...page, archived: false };
    const mark = readMark(body);
    if (known !== undefined || !mark) continue;
    marks.add(mark.mark);
    if (pages[mark.slug]) {
      doubles.push({ id, slug: mark.slug });
      continue;
    }
    adopted.push(mark.slug);
    pages[mark.slug] = { id, url, digest: "", written: 0, archived: false };
  }
  const found = new Set(posts.map(({ id }) => id));
  const unseen = Object.entries(state.pages)
    // What was written just now, the search need not know yet.
    .filter(
      ([, page]) =>
        !page.archived && !found.has(page.id) && (page.digest === "" || now - page.written >= SETTLE_MS),
    )
    .map(([slug]) => slug);
  const pending = state.pending.filter(({ mark, since }) => !marks.has(mark) && now - since < WATCH_MS);
  return { state: { ...state, pages, pending, surveyed: true }, adopted, doubles, unseen };
}
