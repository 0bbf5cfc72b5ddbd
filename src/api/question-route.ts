// The route of every question: parameters, deadline, what is kept, and the answer in the form that
// was asked for.
import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import { type Caller, nameParty } from "../access/caller.ts";
import { formatRequirement, isReserved } from "../grammar/condition.ts";
import { askQuestion, isRefusal, type Preferences, readPreferences } from "../questions/asker.ts";
import { readExpectation } from "../questions/coverage.ts";
import { COMMON_FACTS, toHeaders } from "../questions/facts.ts";
import { createFieldReader, type FieldReader } from "../questions/field-values.ts";
import type { FurtherNames } from "../questions/groups.ts";
import { COMMON_PARAMETERS } from "../questions/parameters.ts";
import { askPast } from "../questions/past-asker.ts";
import { createPublishedNames } from "../questions/published-names.ts";
import { QueryError } from "../questions/query.ts";
import type {
  ExpectedHosts,
  ParameterValues,
  Question,
  QuestionParameter,
  QuestionSources,
  Refusal,
  Schema,
} from "../questions/question.ts";
import type { AnswerFormat, WrittenAnswer } from "../questions/written-answer.ts";
import { splitList } from "../report/list-text.ts";
import type { RollView } from "../roll/view.ts";
import type { Store } from "../store/store.ts";
import { type AnswerCache, type CachePartition, createAnswerCache } from "./answer-cache.ts";
import { boundHistory } from "./bounded-history.ts";
import { signalOf, yieldWhileConnected } from "./client-gone.ts";
import { awaitHost, awaitStore, awaitView, RETRY } from "./deadline.ts";
import { createKeyTurns, type KeyTurns } from "./key-turns.ts";
import { ApiError } from "./problem-details.ts";
import {
  createRepresenter,
  negotiateFormat,
  type Representation,
  type Representer,
  toResponse,
} from "./representation.ts";
import type { Parameter, Route, Services } from "./route.ts";
import { SAMPLE_ADDRESS } from "./sample-address.ts";
import { NOT_MODIFIED } from "./schemas.ts";

/** What the routes of a process share. */
interface Shared {
  readonly answers: AnswerCache;
  readonly representer: Representer;
  readonly cachedAnswers: CachePartition<CachedAnswer>;
  readonly reader: FieldReader;
  /** How many questions of one key are answered at a time. */
  readonly turns: KeyTurns;
  readExpected(services: Services): Promise<ExpectedHosts>;
  readPublishedNames(services: Services): Promise<FurtherNames | undefined>;
}

/** An answer that may be given again while the roll stands, with the instant of the asking. */
interface CachedAnswer {
  readonly version: number;
  readonly answer: WrittenAnswer;
}

/** Makes the routes of questions. What they keep has one bound together. */
export function createQuestionRoutes(questions: readonly Question[]): Route[] {
  const answers = createAnswerCache();
  const shared: Shared = {
    answers,
    representer: createRepresenter(answers),
    cachedAnswers: answers.openPartition<CachedAnswer>(false),
    reader: createFieldReader(),
    turns: createKeyTurns(),
    readExpected: createExpectationReader(),
    readPublishedNames: createPublishedNamesReader(),
  };
  return questions.map((question) => ({
    ...describeQuestion(question),
    handle: (context, services, caller) => answer(question, context, services, caller, shared),
  }));
}

/** A list of expected hosts that is wrong is logged once, not at each question. */
function createExpectationReader(): Shared["readExpected"] {
  let told: string | undefined;
  return async ({ readExpected, log }) => {
    const list = await readExpectation(readExpected);
    if (list.mistake !== undefined && list.mistake !== told)
      log.warn(`coverage is not compared: ${list.mistake}`);
    told = list.mistake;
    return list;
  };
}

/** One reader for each store: that of the process, and those of tests. */
function createPublishedNamesReader(): Shared["readPublishedNames"] {
  const readers = new WeakMap<Store, ReturnType<typeof createPublishedNames>>();
  return async ({ store, clock }) => {
    const reader = readers.get(store) ?? createPublishedNames({ store, clock });
    readers.set(store, reader);
    return await reader();
  };
}

