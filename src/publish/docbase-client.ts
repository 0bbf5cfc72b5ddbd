// DocBase's API, as much of it as pages need: https://help.docbase.io/posts/45703 and the pages
// that it names (posts 92981, update; 225804, attachments). What was read where: those pages for
// posts and searches; for X-Api-Version, the change of single lines and attachments, which could
// not be looked up there again, the code of clients: github.com/koinunopochi/docbase-cli-for-agents
// (docbase.py, made for tokens of v3) sends no version and has the change of lines, and the list of
// the API's calls in github.com/micheam/go-docbase, like the CLI of DocBase's makers
// (github.com/krayinc/docbase-marketplace), has none that deletes an attachment.
import * as z from "zod";
import { parseJson } from "../report/parse-json.ts";
import {
  type HttpAnswer,
  type HttpClient,
  isSafe,
  MAX_PUBLISHER_ANSWER_BYTES,
  OutcomeUnknown,
} from "./http.ts";
import { PublishError } from "./publisher.ts";

export interface DocbasePlace {
  readonly baseUrl: string;
  readonly team: string;
  readonly token: string;
}

/** Who may read a post. Only its author and the team's administrators may change that. */
export interface DocbaseAudience {
  readonly scope: "everyone" | "group" | "private";
  readonly groups?: readonly number[];
}

/** What is written of a post that is there. */
export interface DocbaseChange extends Partial<DocbaseAudience> {
  readonly title: string;
  readonly body: string;
  readonly notice: boolean;
  readonly tags: readonly string[];
}

/** A change of one line of a body. */
export interface LineChange {
  /** From 1. */
  readonly line: number;
  /** What stands there: without it nothing is changed. */
  readonly before: string;
  readonly after: string;
}

/** A file. */
export interface DocbaseAttachment {
  readonly name: string;
  readonly content: Buffer;
}

/** What is written of a new one. */
export interface DocbaseDraft extends Omit<DocbaseChange, keyof DocbaseAudience>, DocbaseAudience {
  readonly draft: boolean;
}

const postSchema = z.object({
  id: z.number().int().positive(),
  url: z.string().max(500),
  body: z.string().default(""),
  archived: z.boolean().optional(),
  tags: z.array(z.object({ name: z.string() })).default([]),
});
/** What is answered to a change of lines; the body is not asked for. */
const changedSchema = z.object({ id: z.number(), archived: z.boolean().optional() });
const attachmentsSchema = z.tuple([z.object({ url: z.string().max(500) })]);
const listSchema = z.object({
  posts: z.array(postSchema),
  meta: z.object({ next_page: z.string().nullish() }).default({}),
});

export type DocbasePost = z.infer<typeof postSchema>;

/** The server does not take a body of this size, or what it holds: it says the same of both. */
export class BodyRefused extends PublishError {
  override name = "BodyRefused";
  /** Of UTF-8. */
  readonly bytes: number;

  constructor(message: string, bytes: number) {
    super(message);
    this.bytes = bytes;
  }
}

/** Posts of one page of a search, which is DocBase's limit, and of a whole one. */
const MAX_PER_PAGE = 100;
const MAX_FOUND_POSTS = 2000;

/**
 * What a post takes in an answer beside its body, escaped: comments, and all else that is said of
 * it.
 */
const ESCAPED = 4;
const BESIDE_BODY = 20_000;

export interface DocbaseClient {
  /** @throws BodyRefused, Unknown if it may have been made */
  create(draft: DocbaseDraft): Promise<DocbasePost>;
  /** @returns undefined if there is no such post @throws BodyRefused */
  update(id: number, change: DocbaseChange): Promise<DocbasePost | undefined>;
  /**
   * Changes one line, and tells nobody. @returns undefined where DocBase does not do that: it does
   * not know how, as with tokens of v1 and v2, or something else stands there
   */
  changeLine(
    id: number,
    change: LineChange,
  ): Promise<{ readonly archived?: boolean | undefined } | undefined>;
  /**
   * Stores a file, which nothing deletes again. @returns its address @throws OutcomeUnknown if it
   * may be there, PublishError if it is not
   */
  attach(file: DocbaseAttachment): Promise<string>;
  /** @returns undefined if there is no such post */
  read(id: number): Promise<DocbasePost | undefined>;
  archive(id: number): Promise<void>;
  unarchive(id: number): Promise<void>;
  /**
   * Posts with a tag, archived ones not among them. @param maxBodyBytes how long the longest of
   * them may be
   */
  findByTag(tag: string, maxBodyBytes: number): Promise<readonly DocbasePost[]>;
}

/**
 * What is said of a body that is too long; DocBase's documentation knows 400 for all that is wrong
 * with a post.
 */
const REFUSALS = [400, 413, 422];

