// Where a command's answers come from: a store, whose reports the same questions are asked of that
// a server asks, or a server. Both give the same bytes.

import { createHistory } from "../../history/history.ts";
import { toFailure } from "../../network/failure.ts";
import { askQuestion, isRefusal, readPreferences } from "../../questions/asker.ts";
import { type Facts, readFacts } from "../../questions/facts.ts";
import { createFieldReader } from "../../questions/field-values.ts";
import { compileLabels } from "../../questions/labels.ts";
import { askPast } from "../../questions/past-asker.ts";
import { createPast } from "../../questions/past-sources.ts";
import { createPublishedNames } from "../../questions/published-names.ts";
import { QueryError } from "../../questions/query.ts";
import type { ParameterValues, Question, QuestionSources } from "../../questions/question.ts";
import { type AnswerFormat, MEDIA_TYPES } from "../../questions/written-answer.ts";
import { createClient, isInTheClear } from "../../remote/client.ts";
import { RemoteError, ServerRefusal } from "../../remote/remote-error.ts";
import { createRequestSigner, type SignRequest } from "../../remote/request-signer.ts";
import { DEFAULT_WINDOW_MS } from "../../report/limits.ts";
import { createRoll, type Roll } from "../../roll/roll.ts";
import type { RollView } from "../../roll/view.ts";
import { SHARED_YIELDER } from "../../roll/yielder.ts";
import { formatDuration } from "../../specs/duration.ts";
import { loadFromChain } from "../../store/s3-credentials.ts";
import { StoreError } from "../../store/store.ts";
import { CommandError, UsageError } from "../program/failure.ts";
import type { Io } from "../program/io.ts";
import type { Settings } from "../settings/settings.ts";
import { findTarget, openStoresAt } from "../settings/target.ts";