async function answer(
  question: Question,
  context: Context,
  services: Services,
  caller: Caller | undefined,
  shared: Shared,
): Promise<Response> {
  const { partial, format: wanted, at, parameters } = readRequest(question, context);
  const format = wanted ?? negotiateFormat(context, !isAlias(question, context));
  const { written, view } = await recall(
    question,
    { parameters, partial, format, at },
    context,
    services,
    caller,
    shared,
  );
  const headers = toHeaders(written.facts);
  const representation = await shared.representer.represent(context, { ...written, headers }, format);
  const { incoming } = (context.env ?? {}) as Partial<HttpBindings>;
  // What stands for this instant alone may be another answer at once.
  if (incoming && view && written.validUntil > view.asOf)
    services.hotAnswers?.keep(incoming, view, representation);
  return await toFittingResponse(representation, written, services);
}

/** The path that existing scripts call takes any name for a field, and knows the forms of old. */
function isAlias({ names }: Question, context: Context): boolean {
  return names.aliases?.includes(context.req.path) ?? false;
}

/** What an alias takes for a parameter. */
const OLD_PARAMETERS: readonly string[] = ["within", "state", "fields", "meta", "partial"];

function readRequest(question: Question, context: Context): Preferences {
  const inPath = Object.entries(context.req.param()).map(([name, value]): [string, string] => [name, value]);
  const parameters: ParameterValues = [...inPath, ...new URL(context.req.url).searchParams];
  if (isAlias(question, context)) {
    const partial = parameters.some(([name, value]) => name === "partial" && value === "ok");
    // What has become a parameter since is a field there still.
    const old = parameters.map(([name, value]) => toOldMeaning(name, value));
    return { partial, format: undefined, at: undefined, parameters: [...old, ["lenient", "true"]] };
  }
  return explainQueryErrors(() => readPreferences(question, parameters));
}

/** Scripts of before compare nothing and name no scope: a value is a pattern, a name a path. */
function toOldMeaning(name: string, value: string): [name: string, value: string] {
  // A dot in front says that a field is meant, and no label.
  const toField = (field: string) => (field.startsWith(".") ? field : `.${field}`);
  if (name === "fields") return [name, splitList(value).map(toField).join(",")];
  if (OLD_PARAMETERS.includes(name)) return [name, value];
  const isScoped = /^(?:field|label)\./.test(name);
  return [
    isReserved(name) || isScoped ? `field.${name}` : name,
    formatRequirement({ operator: "eq", operand: value }),
  ];
}

function explainQueryErrors<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw toApiError(error);
  }
}

/** A mistake in the question is the caller's. */
function toApiError(error: unknown): unknown {
  return error instanceof QueryError
    ? new ApiError("bad_request", error.message, { extensions: { parameter: error.parameter } })
    : error;
}

interface Asked {
  readonly parameters: ParameterValues;
  readonly partial: boolean;
  readonly format: AnswerFormat;
  /** ms since the epoch; undefined for now. */
  readonly at: number | undefined;
}

/**
 * Gives the answer that is kept, as long as it stands, or asks.
 *
 * @returns and the view of all hosts that it was made of, where it was
 */
async function recall(
  question: Question,
  { parameters, partial, format, at }: Asked,
  context: Context,
  services: Services,
  asker: Caller | undefined,
  { answers, cachedAnswers, reader, readExpected, readPublishedNames, turns }: Shared,
): Promise<{ readonly written: WrittenAnswer; readonly view: RollView | undefined }> {
  let view: RollView | undefined;
  // What was read again since the listing is in no view of all, and another question reads it anew.
  let looksAgain = false;
  const viewAt = async () => {
    if (view) return view;
    view = await awaitView(services, partial);
    answers.follow(view);
    return view;
  };
  let turn: Promise<() => void> | undefined;
  const takeTurn = async () => {
    turn ??= turns.take(asker ? nameParty(asker) : "");
    await turn;
  };
  const key = `${format} ${question.name} ${JSON.stringify(parameters)}`;
  // What is kept is of now.
  const known = at === undefined ? cachedAnswers.get(key) : undefined;
  // What was answered once can be understood, so that the roll may be waited for at once.
  if (known) {
    const { version, asOf } = await viewAt();
    if (known.version === version && asOf <= known.answer.validUntil)
      return { written: { ...known.answer, facts: { ...known.answer.facts, asOf } }, view };
  }
  const sources: QuestionSources = {
    async viewAt() {
      const now = await viewAt();
      // Not before: who waits for the store keeps nobody out.
      await takeTurn();
      return now;
    },
    viewHost: (id, account) => {
      looksAgain = true;
      return awaitHost(services, { id, account }, partial);
    },
    windowMs: services.windowMs,
    labels: services.labels,
    reader,
    furtherNames: () => awaitStore(readPublishedNames(services), services),
    readExpected: () => readExpected(services),
    clones: services.clones,
    bounds: services.bounds,
    clock: services.clock,
    past: services.past && { ...services.past, history: boundHistory(services.past.history, services) },
    yielder: yieldWhileConnected(context, asker),
  };
  const signal = signalOf(context);
  const options = { format, signal };
  const asking =
    at === undefined
      ? askQuestion(question, parameters, sources, options)
      : askPast(at, question, parameters, sources, options, {
          during: async (read) => {
            await takeTurn();
            return await read();
          },
        });
  const written = await asking
    .catch((error: unknown) => {
      throw toApiError(error);
    })
    // A turn that never came was told by whoever waited for it.
    .finally(() => void turn?.then((end) => end()).catch(() => undefined));
  if (isRefusal(written)) throw toRefusalError(written);
  // The past has views of its own, of which nothing is kept here.
  if (at !== undefined) return { written, view: undefined };
  if (looksAgain) return { written, view: undefined };
  if (view && !view.partial && written.validUntil > view.asOf)
    cachedAnswers.set(key, { version: view.version, answer: written }, written.held);
  return { written, view };
}

