// A DocBase on loopback, run as a process of its own: node src/testing/docbase-server.mjs; prints
// its address. Knows what pages need of the API, and its faults on request. POST /control sets
// them; GET /control shows all posts and counts.
import { createServer } from "node:http";

/** A token is of a version of the API; a request that says another one is not taken. */
const TOKENS = new Map([
  ["docbase-test-token", "2"],
  ["docbase-test-token-3", "3"],
]);
const TEAM = "acme";

const initial = () => ({
  /** Bytes that a body may have; what is longer is refused. */
  maxBody: 1_000_000,
  /** How it is refused. */
  refusal: 413,
  /** A word that no title may hold. */
  refusedTitle: undefined,
  /** What is answered to whoever wants to write; undefined for what is right. */
  writeStatus: undefined,
  /** Requests that are taken until the limit opens again. */
  rateLeft: 1_000_000,
  /** Seconds since the epoch when it does. */
  rateReset: 0,
  /** What the Date header says, in ms since the epoch; undefined for none. */
  date: undefined,
  /**
   * What becomes of the next requests, one each: ok, reset-before, reset-after, error-before,
   * error-after, slow.
   */
  plan: [],
  /** Bytes that an attachment may have. */
  maxAttachment: 10_000_000,
  /** Posts made in the last so many writes are not found by a search. */
  searchLag: 0,
});

let settings = initial();
let posts = new Map();
let attachments = [];
/** Bytes of the bodies of requests. */
let bytes = 0;
let nextId = 1;
let writes = 0;
let counts = {};

function reply(response, status, body, headers = {}) {
  const text = body === undefined ? "" : JSON.stringify(body);
  // The tests have a clock of their own.
  response.sendDate = false;
  const date = settings.date === undefined ? {} : { date: new Date(settings.date).toUTCString() };
  response.writeHead(status, { "content-type": "application/json", ...date, ...headers }).end(text);
}

function show({ id, title, body, tags, scope, groups, archived }) {
  return {
    id,
    title,
    body,
    draft: false,
    archived,
    url: `https://${TEAM}.docbase.io/posts/${id}`,
    scope,
    groups,
    tags: tags.map((name) => ({ name })),
  };
}

/** What DocBase's documentation asks of a post. */
function findMistake({ title, body, tags = [], scope = "everyone", groups }) {
  if (typeof title !== "string" || title === "") return "title is missing";
  if (title.length > 255) return "title is too long";
  if (settings.refusedTitle && title.includes(settings.refusedTitle)) return "title is refused";
  if (typeof body !== "string" || body === "") return "body is missing";
  if (!Array.isArray(tags) || tags.some((tag) => typeof tag !== "string" || tag === ""))
    return "tags are no texts";
  if (!["everyone", "group", "private"].includes(scope)) return "scope is unknown";
  if (scope === "group" && !(Array.isArray(groups) && groups.every(Number.isInteger) && groups.length > 0))
    return "groups are missing";
  return undefined;
}

function search(query) {
  // As if DocBase found tags that begin with the word as well.
  const tag = /^tag:(\S+)$/.exec(query.get("q") ?? "")?.[1] ?? "";
  const [page, perPage] = [
    Number(query.get("page") ?? 1),
    Math.min(100, Number(query.get("per_page") ?? 20)),
  ];
  const isFound = (one) =>
    one.tags.some((name) => name.startsWith(tag)) &&
    !one.archived &&
    one.madeAt <= writes - settings.searchLag;
  const found = [...posts.values()].filter(isFound);
  const shown = found.slice((page - 1) * perPage, page * perPage);
  const more = found.length > page * perPage ? `http://next?page=${page + 1}` : null;
  return [
    200,
    { posts: shown.map(show), meta: { previous_page: null, next_page: more, total: found.length } },
  ];
}

function create(body) {
  const mistake = judge(body);
  if (mistake) return mistake;
  const made = { id: nextId++, tags: [], scope: "everyone", archived: false, ...body, madeAt: ++writes };
  posts.set(made.id, made);
  return [201, show(made)];
}

function update(post, body) {
  const mistake = judge({ ...post, ...body });
  if (mistake) return mistake;
  Object.assign(post, body);
  writes++;
  return [200, show(post)];
}

/** Files, in base64. None is ever deleted. */
function attach(files) {
  const isFile = ({ name, content }) =>
    typeof name === "string" && typeof content === "string" && /^[A-Za-z0-9+/]+=*$/.test(content);
  if (!Array.isArray(files) || files.length === 0 || !files.every(isFile))
    return [400, { error: "bad_request", messages: ["files are wrong"] }];
  const made = files.map(({ name, content }) => ({ name, content: Buffer.from(content, "base64") }));
  if (made.some(({ content }) => content.length > settings.maxAttachment))
    return [413, { error: "too_large", messages: ["ファイルが大きすぎます"] }];
  const answers = made.map(({ name, content }) => {
    const id = `${attachments.length + 1}.csv`;
    attachments.push({ id, name, text: content.toString("utf8") });
    const url = `https://${TEAM}.docbase.io/file_attachments/${id}`;
    return { id, name, size: content.length, url, markdown: `[${name}](${url})` };
  });
  return [201, answers];
}