export function createDocbaseClient({ baseUrl, team, token }: DocbasePlace, http: HttpClient): DocbaseClient {
  const teamUrl = `${baseUrl.replace(/\/$/, "")}/teams/${encodeURIComponent(team)}`;
  const base = `${teamUrl}/posts`;
  // No X-Api-Version, which may be left out: a token is of a version itself (1, 2 or 3), and what
  // is asked here is the same in all.
  const headers = { "x-docbasetoken": token, accept: "application/json" };

  function checkToken({ status }: HttpAnswer): void {
    if (status === 401 || status === 403)
      throw new PublishError(
        `DocBase answered ${status}: the token is not one of the team ${team}, or may not write there`,
      );
  }

  async function send(
    method: "GET" | "POST" | "PATCH" | "PUT",
    path: string,
    body?: DocbaseChange,
  ): Promise<HttpAnswer> {
    const answer = await http.send({
      method,
      url: `${base}${path}`,
      headers,
      ...(body && { body: JSON.stringify(body) }),
      isIdempotent: method !== "POST",
    });
    const { status } = answer;
    checkToken(answer);
    if (body && REFUSALS.includes(status))
      throw new BodyRefused(
        `DocBase answered ${status}: ${explain(answer.text)}`,
        Buffer.byteLength(body.body),
      );
    if (status >= 300 && status !== 404)
      throw new PublishError(`DocBase answered ${status}: ${explain(answer.text)}`);
    return answer;
  }

  const readPost = ({ status, text }: HttpAnswer) => (status === 404 ? undefined : parse(postSchema, text));

  return {
    async create(draft) {
      const post = readPost(await send("POST", "", draft));
      if (!post) throw new PublishError(`DocBase knows no team ${team}`);
      return post;
    },
    update: async (id, draft) => readPost(await send("PATCH", `/${id}`, draft)),
    async changeLine(id, { line, before, after }) {
      const operation = { start: line, end: line, old_content: before, content: after };
      const answer = await http.send({
        method: "PATCH",
        url: `${base}/${id}/body`,
        headers,
        body: JSON.stringify({ operations: [operation], notice: false, include_body: false }),
        // A second one finds another line than it was told, and is refused.
        isIdempotent: true,
      });
      const outcome = changedSchema.safeParse(parseJson(answer.text));
      return answer.status < 300 && outcome.data?.id === id ? outcome.data : undefined;
    },
    async attach({ name, content }) {
      const answer = await http.send({
        method: "POST",
        url: `${teamUrl}/attachments`,
        headers,
        body: JSON.stringify([{ name, content: content.toString("base64") }]),
        isIdempotent: false,
      });
      checkToken(answer);
      if (answer.status >= 300)
        throw new PublishError(
          `DocBase answered ${answer.status} to the file ${name} of ${content.length} bytes: ` +
            explain(answer.text),
        );
      const [{ url }] = parse(attachmentsSchema, answer.text);
      if (!URL.canParse(url) || !isSafe(new URL(url)))
        throw new PublishError("DocBase gave the file an address that is no https:// one");
      return new URL(url).href;
    },
    read: async (id) => readPost(await send("GET", `/${id}`)),
    archive: async (id) => void (await send("PUT", `/${id}/archive`)),
    unarchive: async (id) => void (await send("PUT", `/${id}/unarchive`)),
    async findByTag(tag, maxBodyBytes) {
      const fitting = Math.floor(MAX_PUBLISHER_ANSWER_BYTES / (maxBodyBytes * ESCAPED + BESIDE_BODY));
      const perPage = Math.max(1, Math.min(MAX_PER_PAGE, fitting));
      const found: DocbasePost[] = [];
      for (let page = 1; ; page++) {
        const query = new URLSearchParams({ q: `tag:${tag}`, page: String(page), per_page: String(perPage) });
        const answer = await send("GET", `?${query}`);
        if (answer.status === 404) throw new PublishError(`DocBase knows no team ${team}`);
        const { posts, meta } = parse(listSchema, answer.text);
        found.push(...posts.filter(({ tags }) => tags.some(({ name }) => name === tag)));
        if (!meta.next_page) return found;
        if (page * perPage >= MAX_FOUND_POSTS)
          throw new PublishError(
            `more than ${MAX_FOUND_POSTS} posts have the tag ${tag}, which is for this ` +
              "publisher's pages alone; take it off the others",
          );
      }
    },
  };
}

/** @throws Unknown, since nobody knows what something else than DocBase did */
function parse<T>(schema: z.ZodType<T>, text: string): T {
  const outcome = schema.safeParse(parseJson(text));
  if (!outcome.success)
    throw new OutcomeUnknown("DocBase gave an answer that is none of its API's; is the address right?");
  return outcome.data;
}

/** DocBase's own words, in one line. */
function explain(text: string): string {
  const answer = parseJson(text) as { messages?: unknown } | undefined;
  const messages = Array.isArray(answer?.messages)
    ? answer.messages.filter((one) => typeof one === "string").join(" ")
    : "";
  return (messages || "no reason is given").replace(/\p{Cc}/gu, " ").slice(0, 300);
}
