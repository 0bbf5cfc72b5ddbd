// Publishes to DocBase: a page kept up to date in place, and pages of detail beside it, none
// doubled and none left over.
import { randomUUID } from "node:crypto";
import {
  BodyRefused,
  createDocbaseClient,
  type DocbaseAudience,
  type DocbaseClient,
  type DocbasePlace,
} from "./docbase-client.ts";
import { type DraftOptions, digestPage, draftPage, findTimeChange, measureDraft } from "./docbase-draft.ts";
import {
  type DocbaseState,
  MARK_BYTES,
  readDocbaseState,
  reconcilePosts,
  SETTLE_MS,
  type StoredPage,
} from "./docbase-state.ts";
import { bringTableUpToDate, describeTable } from "./docbase-table.ts";
import { createHttpClient, OutcomeUnknown, RetryTooLate } from "./http.ts";
import type { Overview } from "./overview.ts";
import { addTableNote, layOutPages, MIN_PAGE_BYTES, type Page, SUMMARY } from "./pages.ts";
import type { PublishContext, Publisher, PublishOutcome } from "./publisher.ts";
import { PublishError } from "./publisher.ts";

export interface DocbaseOptions {
  readonly place: DocbasePlace;
  /** The publisher's name, by which its pages are known. */
  readonly name: string;
  readonly tags: readonly string[];
  readonly scope: DocbaseAudience["scope"];
  readonly groups: readonly number[];
  /** Of UTF-8, for a page's body. The server may take less: then that is remembered. */
  readonly maxBodyBytes: number;
  /** How old the summary's "as of" may become while nothing else changes; ms. */
  readonly touchMs: number;
  readonly newMark?: () => string;
}

/** Times that a body is halved in one run. */
const MAX_HALVINGS = 12;

/** Pages that are refused for what they hold, before a run gives up. */
const MAX_REFUSED_PAGES = 3;

/**
 * Posts that a run may write: DocBase takes some hundreds of requests an hour, and a run has to
 * find, read and archive as well.
 */
const MAX_WRITES = 75;

/** Makes the publisher. */
export function docbasePublisher(options: DocbaseOptions): Publisher {
  return {
    kind: "docbase",
    publish: async (overview, context) => await new Run(options, overview, context).publish(),
  };
}

/** One run. Each step is saved before the next, so that a run may end anywhere. */
class Run {
  readonly #options: DocbaseOptions;
  readonly #overview: Overview;
  readonly #context: PublishContext;
  readonly #http: ReturnType<typeof createHttpClient>;
  readonly #client: DocbaseClient;
  readonly #done = { created: 0, updated: 0, archived: 0, unchanged: 0 };
  readonly #createdNow = new Set<string>();
  /** Pages that DocBase does not take, and what it says; the others are written all the same. */
  readonly #refused = new Map<string, string>();
  /** What the table's file failed with; the pages are written all the same. */
  #tableFailure: string | undefined;
  /** Why something was left to the next run. */
  #left: string | undefined;
  #state: DocbaseState;
  /** A limit that was tried after a refusal, and has not proved itself. */
  #tried: number | undefined;

  constructor(options: DocbaseOptions, overview: Overview, context: PublishContext) {
    this.#options = options;
    this.#overview = overview;
    this.#context = context;
    this.#http = createHttpClient("DocBase", context);
    this.#client = createDocbaseClient(options.place, this.#http);
    this.#state = readDocbaseState(context.state.value, `${options.place.baseUrl} ${options.place.team}`);
  }

  async publish(): Promise<PublishOutcome> {
    try {
      await this.#survey();
      await this.#writeAll();
    } catch (error) {
      if (!(error instanceof RetryTooLate)) throw error;
      this.#left = error.message;
    }
    const [refusal = this.#tableFailure] = this.#refused.values();
    if (refusal !== undefined) throw new PublishError(refusal);
    const url = this.#state.pages[SUMMARY]?.url;
    const left = this.#left;
    return {
      ...this.#done,
      requests: this.#http.requests,
      ...(left !== undefined && { left }),
      ...(url !== undefined && { url }),
    };
  }

  /** By this tag a post is known as ours, whatever becomes of its title. */
  get #tag(): string {
    return `rollcall-${this.#options.name}`;
  }

  async #save(change: Partial<DocbaseState>): Promise<void> {
    this.#state = { ...this.#state, ...change };
    if (!this.#context.isDryRun) await this.#context.state.save(this.#state);
  }