/** Changes lines, as tokens of version 3 may: from one to another, both counted from 1. */
function changeLines(post, { operations = [], notice = true, include_body: shows = false }) {
  const lines = post.body.split("\n");
  for (const { start, end, old_content: before, content } of operations) {
    if (lines.slice(start - 1, end).join("\n") !== before)
      return [409, { error: "conflict", messages: ["old_content is not what stands there"] }];
    lines.splice(start - 1, end - start + 1, ...content.split("\n"));
  }
  Object.assign(post, { body: lines.join("\n"), notice });
  writes++;
  const { body, ...shown } = show(post);
  return [200, shows ? { ...shown, body } : shown];
}

/** Does what is asked. @returns status and body */
function act(method, path, query, body, version) {
  if (path === "/attachments" && method === "POST") return attach(body);
  if (path === "/posts") return method === "GET" ? search(query) : create(body);
  const [, id, what] = /^\/posts\/(\d+)(?:\/(archive|unarchive|body))?$/.exec(path) ?? [];
  const post = posts.get(Number(id));
  if (!post) return [404, { error: "not_found", messages: ["Not Found"] }];
  if (what === "body")
    return version === "3" ? changeLines(post, body) : [404, { error: "not_found", messages: ["Not Found"] }];
  if (what) return done(post, what === "archive");
  return method === "PATCH" ? update(post, body) : [200, show(post)];
}

function done(post, archived) {
  post.archived = archived;
  writes++;
  return [204, undefined];
}

function judge(body) {
  if (Buffer.byteLength(body.body ?? "") > settings.maxBody) {
    return [settings.refusal, { error: "bad_request", messages: ["本文は長すぎます"] }];
  }
  const mistake = findMistake(body);
  return mistake && [400, { error: "bad_request", messages: [mistake] }];
}

/** Steps of the control channel, which is no part of DocBase. */
function control(request, body, response) {
  if (request.method === "GET")
    return reply(response, 200, {
      posts: [...posts.values()],
      attachments,
      counts,
      bytes,
      rateLeft: settings.rateLeft,
    });
  const { reset, remove, archive, ...change } = body;
  if (reset) {
    settings = initial();
    posts = new Map();
    attachments = [];
    counts = {};
  }
  if (remove) posts.delete(remove);
  if (archive) posts.get(archive).archived = true;
  settings = { ...settings, ...change };
  counts = body.keepCounts ? counts : {};
  bytes = body.keepCounts ? bytes : 0;
  return reply(response, 200, {});
}

const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = chunks.length > 0 ? JSON.parse(Buffer.concat(chunks).toString()) : {};
  const url = new URL(request.url, "http://docbase");
  if (url.pathname === "/control") return control(request, body, response);
  bytes += chunks.reduce((sum, { length }) => sum + length, 0);
  counts[request.method] = (counts[request.method] ?? 0) + 1;
  const prefix = `/teams/${TEAM}`;
  const version = TOKENS.get(request.headers["x-docbasetoken"]);
  if (version === undefined) return reply(response, 403, { messages: ["forbidden"] });
  if ((request.headers["x-api-version"] ?? version) !== version)
    return reply(response, 400, { messages: [`the token is of version ${version}`] });
  if (!url.pathname.startsWith(prefix)) return reply(response, 404, { messages: ["Not Found"] });
  const rate = {
    "x-ratelimit-limit": "300",
    "x-ratelimit-remaining": String(Math.max(0, settings.rateLeft - 1)),
    "x-ratelimit-reset": String(settings.rateReset),
  };
  if (settings.rateLeft <= 0) return reply(response, 429, { messages: ["Too Many Requests"] }, rate);
  settings.rateLeft--;

  const fault = settings.plan.shift() ?? "ok";
  if (fault === "reset-before") return request.socket.destroy();
  if (fault === "error-before") return reply(response, 503, { messages: ["maintenance"] }, rate);
  if (settings.writeStatus && request.method !== "GET")
    return reply(response, settings.writeStatus, { messages: ["no"] }, rate);
  const [status, answer] = act(
    request.method,
    url.pathname.slice(prefix.length),
    url.searchParams,
    body,
    version,
  );
  if (fault === "reset-after") return request.socket.destroy();
  if (fault === "error-after") return reply(response, 502, { messages: ["bad gateway"] }, rate);
  if (fault === "slow") await new Promise((resolve) => setTimeout(resolve, 20));
  return reply(response, status, answer, rate);
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => process.stdout.write(`http://127.0.0.1:${server.address().port}\n`));
