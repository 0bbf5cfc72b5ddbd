// DuckDB over files of history: a reader that knows nothing of Rollcall.
import { DuckDBInstance } from "@duckdb/node-api";

/** Asks one question in SQL. @returns rows by the names of their columns */
export async function askDuckDB(...statements: readonly string[]): Promise<Record<string, unknown>[]> {
  const instance = await DuckDBInstance.create(":memory:");
  try {
    const connection = await instance.connect();
    let rows: Record<string, unknown>[] = [];
    for (const statement of statements)
      rows = (await connection.runAndReadAll(statement)).getRowObjectsJson() as Record<string, unknown>[];
    connection.closeSync();
    return rows;
  } finally {
    instance.closeSync();
  }
}
