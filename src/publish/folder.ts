// Publishes Markdown into a folder, or one file, such as those of a repository's wiki.
import { mkdir, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import * as z from "zod";
import { formatHeading } from "./markdown-text.ts";
import type { Overview } from "./overview.ts";
import { readPageFile, removeDrafts, replacePageFile } from "./page-file.ts";
import { fillIn } from "./page-links.ts";
import { SUMMARY_NAME } from "./page-name.ts";
import { joinPages, layOutPages, type Page, SUMMARY } from "./pages.ts";
import {
  NOTHING_DONE,
  type PublishContext,
  PublishError,
  type Publisher,
  type PublishOutcome,
} from "./publisher.ts";

export interface FolderOptions {
  readonly name: string;
  /** A folder, or a file whose name ends in `.md`; absolute. */
  readonly path: string;
  readonly touchMs: number;
}

const stateSchema = z.object({
  // No path, and not hidden: what is kept in the store may lead to no other file than one in the
  // folder.
  files: z.array(z.string().regex(/^(?!\.)[\p{L}\p{M}\p{N}_.-]{1,250}\.md$/u)),
  /** When the summary was last written; ms since the epoch. */
  written: z.number(),
});

/** A page of a repository may be long. */
const MAX_FOLDER_PAGE_BYTES = 500_000;

const MARK = "<!-- made by rollcall publish: changes are overwritten -->";

/** Makes the publisher. */
export function folderPublisher({ name, path, touchMs }: FolderOptions): Publisher {
  const isFile = path.endsWith(".md");
  const folder = isFile ? dirname(path) : path;
  const home = isFile ? basename(path) : `rollcall-${name}.md`;
  // A dot, which no publisher's name has: else one called `a` with a part `b` would write over one
  // called `a-b`.
  const nameFile = ({ name: page }: Page) =>
    page === SUMMARY_NAME ? home : `${home.replace(/\.md$/, "")}.${page}.md`;

  return {
    kind: "markdown",
    async publish(overview, context) {
      const kept = stateSchema.safeParse(context.state.value);
      const before = kept.success ? kept.data : { files: [], written: 0 };
      const pages = layOut(overview, isFile);
      const outcome = { ...NOTHING_DONE };
      let { written } = before;
      await mkdirUnlessDry(folder, context);
      // Known before they are written, so that none is left over whatever happens.
      const files = pages.map(nameFile);
      const fileOf = new Map(pages.map((page) => [page.slug, nameFile(page)]));
      // An address, in which letters of other scripts are escaped.
      const linkTo = (slug: string) => encodeURIComponent(fileOf.get(slug) ?? home);
      if (!context.isDryRun)
        await context.state.save({ files: [...new Set([...before.files, ...files])], written });
      if (!context.isDryRun) await removeDrafts(folder, [...before.files, ...files]);
      for (const page of pages) {
        // Whoever has lost the lease writes no more.
        if (!context.isDryRun) await context.state.renew();
        context.signal.throwIfAborted();
        const isOld = page.slug === SUMMARY && context.clock() - written >= touchMs;
        const change = await writePage(
          join(folder, nameFile(page)),
          page,
          fillIn(page.body, linkTo),
          isOld,
          context,
        );
        outcome[change]++;
        if (page.slug === SUMMARY && change !== "unchanged") written = context.clock();
      }
      outcome.archived += await removeOthers(
        before.files.filter((file) => !files.includes(file)),
        folder,
        context,
      );
      if (!context.isDryRun) await context.state.save({ files, written });
      return { ...outcome, url: join(folder, home) } satisfies PublishOutcome;
    },
  };
}

/** @param isOld whether it is written although it says the same, for the time in it */
async function writePage(
  path: string,
  page: Page,
  body: string,
  isOld: boolean,
  { isDryRun, onStep }: PublishContext,
): Promise<"created" | "updated" | "unchanged"> {
  const text = `${MARK}\n\n# ${formatHeading(page.title)}\n\n${body}`;
  const found = await readPageFile(path);
  const now = found.kind === "text" ? found.text : undefined;
  if (found.kind === "other" || (now !== undefined && !now.startsWith(MARK)))
    throw new PublishError(`${path} was not made by Rollcall, and stays as it is; name another path`);
  if (now !== undefined && !isOld && isSame(now, text, page)) return "unchanged";
  onStep(`writes ${basename(path)}`);
  if (!isDryRun) await replacePageFile(path, text);
  return now === undefined ? "created" : "updated";
}

function layOut(overview: Overview, isFile: boolean): Page[] {
  const pages = layOutPages(overview, MAX_FOLDER_PAGE_BYTES);
  const [summary] = pages;
  return isFile && summary ? [{ ...summary, body: joinPages(pages) }] : pages;
}

/** The same, but for when. */
function isSame(now: string, text: string, { asOfLine }: Page): boolean {
  const timeless = (one: string) => one.replace(/As of \d{4}-\d\d-\d\d \d\d:\d\d UTC\./, "");
  return timeless(now) === text.replace(asOfLine, "");
}

async function removeOthers(
  files: readonly string[],
  folder: string,
  { isDryRun, onStep }: PublishContext,
): Promise<number> {
  let removed = 0;
  for (const file of files) {
    const found = await readPageFile(join(folder, file));
    if (found.kind !== "text" || !found.text.startsWith(MARK)) continue;
    onStep(`removes ${file}`);
    if (!isDryRun) await rm(join(folder, file), { force: true });
    removed++;
  }
  return removed;
}

async function mkdirUnlessDry(folder: string, { isDryRun }: PublishContext): Promise<void> {
  if (isDryRun) return;
  await mkdir(folder, { recursive: true }).catch((error: Error) => {
    throw new PublishError(`cannot write: ${error.message}`);
  });
}
