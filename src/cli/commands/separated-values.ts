// CSV made into what its reader takes: values separated by tabs, or CSV for Excel.
import { Readable } from "node:stream";
import { parse } from "csv-parse";
import { stringify } from "csv-stringify/sync";

export interface SeparatedOptions {
  readonly delimiter: "," | "\t";
  /**
   * A byte-order mark in front, without which Excel takes UTF-8 for the machine's old encoding, and
   * an apostrophe before what Excel would take for a formula
   * (https://owasp.org/www-community/attacks/CSV_Injection).
   */
  readonly forExcel: boolean;
  /**
   * Whether a person reads it there and then: no mark in front, and lines end as a terminal's do.
   */
  readonly forTerminal?: boolean;
}

/** Rows that are written at a time. */
const BATCH = 256;

/** Converts CSV (RFC 4180) as it comes. */
export async function* convertCsv(
  csv: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  { delimiter, forExcel, forTerminal = false }: SeparatedOptions,
): AsyncGenerator<Buffer> {
  // RFC 4180 ends the lines of CSV with CR LF; what reads tabs (cut, awk) takes CR for a part of
  // the last value.
  const lineEnd = forTerminal || (delimiter === "\t" && !forExcel) ? "unix" : "windows";
  let isFirst = true;
  const write = (rows: string[][]): Buffer => {
    const bom = forExcel && !forTerminal && isFirst;
    isFirst = false;
    const form = { delimiter, record_delimiter: lineEnd, escape_formulas: forExcel, bom } as const;
    return Buffer.from(stringify(rows, form));
  };
  let batch: string[][] = [];
  const source = Readable.from(csv, { objectMode: false });
  const parser = parse();
  source.on("error", (error) => parser.destroy(error));
  for await (const row of source.pipe(parser) as AsyncIterable<string[]>) {
    batch.push(row);
    if (batch.length < BATCH) continue;
    yield write(batch);
    batch = [];
  }
  if (batch.length > 0) yield write(batch);
}
