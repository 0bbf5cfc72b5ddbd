// The question `ages`: when each host's report came, apart from what it holds, so that a page that
// looks at a fleet all the time asks for little.
import { judgeAge } from "../report/freshness.ts";
import { parseReportKey } from "../report/key.ts";
import { keyAt, type Table, updatedAtAt } from "../roll/table.ts";
import { measureSkew } from "./array.ts";
import type { HostSelection } from "./groups.ts";
import { FILTER, LENIENT, PARTIAL, SAME, STATE, WITHIN } from "./parameters.ts";
import { parseQuery, QueryError } from "./query.ts";
import type { ParameterValues, Question, ReadyBytes, Schema } from "./question.ts";
import { digestReceived } from "./report-digest.ts";
import { selectReports } from "./selection.ts";

/**
 * How far a cursor lies before the newest report; s. A listing takes its time: a report that came
 * while it ran may be missing from it, and be older than one that is in it. Stores tell whole
 * seconds at worst.
 */
const CURSOR_OVERLAP_S = 10;

/** What `since` takes. */
const CURSOR = "^[0-9]{1,12}$";

/** Hosts that are written in one go. */
const HOSTS_AT_ONCE = 1024;

/** About how many bytes a host takes, and what is around all of them. */
const HOST_BYTES = 48;
const FRAME_BYTES = 512;

const integers: Schema = { type: "array", items: { type: "integer" } };

const AGE_SCHEMA = {
  type: "object",
  required: ["instance_id", "account", "received_at", "state", "clock_skew_seconds"],
  properties: {
    instance_id: { type: "string" },
    account: {
      type: ["string", "null"],
      description: "An AWS account id, `local`, or null for a report at the top of the store.",
    },
    received_at: { type: "string", format: "date-time", description: "When the store received the report." },
    state: { type: "string", enum: ["fresh", "silent"] },
    clock_skew_seconds: {
      type: "integer",
      description: "How far the host's clock is ahead of the store's, by update_date; negative if behind.",
    },
  },
};

const AGES_SCHEMA = {
  type: "object",
  description: "By column: what stands at one place of each is of one host.",
  required: ["cursor", "window_seconds", "count", "received_sum", "accounts", "hosts"],
  properties: {
    cursor: { type: "string", description: "What `since` takes the next time." },
    window_seconds: { type: "integer", description: "A host of which nothing came for longer is silent." },
    count: { type: "integer", description: "All hosts in question, also where `since` chooses some." },
    received_sum: {
      type: "integer",
      description:
        "The sum of `received` over all hosts in question. Whoever puts some hosts over what was " +
        "answered before has all of them, and none too many, where count and sum are these.",
    },
    accounts: {
      type: "array",
      items: { type: ["string", "null"] },
      description: "The accounts that hosts lie under, each once; null: at the top of the store.",
    },
    hosts: {
      type: "object",
      required: ["id", "account", "received", "skew"],
      properties: {
        id: { type: "array", items: { type: "string" }, description: "In the order of /v1/reports." },
        account: { ...integers, description: "Places in `accounts`, from 0." },
        received: {
          ...integers,
          description: "When the store received the report; seconds since the epoch.",
        },
        skew: { ...integers, description: "Seconds by which the host's clock is ahead; negative if behind." },
      },
    },
  },
};

/** The document, as it is answered. */
export interface ShownAges {
  readonly cursor: string;
  readonly window_seconds: number;
  readonly count: number;
  readonly received_sum: number;
  readonly accounts: readonly (string | null)[];
  readonly hosts: {
    readonly id: readonly string[];
    readonly account: readonly number[];
    /** Seconds since the epoch. */
    readonly received: readonly number[];
    readonly skew: readonly number[];
  };
}

export const ages: Question<ReadyBytes> = {
  name: "ages",
  names: { path: "/v1/ages", command: "ages", docs: "ask.md", tool: "list_ages" },
  summary: "When each host's report came, and since when",
  description:
    "What a heartbeat changes, apart from what reports hold: for each host when the store received its " +
    "report, and how far its clock is off. JSON has columns, to be small; lines and CSV a row a host. " +
    "With `since`, only the hosts whose report came after an answer of before.",
  sample: "?state=all",
  parameters: [
    {
      name: "since",
      in: "query",
      description:
        "The `cursor` of an answer of before: only hosts whose report came since. Some come twice, since " +
        "the cursor lies a little back.",
      schema: { type: "string", pattern: CURSOR },
      placeholder: "CURSOR",
    },
    WITHIN,
    STATE,
    FILTER,
    SAME,
    LENIENT,
    PARTIAL,
  ],
  answer: {
    description: "The ages.",
    row: { name: "Age", schema: AGE_SCHEMA },
    document: { name: "Ages", schema: AGES_SCHEMA },
    facts: ["Rollcall-Count", "Rollcall-Silent", "Rollcall-Problems"],
  },
  refusals: [],

  async ask(sources, parameters) {
    const since = readSince(parameters);
    const query = parseQuery(
      parameters.filter(([name]) => name !== "since"),
      sources.windowMs,
    );
    if (query.fields || query.meta)
      throw new QueryError(query.fields ? "fields" : "meta", "has no meaning here");
    const view = await sources.viewAt();
    const selection = await selectReports(view, query, sources);
    const { silent, problems, cuts, warnings, validUntil, table } = selection;
    const total = sumUp(selection);
    const chosen = {
      table,
      positions: since === undefined ? selection.positions : chooseSince(selection, since),
    };
    const frame = {
      cursor: String(Math.max(0, total.newest - CURSOR_OVERLAP_S)),
      window_seconds: Math.round(query.windowMs / 1000),
      count: selection.positions.length,
      received_sum: total.sum,
    };
    const judge = (receivedAt: number) => judgeAge(receivedAt, view.asOf, query.windowMs);
    return {
      facts: {
        asOf: view.asOf,
        count: selection.positions.length,
        silent,
        problems,
        cuts,
        warnings,
        ...(view.partial && { partial: view.partial }),
      },
      validUntil,
      digest: digestReceived(chosen, query.windowMs, view.asOf) + Object.values(frame).join("-"),
      body: {
        kind: "bytes",
        estimate: FRAME_BYTES + chosen.positions.length * HOST_BYTES,
        held: chosen.positions.byteLength,
        measure: () => undefined,
        write: (format) => (format === "json" ? writeColumns(chosen, frame) : writeLines(chosen, judge)),
        readTable: async () => ({
          columns: AGE_SCHEMA.required,
          omitted: 0,
          *rows() {
            for (const row of listAges(chosen, judge))
              yield Object.values(row).map((cell) => (cell === null ? "" : String(cell)));
          },
        }),
      },
    };
  },
};

