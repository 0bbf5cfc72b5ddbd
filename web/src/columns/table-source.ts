// The table and the ages of one question, kept up to date by polls: the table is fetched again only
// where its content has changed, the ages of those hosts alone that reported since.
import { isOfPast } from "../address/past.ts";
import { type Answer, type Facts, formatAddress, readFacts, send } from "../api/answer.ts";
import { Failure } from "../api/failure.ts";
import { type Ages, type AgesAnswer, readAges, updateAges } from "./ages.ts";
import { findPath } from "./held-names.ts";
import { createTableReader, type Table, TableTooLarge } from "./table.ts";

type Parameters = ReadonlyArray<readonly [string, string]>;

/** Which hosts, and which columns. */
export interface TableQuestion {
  /** `state` and `within`, as the API takes them. */
  readonly parameters: Parameters;
  readonly columns: readonly string[];
}

export interface TableSource {
  readonly table: Table | undefined;
  readonly ages: Ages | undefined;
  /** Of the table's content; it differs from one table to another. */
  readonly etag: string | undefined;
  /**
   * @returns what the answer says of itself, and whether the table or the ages are new
   * @throws Failure
   */
  poll(signal: AbortSignal): Promise<{ readonly facts: Facts; readonly isNew: boolean }>;
}

export function createTableSource({ parameters, columns }: TableQuestion): TableSource {
  let table: Table | undefined;
  let etag: string | undefined;
  let ages: Ages | undefined;
  /** The last answer about ages, and its address. */
  let last: { readonly address: string; readonly etag: string | undefined } | undefined;
  const names = columns.flatMap((name) => {
    const path = findPath(name);
    return path ? [{ name, path }] : [];
  });
  const address = formatAddress({
    path: "reports",
    parameters: [["fields", columns.join(",")], ["lenient", "true"], ...parameters],
  });

  async function readTable(response: Response, facts: Facts, signal: AbortSignal): Promise<Table> {
    const reader = createTableReader(names);
    try {
      const body = response.body?.getReader();
      for (let piece = await body?.read(); piece && !piece.done; piece = await body?.read())
        reader.take(piece.value);
    } catch (error) {
      if (signal.aborted) throw error;
      if (error instanceof TableTooLarge) throw new Failure("refused", { status: 200, detail: TOO_LARGE });
      throw new Failure("unreadable", { status: response.status });
    }
    const read = reader.finish();
    // What ends before it should was cut off.
    if (!read || (facts.count !== undefined && read.count !== facts.count))
      throw new Failure("unreadable", { status: response.status });
    return read;
  }

  async function pollAges(signal: AbortSignal): Promise<boolean> {
    const isAnswered = await askAges(ages?.cursor, signal);
    if (isAnswered !== undefined) return isAnswered;
    // What came since does not add up, or the cursor is not understood.
    return (await askAges(undefined, signal)) ?? true;
  }

  /** @returns whether there is something new; undefined where all are to be asked for */
  async function askAges(since: string | undefined, signal: AbortSignal): Promise<boolean | undefined> {
    const own = formatAddress({
      path: "ages",
      parameters: [...parameters, ...(since === undefined ? [] : [["since", since] as const])],
    });
    const known = last?.address === own ? last.etag : undefined;
    const headers: Record<string, string> = known === undefined ? {} : { "if-none-match": known };
    const response = await send(own, { headers, signal }).catch((error: unknown) => {
      const isCursorUnknown = since !== undefined && error instanceof Failure && error.status === 400;
      if (!isCursorUnknown) throw error;
    });
    if (!response) return undefined;
    if (response.status === 304) return false;
    const answer = (await response.json().catch((error: unknown) => {
      if (signal.aborted) throw error;
      throw new Failure("unreadable", { status: response.status });
    })) as AgesAnswer;
    last = { address: own, etag: response.headers.get("etag") ?? undefined };
    return takeAges(answer, since !== undefined);
  }

  function takeAges(answer: AgesAnswer, isSince: boolean): boolean | undefined {
    if (!isSince || !ages) {
      ages = readAges(answer);
      return true;
    }
    const updated = updateAges(ages, answer);
    if (!updated) return undefined;
    ages = updated;
    return answer.hosts.id.length > 0;
  }

  return {
    get table() {
      return table;
    },
    get ages() {
      return ages;
    },
    get etag() {
      return etag;
    },
    async poll(signal) {
      const response = await send(address, {
        headers: { accept: "application/x-ndjson", ...(etag !== undefined && { "if-none-match": etag }) },
        signal,
      });
      const facts = readFacts(response.headers, performance.now(), isOfPast({ parameters }));
      const isChanged = response.status === 200;
      if (isChanged) {
        table = await readTable(response, facts, signal);
        etag = response.headers.get("etag") ?? undefined;
      }
      const isAged = await pollAges(signal);
      return { facts, isNew: isChanged || isAged };
    },
  };
}

const TOO_LARGE = "the hosts' values are more than this page holds: show fewer columns, or ask with curl";

/** The hosts that the server chooses by some filters, as formatHost has them. @throws Failure */
export async function askForHosts(
  parameters: Parameters,
  { signal, ask }: { readonly signal: AbortSignal; readonly ask: AskAges },
): Promise<ReadonlySet<string>> {
  const { body } = await ask({ path: "ages", parameters }, { signal });
  return new Set(readAges(body).hosts.keys());
}

type AskAges = (
  asked: { readonly path: string; readonly parameters: Parameters },
  options: { readonly signal: AbortSignal },
) => Promise<Answer<AgesAnswer>>;
