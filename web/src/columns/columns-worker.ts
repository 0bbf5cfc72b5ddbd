// The worker that holds the table of hosts: it fetches, filters, sorts and groups there, so that no
// task of the page's own thread follows the size of the fleet.
import { ask } from "../api/answer.ts";
import { Failure } from "../api/failure.ts";
import { keepKey } from "../api/key.ts";
import type { AgesAnswer } from "./ages.ts";
import { findValues } from "./all-values.ts";
import { type Choice, type Chosen, chooseHosts, divideConditions } from "./chosen-hosts.ts";
import { type KnownName, type Names, readNames } from "./held-names.ts";
import { writeHosts } from "./host-file.ts";
import type { Numbered, Polled, Request, Response, Responses, ShownChoice } from "./messages.ts";
import { showLines } from "./shown-lines.ts";
import { askForHosts, createTableSource, type TableQuestion, type TableSource } from "./table-source.ts";

const scope = self as unknown as {
  postMessage(message: Response): void;
  onmessage: ((event: MessageEvent<Numbered>) => void) | null;
};

let source: TableSource | undefined;
let asked: TableQuestion | undefined;
/** What a new question begins with, until its first table is there. */
let coming: { readonly question: TableQuestion; readonly source: TableSource } | undefined;
let names: Names = readNames([]);
let shown: { readonly chosen: Chosen; readonly choice: Choice } | undefined;
/** Hosts that the server chose, by the question and the table. */
let answered: { readonly key: string; readonly hosts: ReadonlySet<string> } | undefined;
let polling: AbortController | undefined;
let choosing: AbortController | undefined;

scope.onmessage = ({ data: { number, request } }) => {
  handle(request).then(
    (result) => scope.postMessage({ number, result }),
    (error: unknown) => {
      if (error instanceof Overtaken || (error as Error)?.name === "AbortError")
        scope.postMessage({ number, isOvertaken: true });
      else scope.postMessage({ number, failure: toSent(error) });
    },
  );
};

class Overtaken extends Error {}

function toSent(error: unknown) {
  if (!(error instanceof Failure))
    return {
      kind: "refused" as const,
      status: 0,
      detail: String(error),
      code: undefined,
      retryAfterMs: undefined,
    };
  const { kind, status, detail, code, retryAfterMs } = error;
  return { kind, status, detail, code, retryAfterMs };
}

async function handle(request: Request): Promise<Responses[Request["kind"]]> {
  if (request.kind === "poll") return await poll(request.key, request.question);
  if (request.kind === "names") return setNames(request.names);
  if (request.kind === "choose") return await choose(request);
  if (request.kind === "lines") return await readLines(request);
  if (request.kind === "values") {
    keepKey(request.key);
    return await findValues(request, names, source?.table);
  }
  if (!shown || !source?.table) return "";
  return writeHosts({ table: source.table, ages: source.ages }, shown.chosen, request);
}

function setNames(known: readonly KnownName[]): undefined {
  names = readNames(known);
}

async function poll(key: string | undefined, question: TableQuestion): Promise<Polled> {
  keepKey(key);
  polling?.abort();
  const own = new AbortController();
  polling = own;
  const isSame = JSON.stringify(question) === JSON.stringify(asked);
  if (!isSame && JSON.stringify(question) !== JSON.stringify(coming?.question))
    coming = { question, source: createTableSource(question) };
  const polled = isSame && source ? source : (coming?.source ?? createTableSource(question));
  const { facts, isNew } = await polled.poll(own.signal);
  const isOther = polled !== source;
  // The table before stays until this one is whole.
  [source, asked, coming] = [polled, question, undefined];
  return { facts, isNew: isNew || isOther, etag: polled.etag };
}

async function choose({ choice, stretch }: Extract<Request, { kind: "choose" }>): Promise<ShownChoice> {
  choosing?.abort();
  const own = new AbortController();
  choosing = own;
  const [held, question] = [source, asked];
  const table = held?.table;
  if (!held || !table || !question) return NOTHING_YET;
  const division = divideConditions(choice.conditions, table, names);
  const mistakes = [...division.mistakes];
  let hosts: ReadonlySet<string> | undefined;
  if (division.asked.length > 0 && mistakes.length === 0)
    try {
      const parameters = [...question.parameters, ...division.asked];
      const key = JSON.stringify([held.etag, parameters]);
      if (answered?.key !== key)
        answered = {
          key,
          hosts: await askForHosts(parameters, {
            signal: own.signal,
            ask: (...given) => ask<AgesAnswer>(...given),
          }),
        };
      hosts = answered.hosts;
    } catch (error) {
      if (!(error instanceof Failure) || error.status !== 400 || error.detail === undefined) throw error;
      mistakes.push(error.detail);
    }
  if (choosing !== own) throw new Overtaken();
  const chosen = chooseHosts({ table, ages: held.ages, names }, choice, { ...division, mistakes }, hosts);
  shown = { chosen, choice };
  return {
    isReady: true,
    length: chosen.lines.length,
    hosts: chosen.lines.hosts,
    total: table.count,
    windowSeconds: held.ages?.windowSeconds,
    mistakes,
    ...showLines({ table, ages: held.ages }, chosen, choice, stretch),
  };
}

const NOTHING_YET: ShownChoice = {
  isReady: false,
  length: 0,
  hosts: 0,
  total: 0,
  windowSeconds: undefined,
  mistakes: [],
  from: 0,
  lines: [],
};

async function readLines({ stretch }: Extract<Request, { kind: "lines" }>) {
  if (!shown || !source?.table) throw new Overtaken();
  return showLines({ table: source.table, ages: source.ages }, shown.chosen, shown.choice, stretch);
}
