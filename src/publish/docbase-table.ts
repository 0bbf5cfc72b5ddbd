// The whole table as a CSV file, for where the pages leave rows out.
import { createHash } from "node:crypto";
import { stringify } from "csv-stringify/sync";
import { formatTime } from "./coverage-sentence.ts";
import type { DocbaseClient } from "./docbase-client.ts";
import type { DocbaseState } from "./docbase-state.ts";
import { RetryTooLate } from "./http.ts";
import type { Overview } from "./overview.ts";
import type { PublishContext } from "./publisher.ts";

/**
 * Of a file, before it becomes base64; bytes. DocBase's documentation was not found to name a
 * limit; this is below what services of its kind take, and some 100,000 rows.
 */
const MAX_TABLE_BYTES = 8 * 1024 * 1024;

/** What a row costs beside its cells' letters, at least; bytes. */
const MIN_CSV_ROW_BYTES = 5;

/**
 * Makes the file: a row for each host and each value that it has, for spreadsheets (UTF-8 with a
 * byte-order mark, and what they would take for a formula as text).
 *
 * @returns undefined where it would have more than MAX_TABLE_BYTES, or not all values were counted
 */
export function writeTable({ inventory }: Overview, maxBytes = MAX_TABLE_BYTES): Buffer | undefined {
  if (inventory.omitted > 0) return undefined;
  const rows: (readonly string[])[] = [];
  let bytes = 0;
  for (const { field, values } of inventory.fields) {
    for (const { value, newest = "", hosts = [] } of values) {
      for (const host of hosts) {
        bytes += MIN_CSV_ROW_BYTES + host.length + field.length + (value?.length ?? 0) + newest.length;
        if (bytes > maxBytes) return undefined;
        rows.push([host, field, value ?? "", newest]);
      }
    }
  }
  const text = stringify(rows, {
    header: true,
    columns: ["host", "field", "value", "newest"],
    bom: true,
    escape_formulas: true,
    record_delimiter: "windows",
  });
  const table = Buffer.from(text);
  return table.length > maxBytes ? undefined : table;
}

/** What the step needs of a run. */
export interface TableRun {
  readonly overview: Overview;
  readonly context: PublishContext;
  readonly client: DocbaseClient;
  readonly name: string;
  /** How long one file has to do, at least, though the table changes; ms. */
  readonly touchMs: number;
  readonly table: DocbaseState["table"];
  save(table: NonNullable<DocbaseState["table"]>): Promise<void>;
}

/**
 * Brings the file up to date, and says on the page where it is. DocBase's API stores files and
 * deletes none: so one is sent only when the table is another one and the last was sent touchMs
 * ago. In between, the page names the last with its time.
 *
 * @returns Markdown for the summary
 * @throws PublishError where DocBase refuses the file; RetryTooLate, LeaseTaken, StoreError
 */
export async function bringTableUpToDate(run: TableRun): Promise<string> {
  const { overview, context, client, name, touchMs, table, save } = run;
  if (overview.inventory.omitted > 0)
    return "The whole table is not attached: there are too many values to count them all.";
  const content = writeTable(overview);
  if (!content) return `The whole table is not attached: it has more than ${MAX_TABLE_BYTES} bytes.`;
  const digest = createHash("sha256").update(content).digest("base64url");
  const isDue = table === undefined || context.clock() - table.tried >= touchMs;
  if (table?.file?.digest === digest || !isDue) return describeTable(table?.file);
  context.onStep(`attaches the whole table, ${content.length} bytes`);
  if (context.isDryRun) return describeTable(table?.file);
  // First in the state: if nobody hears what became of it, it is not sent again and again.
  const tried = context.clock();
  await save({ ...table, tried });
  try {
    const url = await client.attach({ name: `rollcall-${name}.csv`, content });
    const file = { digest, at: overview.asOf, url };
    await save({ tried, file });
    return describeTable(file);
  } catch (error) {
    // What waits for DocBase's limit was not sent.
    if (error instanceof RetryTooLate) await save({ ...table, tried: table?.tried ?? 0 });
    throw error;
  }
}

/** Markdown that says where the file is. */
export function describeTable(file: NonNullable<DocbaseState["table"]>["file"]): string {
  if (!file) return "The whole table is not attached yet.";
  // A closing parenthesis would end the link.
  const url = file.url.replace(/[()<>\s]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
  return `[The whole table](${url}) (CSV), of every host, as of ${formatTime(file.at)}.`;
}