  async #keep(slug: string, page: StoredPage, pending = this.#state.pending): Promise<void> {
    await this.#save({ pages: { ...this.#state.pages, [slug]: page }, pending });
  }

  /**
   * Compares what is known with what is there: posts of runs that ended between asking and hearing,
   * or of a state that was lost, and pages that somebody has deleted or put away.
   */
  async #survey(): Promise<void> {
    const { isDryRun, clock, onStep } = this.#context;
    const sizes = Object.values(this.#state.pages).map(({ bytes }) => bytes ?? this.#options.maxBodyBytes);
    const isKnown = this.#state.surveyed && this.#state.pending.length === 0;
    const posts = await this.#client.findByTag(
      this.#tag,
      isKnown ? Math.max(MIN_PAGE_BYTES, ...sizes) : this.#options.maxBodyBytes,
    );
    const { state, adopted, doubles, unseen } = reconcilePosts(this.#state, posts, clock());
    // Before it is saved that all is known: who comes after a run that ends here finds the rest.
    for (const { id, slug } of doubles) {
      onStep(`archives a double of ${slug}`);
      if (!isDryRun) await this.#client.archive(id);
      this.#done.archived++;
    }
    for (const slug of adopted) onStep(`takes up ${slug} again`);
    if (JSON.stringify(state) !== JSON.stringify(this.#state)) await this.#save(state);
    for (const slug of unseen) await this.#lookFor(slug);
  }

  /** A page that no search finds. */
  async #lookFor(slug: string): Promise<void> {
    const kept = this.#state.pages[slug];
    if (!kept) return;
    const post = await this.#client.read(kept.id);
    if (!post) await this.#forget(slug);
    else if (post.archived === true) await this.#keep(slug, { ...kept, archived: true });
  }

  async #writeAll(): Promise<void> {
    let limit = Math.min(this.#options.maxBodyBytes, this.#state.limit ?? Number.POSITIVE_INFINITY);
    let tableNote: string | undefined;
    for (let halvings = 0; ; halvings++) {
      try {
        const room = limit - MARK_BYTES;
        let pages = layOutPages(this.#overview, room, MAX_WRITES);
        if (pages.some(({ isCut }) => isCut)) {
          tableNote ??= await this.#noteTable();
          pages = addTableNote(pages, this.#overview, room, tableNote);
        }
        await this.#writePages(pages);
        break;
      } catch (error) {
        if (!(error instanceof BodyRefused) || halvings >= MAX_HALVINGS) throw error;
        limit = Math.max(MIN_PAGE_BYTES, Math.floor(Math.min(limit, error.bytes) / 2));
        this.#context.onStep(`DocBase refuses a page; tries pages of at most ${limit} bytes`);
        this.#tried = limit;
      }
    }
    // With all pages taken, the limit is one that works.
    if (this.#refused.size === 0) await this.#proveLimit(Number.POSITIVE_INFINITY);
  }

  /** Sees to the file with the whole table. @returns Markdown that says where it is */
  async #noteTable(): Promise<string> {
    const { name, touchMs } = this.#options;
    try {
      return await bringTableUpToDate({
        overview: this.#overview,
        context: this.#context,
        client: this.#client,
        name,
        touchMs,
        table: this.#state.table,
        save: (table) => this.#save({ table }),
      });
    } catch (error) {
      if (!(error instanceof PublishError) || error instanceof RetryTooLate) throw error;
      this.#tableFailure = error.message;
      return describeTable(this.#state.table?.file);
    }
  }

  async #writePages(pages: readonly Page[]): Promise<void> {
    for (const page of pages)
      if (!this.#state.pages[page.slug]) await this.#attempt(page, () => this.#create(page));
    // Now that every page has an address, bodies have their links.
    for (const page of pages) await this.#attempt(page, () => this.#bringUpToDate(page));
    await this.#retire(new Set(pages.map(({ slug }) => slug)));
  }

  /**
   * A page that is refused for what it holds, since it is too short to be too long, keeps no other
   * from being written.
   */
  async #attempt(page: Page, work: () => Promise<void>): Promise<void> {
    if (this.#refused.has(page.slug)) return;
    try {
      await work();
    } catch (error) {
      if (!(error instanceof BodyRefused) || error.bytes > MIN_PAGE_BYTES) throw error;
      const message =
        `${error.message} (of the page "${page.title}" with ${error.bytes} bytes; what ` +
        "is wrong is not its size)";
      this.#refused.set(page.slug, message);
      if (this.#refused.size >= MAX_REFUSED_PAGES) throw new PublishError(message);
    }
  }

  /** Makes a post, after its mark was saved: if nobody hears of the answer, the mark tells. */
  async #create(page: Page): Promise<void> {
    // One that may have been made already is waited for: a search finds it in the end, or it was
    // not made.
    const now = this.#context.clock();
    if (this.#state.pending.some(({ slug, since }) => slug === page.slug && now - since < SETTLE_MS)) {
      this.#left = `it is not known yet whether DocBase has made the page "${page.title}"; a later run sees`;
      return;
    }
    const mark = (this.#options.newMark ?? randomUUID)();
    this.#context.onStep(`creates "${page.title}"`);
    this.#done.created++;
    if (this.#context.isDryRun) return;
    await this.#save({ pending: [...this.#state.pending, { slug: page.slug, mark, since: now }] });
    const withoutMark = () => this.#state.pending.filter((one) => one.mark !== mark);
    const drafts = this.#drafts;
    const draft = draftPage(page, mark, drafts);
    const digest = digestPage(page, drafts);
    try {
      const { id, url } = await this.#client.create({ ...draft, ...drafts.audience, draft: false });
      this.#createdNow.add(page.slug);
      await this.#keep(
        page.slug,
        { id, url, digest, ...measureDraft(draft, page, drafts), written: now, archived: false },
        withoutMark(),
      );
    } catch (error) {
      if (!this.#createdNow.has(page.slug)) this.#done.created--;
      if (error instanceof OutcomeUnknown)
        throw new RetryTooLate(
          `${error.message}; it is not known whether the page "${page.title}" was made; the next run sees`,
        );
      // Any other answer says that it was not. What is none of DocBase's (the store fails, the run
      // is stopped) says nothing.
      if (error instanceof PublishError && !this.#context.signal.aborted)
        await this.#save({ pending: withoutMark() });
      throw error;
    }
    await this.#proveLimit(Buffer.byteLength(draft.body));
  }

  /** Remembers a limit, once a page has been taken that is more than half as long. */
  async #proveLimit(bytes: number): Promise<void> {
    if (this.#tried === undefined || bytes * 2 < this.#tried) return;
    const limit = this.#tried;
    this.#tried = undefined;
    await this.#save({ limit });
  }

  get #drafts(): DraftOptions {
    const { scope, groups, tags } = this.#options;
    return {
      tags: [...new Set([...tags, this.#tag])],
      audience: { scope, ...(scope === "group" && { groups }) },
      find: (slug) => this.#state.pages[slug]?.url,
    };
  }

  async #bringUpToDate(page: Page): Promise<void> {
    const kept = this.#state.pages[page.slug];
    // One that would have been created in a dry run, or could not be.
    if (!kept) return;
    const drafts = this.#drafts;
    const digest = digestPage(page, drafts);
    const isOld = page.slug === SUMMARY && this.#context.clock() - kept.written >= this.#options.touchMs;
    if (kept.digest === digest && !kept.archived && !isOld) {
      if (!this.#createdNow.has(page.slug)) this.#done.unchanged++;
      return;
    }
    this.#context.onStep(`updates "${page.title}"`);
    // Of one that was just made, this is its second half.
    const count = () => void (this.#createdNow.has(page.slug) || this.#done.updated++);
    if (this.#context.isDryRun) return count();
    const draft = draftPage(page, String(kept.id), drafts);
    const change =
      kept.digest === digest && !kept.archived && kept.asOfLine !== undefined
        ? findTimeChange(draft.body, page.asOfLine, kept.asOfLine)
        : undefined;
    // First in the state: from here on nobody knows what the page says, nor whether it is open,
    // until it was written.
    if (kept.digest !== "" || kept.archived)
      await this.#keep(page.slug, { ...kept, archived: false, digest: "" });
    if (kept.archived) await this.#client.unarchive(kept.id);
    const measure = measureDraft(draft, page, drafts);
    // The time alone is one line of the page; where DocBase does not change a line, the page is
    // written as any other.
    const changed = change && (await this.#client.changeLine(kept.id, change));
    if (changed) {
      if (changed.archived === true) await this.#client.unarchive(kept.id);
      count();
      await this.#keep(page.slug, { ...kept, ...measure, written: this.#context.clock() });
      return;
    }
    // Who may read it is sent where that changes, since others than its author may not change it.
    const audience = kept.audience === measure.audience ? {} : drafts.audience;
    const post = await this.#client.update(kept.id, { ...draft, ...audience });
    if (!post) {
      // Somebody has deleted it.
      await this.#forget(page.slug);
      await this.#create(page);
      return;
    }
    // Somebody has put it away; it is needed.
    if (post.archived === true) await this.#client.unarchive(kept.id);
    count();
    const written = this.#context.clock();
    await this.#keep(page.slug, { id: kept.id, url: post.url, digest, ...measure, written, archived: false });
    await this.#proveLimit(Buffer.byteLength(draft.body));
  }

  async #forget(slug: string): Promise<void> {
    const { [slug]: _, ...pages } = this.#state.pages;
    await this.#save({ pages });
  }

  /**
   * Archives what is no longer needed. It stays known, and comes back in its place when it is
   * needed again.
   */
  async #retire(needed: ReadonlySet<string>): Promise<void> {
    for (const [slug, kept] of Object.entries(this.#state.pages)) {
      if (needed.has(slug) || kept.archived) continue;
      this.#context.onStep(`archives ${slug}`);
      this.#done.archived++;
      if (this.#context.isDryRun) continue;
      // As before an update: whether it is open is not known until that is saved.
      if (kept.digest !== "") await this.#keep(slug, { ...kept, digest: "" });
      await this.#client.archive(kept.id);
      await this.#keep(slug, { ...kept, digest: "", written: this.#context.clock(), archived: true });
    }
  }
}