/** @returns seconds since the epoch */
function readSince(parameters: ParameterValues): number | undefined {
  const text = parameters.find(([name]) => name === "since")?.[1];
  if (text === undefined) return undefined;
  if (!new RegExp(CURSOR).test(text))
    throw new QueryError(
      "since",
      "should be the cursor of an answer of before; without it all hosts are answered",
    );
  return Number(text);
}

/** When the store received a report; whole seconds since the epoch. */
function receivedAtSecond({ receivedAt }: Table, at: number): number {
  return Math.floor((receivedAt[at] as number) / 1000);
}

function sumUp({ table, positions }: HostSelection): { readonly sum: number; readonly newest: number } {
  let [sum, newest] = [0, 0];
  // A million hosts are 2e15 seconds, which are whole numbers still.
  for (const at of positions) {
    const received = receivedAtSecond(table, at);
    sum += received;
    newest = Math.max(newest, received);
  }
  return { sum, newest };
}

function chooseSince({ table, positions }: HostSelection, since: number): Uint32Array {
  return positions.filter((at) => receivedAtSecond(table, at) >= since);
}

/** Seconds by which a host's clock is ahead of the store's. */
function skewAt(table: Table, at: number): number {
  const updatedAt = updatedAtAt(table, at);
  return measureSkew({ updatedAt, receivedAt: table.receivedAt[at] as number });
}

interface Age {
  readonly instance_id: string;
  readonly account: string | null;
  readonly received_at: string;
  readonly state: string;
  readonly clock_skew_seconds: number;
}

function* listAges(
  { table, positions }: HostSelection,
  judge: (receivedAt: number) => string,
): Generator<Age> {
  for (const at of positions) {
    const { id = "", account = "" } = parseReportKey(keyAt(table, at)) ?? {};
    const receivedAt = table.receivedAt[at] as number;
    yield {
      instance_id: id,
      account: account || null,
      received_at: new Date(receivedAt).toISOString(),
      state: judge(receivedAt) === "fresh" ? "fresh" : "silent",
      clock_skew_seconds: skewAt(table, at),
    };
  }
}

function* writeLines(chosen: HostSelection, judge: (receivedAt: number) => string): Generator<Buffer> {
  let lines: string[] = [];
  for (const age of listAges(chosen, judge)) {
    lines.push(`${JSON.stringify(age)}\n`);
    if (lines.length < HOSTS_AT_ONCE) continue;
    yield Buffer.from(lines.join(""));
    lines = [];
  }
  yield Buffer.from(lines.join(""));
}

/** Columns that are alike lie together, so that they compress well. */
function* writeColumns(
  { table, positions }: HostSelection,
  frame: Omit<ShownAges, "accounts" | "hosts">,
): Generator<Buffer> {
  const accounts = new Map<string, number>();
  const places = new Uint32Array(positions.length);
  const readOwner = (at: number, place: number): string => {
    const { id = "", account = "" } = parseReportKey(keyAt(table, at)) ?? {};
    const number = accounts.get(account) ?? accounts.size;
    accounts.set(account, number);
    places[place] = number;
    return JSON.stringify(id);
  };
  yield Buffer.from(`${JSON.stringify(frame).slice(0, -1)},"hosts":{"id":`);
  yield* writeColumn(positions, readOwner);
  yield Buffer.from(',"account":');
  yield* writeColumn(positions, (_, place) => String(places[place]));
  yield Buffer.from(',"received":');
  yield* writeColumn(positions, (at) => String(receivedAtSecond(table, at)));
  yield Buffer.from(',"skew":');
  yield* writeColumn(positions, (at) => String(skewAt(table, at)));
  const named = [...accounts.keys()].map((account) => account || null);
  yield Buffer.from(`},"accounts":${JSON.stringify(named)}}\n`);
}

function* writeColumn(
  positions: Uint32Array,
  write: (at: number, place: number) => string,
): Generator<Buffer> {
  for (let from = 0; from < positions.length; from += HOSTS_AT_ONCE) {
    const cells = Array.from(positions.subarray(from, from + HOSTS_AT_ONCE), (at, index) =>
      write(at, from + index),
    );
    yield Buffer.from((from === 0 ? "[" : ",") + cells.join(","));
  }
  yield Buffer.from(positions.length === 0 ? "[]" : "]");
}