/** An answer, its body not read yet. */
export interface SourceAnswer {
  readonly facts: Facts;
  readonly body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

export interface AnswerSource {
  readonly kind: "store" | "server";
  /** Where answers come from, and what setting says so: `https://… (ROLLCALL_SERVER)`. */
  readonly name: string;
  /** Whether the user named it on this very command line. */
  readonly isTyped: boolean;
  /**
   * Asks. @throws CommandError where there is no answer; UsageError for a question that cannot be
   * understood
   */
  ask(question: Question, parameters: ParameterValues, format: AnswerFormat): Promise<SourceAnswer>;
}

export interface SourceOptions {
  /** Who should report; undefined where nobody has said here. */
  readonly expected: ReadonlySet<string> | undefined;
  /** Whether an answer with some reports missing is better than none. */
  readonly partial: boolean;
}

/** Opens what the settings name. @throws CommandError, UsageError */
export async function openAnswerSource(
  options: SourceOptions,
  settings: Settings,
  io: Io,
): Promise<AnswerSource> {
  const target = await findTarget(settings, io);
  if (target.kind === "server" && settings.sourceOf("alsoRead")?.startsWith("--"))
    throw new UsageError("--also-read goes with --store; a server reads what it was started with");
  const setting = settings.sourceOf(target.kind);
  const [ask, place] =
    target.kind === "store"
      ? [await openStore(target.url, options, settings, io), target.url]
      : [await openServer(target.url, settings, io), target.url.href.replace(/\/$/, "")];
  return {
    kind: target.kind,
    name: setting === undefined ? place : `${place} (${setting})`,
    isTyped: setting?.startsWith("--") ?? false,
    ask,
  };
}

/** What signs, where the settings say so. @throws CommandError */
function openSigner(server: URL, settings: Settings, io: Io): SignRequest | undefined {
  const region = settings.get("sigv4");
  if (region === undefined) return undefined;
  try {
    const load = loadFromChain({ env: io.env, profile: undefined });
    return createRequestSigner({ server, region, load, clock: io.clock });
  } catch (error) {
    throw error instanceof RemoteError ? new CommandError(error.message) : error;
  }
}

async function openStore(
  url: string,
  { expected, partial }: SourceOptions,
  settings: Settings,
  io: Io,
): Promise<AnswerSource["ask"]> {
  const { store, alsoRead } = await io.waiting.during(
    `waiting for the store ${url}`,
    openStoresAt(url, settings, io, { mustExist: true }),
  );
  const maxAgeMs = settings.maxAgeMs();
  const roll = createRoll({
    store,
    alsoRead,
    clock: io.clock,
    snapshot: "use",
    ...(maxAgeMs === undefined ? {} : { maxAgeMs }),
  });
  const waitFor = <T>(view: Promise<T>) =>
    io.waiting.during(
      `reading the reports of ${[store, ...alsoRead].map(({ location }) => location).join(" and ")}`,
      view,
    );
  const sources: QuestionSources = {
    viewAt: () => waitFor(viewRoll(roll, () => roll.view(), partial)),
    viewHost: (id, account) => waitFor(viewRoll(roll, () => roll.viewHost(id, account), partial)),
    windowMs: settings.windowMs() ?? DEFAULT_WINDOW_MS,
    labels: compileLabels(settings.labelRules),
    reader: createFieldReader(),
    furtherNames: createPublishedNames({ store, clock: io.clock }),
    readExpected: async () => (expected === undefined ? {} : { expected }),
    // What a server refused at its door, only that server knows.
    clones: { list: () => [] },
    clock: io.clock,
    past: createPast(createHistory({ store, clock: io.clock })),
    yielder: SHARED_YIELDER,
  };
  return async (question, given, format) => {
    const answer = await askOf(sources, question, given, { format, signal: io.signal }, waitFor).catch(
      (error: unknown) => {
        if (error instanceof StoreError) throw new CommandError(error.message);
        throw error instanceof QueryError ? new UsageError(error.message) : error;
      },
    );
    if (isRefusal(answer)) throw new CommandError(answer.detail);
    return { facts: answer.facts, body: answer.write() };
  };
}

/** Asks of now, or of the instant that is asked about. */
async function askOf(
  sources: QuestionSources,
  question: Question,
  given: ParameterValues,
  options: Parameters<typeof askQuestion>[3],
  waitFor: <T>(work: Promise<T>) => Promise<T>,
): Promise<Awaited<ReturnType<typeof askQuestion>>> {
  const { at, parameters } = readPreferences(question, given);
  if (at === undefined) return await askQuestion(question, parameters, sources, options);
  const { readExpected } = sources;
  return await askPast(at, question, parameters, sources, options, {
    during: (read) => waitFor(read()),
    // Who was named on this command line counts, whoever was expected then.
    adapt: async (then) => ((await readExpected()).expected ? { ...then, readExpected } : then),
  });
}

async function viewRoll(roll: Roll, view: () => Promise<RollView>, partial: boolean): Promise<RollView> {
  try {
    return await view();
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    if (partial) return roll.partialView(error.message);
    throw new CommandError(error.message);
  }
}

const BAD_REQUEST = 400;

async function openServer(url: URL, settings: Settings, io: Io): Promise<AnswerSource["ask"]> {
  const sign = openSigner(url, settings, io);
  const token = sign ? undefined : await settings.readToken();
  const key = sign || token !== undefined ? undefined : await settings.readKey();
  const client = createClient({ url, key, token, sign, signal: io.signal });
  if (isInTheClear(url)) {
    const secret = token === undefined ? "the API key travels" : "the token travels";
    const what = sign ? "what is signed with AWS credentials travels" : secret;
    await io.stderr.write(`warning: ${what} to ${url.host} in the clear; use https\n`);
  }
  const windowMs = settings.windowMs();
  return async (question, parameters, format) => {
    const path = formatPath(question, parameters, windowMs);
    const accept = MEDIA_TYPES[format].replace(/;.*/, "");
    const request = client.request(path, { headers: { accept } });
    const { headers, body } = await io.waiting
      .during(`waiting for the server at ${url.origin}`, request)
      .catch((error: unknown) => {
        const isUsage = error instanceof ServerRefusal && error.status === BAD_REQUEST;
        throw isUsage ? new UsageError(error.message) : error;
      });
    const facts = readFacts(headers);
    if (!facts || !body)
      throw new CommandError(`${url.origin} answered without Rollcall's headers; is it a Rollcall server?`);
    const type = headers.get("content-type") ?? "";
    if (format !== "json" && !type.startsWith(accept))
      throw new CommandError(
        `${url.origin} does not answer ${question.names.command} as ${format}; it is of an earlier version`,
      );
    return { facts: { ...facts, warnings: facts.warnings.map(fromAscii) }, body: readBody(body, url) };
  };
}

/** The path and query of a question; the window of the settings is one of its parameters. */
function formatPath(
  { names, parameters: known }: Question,
  given: ParameterValues,
  windowMs: number | undefined,
): string {
  let { path } = names;
  const query = new URLSearchParams();
  for (const [name, value] of given) {
    const isOfPath = known.some((one) => one.in === "path" && one.name === name);
    if (isOfPath) path = path.replace(`{${name}}`, encodeURIComponent(value));
    else query.append(name, value);
  }
  if (windowMs !== undefined && !query.has("within") && known.some(({ name }) => name === "within"))
    query.set("within", formatDuration(windowMs));
  return query.size > 0 ? `${path}?${query}` : path;
}

/** Headers are ASCII; what else stood in a warning was written as escapes. */
function fromAscii(text: string): string {
  return text.replace(/\\u([0-9a-f]{4})/g, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
}

/**
 * A body that breaks off is an error in words; what came before it has been handed on, and is no
 * valid JSON.
 */
async function* readBody(body: AsyncIterable<Uint8Array>, url: URL): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw new CommandError(`the answer of ${url.origin} broke off: ${toFailure(error).message}`);
  }
}