function toRefusalError({ refusal, detail, isOfPast }: Refusal): ApiError {
  // What was not recorded will not be told later either.
  if (refusal === "cannot_be_told" && isOfPast) return new ApiError("cannot_be_told", detail);
  if (refusal === "cannot_be_told") return new ApiError("store_unavailable", detail, RETRY);
  return new ApiError(refusal === "ambiguous" ? "ambiguous" : "not_found", detail);
}

/**
 * Compressed, an answer is a tenth of its size, and no roll that fits into memory is too large
 * then.
 */
async function toFittingResponse(
  representation: Representation,
  { estimate }: WrittenAnswer,
  { overflow }: Services,
): Promise<Response> {
  const response = toResponse(representation);
  const isPlain = representation.body !== null && !representation.headers["content-encoding"];
  return overflow && isPlain && estimate > overflow.limitBytes ? await overflow.redirect(response) : response;
}

/** What the documentation shows of a question. */
function describeQuestion(question: Question): Omit<Route, "handle"> {
  const { names, summary, description, sample, answer: schema, refusals } = question;
  const { row, document } = schema;
  const rowRef = { $ref: `#/components/schemas/${row.name}` };
  const types: Record<string, Schema> = { [row.name]: row.schema };
  if (document) types[document.name] = document.schema;
  return {
    method: "get",
    path: names.path,
    ...(names.aliases && { aliases: names.aliases }),
    scope: "read",
    summary,
    description,
    parameters: listParameters(question),
    types,
    answers: {
      200: {
        description: schema.description,
        content: {
          "application/json": document
            ? { $ref: `#/components/schemas/${document.name}` }
            : { type: "array", items: rowRef },
          "application/x-ndjson": { type: "string", description: `A line a row, each a ${row.name}.` },
          "text/csv": { type: "string", description: "The rows, under a line of their names." },
        },
        headers: [...schema.facts, ...COMMON_FACTS, "ETag"],
      },
      304: NOT_MODIFIED,
    },
    errors: [
      ...new Set([
        400,
        401,
        403,
        ...(refusals.some((refusal) => REFUSED_AS_404.includes(refusal)) ? [404] : []),
        ...(refusals.includes("ambiguous") ? [409] : []),
        429,
        503,
      ]),
    ],
    sample: formatSample(names.path, sample),
  };
}

const REFUSED_AS_404: readonly Refusal["refusal"][] = ["not_found", "set_aside", "left"];

function listParameters({ parameters }: Question): Parameter[] {
  const known = new Set(parameters.map(({ name }) => name));
  const common = COMMON_PARAMETERS.filter(({ name }) => !known.has(name));
  return [...parameters, ...common].map(
    ({ placeholder: _word, repeats: _repeats, isTime: _isTime, ...parameter }: QuestionParameter) =>
      parameter,
  );
}

/** A command to paste; quoted where a shell would take its characters for something else. */
function formatSample(path: string, sample: string): string {
  const filled = sample.startsWith("?") || sample === "" ? path + sample : path.replace(/\{\w+\}/, sample);
  const url = `${SAMPLE_ADDRESS}${filled}`;
  return `curl -H "x-api-key: $ROLLCALL_KEY" ${url.includes("?") ? `'${url}'` : url} | jq`;
}
