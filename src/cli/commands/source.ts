// Where `rollcall list` gets its answer: straight from a store, or from a server. Both give the
// same bytes.

import { toFailure } from "../../network/failure.ts";
import { type Format, writeReports } from "../../questions/array.ts";
import { createFieldReader } from "../../questions/field-values.ts";
import { parseQuery, QueryError } from "../../questions/query.ts";
import { selectReports } from "../../questions/selection.ts";
import { createClient, isInTheClear } from "../../remote/client.ts";
import type { Target } from "../../remote/target.ts";
import { createRoll } from "../../roll/roll.ts";
import type { RollView } from "../../roll/view.ts";
import { formatDuration } from "../../specs/duration.ts";
import { StoreError } from "../../store/store.ts";
import { CommandError, UsageError } from "../program/failure.ts";
import type { Io } from "../program/io.ts";
import type { Settings } from "../settings/settings.ts";
import { openStoreAt } from "../settings/target.ts";

/** An answer, its body not read yet. */
export interface ReportAnswer {
  /** ISO 8601. */
  readonly asOf: string;
  readonly count: number;
  readonly silent: number;
  readonly problems: number;
  readonly warnings: readonly string[];
  readonly body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

export interface ReportSource {
  /** Asks. @throws CommandError, UsageError for a question that cannot be understood */
  ask(parameters: ReadonlyArray<readonly [string, string]>, format: Format): Promise<ReportAnswer>;
}

/** Opens the target for asking. */
export async function openSource(target: Target, settings: Settings, io: Io): Promise<ReportSource> {
  return target.kind === "store"
    ? openStoreSource(target.url, settings, io)
    : openServerSource(target.url, settings, io);
}

async function openStoreSource(url: string, settings: Settings, io: Io): Promise<ReportSource> {
  const store = await openStoreAt(url, io, { mustExist: true });
  const maxAgeMs = settings.maxAgeMs();
  const roll = createRoll({
    store,
    clock: io.clock,
    snapshot: "use",
    ...(maxAgeMs === undefined ? {} : { maxAgeMs }),
  });
  const reader = createFieldReader();
  return {
    async ask(parameters, format) {
      const query = readQuery(parameters, settings.windowMs());
      const view = await roll.view().catch((error: unknown) => {
        if (!(error instanceof StoreError)) throw error;
        if (query.partial) return roll.partialView(error.message);
        throw new CommandError(error.message);
      });
      // What compiles labels takes long to load, and most questions have no names.
      const needsLabels = query.filters.length > 0 || query.fields !== undefined;
      const labels = needsLabels
        ? (await import("../../questions/labels.ts")).compileLabels(settings.labelRules)
        : new Map();
      const selection = await asUsageErrors(() => selectReports(view, query, { labels, reader }));
      const { silent, problems, warnings } = selection;
      return {
        asOf: new Date(view.asOf).toISOString(),
        count: selection.positions.length,
        silent,
        problems,
        warnings: [...describePartial(view), ...warnings],
        body: writeReports(selection, query, format, view.asOf),
      };
    },
  };
}

function describePartial({ partial }: RollView): string[] {
  return partial ? [`not complete, ${partial.missing} reports or more are missing: ${partial.reason}`] : [];
}

function readQuery(
  parameters: ReadonlyArray<readonly [string, string]>,
  windowMs: number | undefined,
): ReturnType<typeof parseQuery> {
  try {
    return parseQuery(parameters, windowMs);
  } catch (error) {
    if (error instanceof QueryError) throw new UsageError(error.message);
    throw error;
  }
}

/** A name that nobody knows is found only when the reports are there. */
async function asUsageErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof QueryError) throw new UsageError(error.message);
    throw error;
  }
}

async function openServerSource(url: URL, settings: Settings, io: Io): Promise<ReportSource> {
  const client = createClient({ url, key: await settings.readKey(), signal: io.signal });
  if (isInTheClear(url))
    await io.stderr.write(`warning: the API key travels to ${url.host} in the clear; use https\n`);
  return {
    async ask(parameters, format) {
      const windowMs = settings.windowMs();
      // The window is a setting here as well, and the question is checked before it travels.
      readQuery(parameters, windowMs);
      const hasWindow = windowMs === undefined || parameters.some(([name]) => name === "within");
      const query = new URLSearchParams(parameters.map(([name, value]): [string, string] => [name, value]));
      if (!hasWindow) query.set("within", formatDuration(windowMs));
      const path = query.size > 0 ? `/v1/reports?${query}` : "/v1/reports";
      const { headers, body } = await client.request(path, {
        headers: { accept: format === "json" ? "application/json" : "application/x-ndjson" },
      });
      const asOf = headers.get("rollcall-as-of");
      if (!asOf || !body)
        throw new CommandError(`${url.origin} answered without Rollcall's headers; is it a Rollcall server?`);
      const [partial, warning] = [headers.get("rollcall-partial"), headers.get("rollcall-warning")];
      const missing = headers.get("rollcall-missing");
      return {
        asOf,
        count: Number(headers.get("rollcall-count")),
        silent: Number(headers.get("rollcall-silent")),
        problems: Number(headers.get("rollcall-problems")),
        warnings: [
          ...(partial === null ? [] : [`not complete, ${missing} reports or more are missing: ${partial}`]),
          ...(warning === null ? [] : [warning]),
        ],
        body: asCommandErrors(body, url),
      };
    },
  };
}

/**
 * A body that breaks off is an error in words; what came before it has been handed on, and is no
 * valid JSON.
 */
async function* asCommandErrors(body: AsyncIterable<Uint8Array>, url: URL): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw new CommandError(`the answer of ${url.origin} broke off: ${toFailure(error).message}`);
  }
}
