// rollcall report: looks at this host once and pushes the report, or prints it.
import { formatReportKey } from "../report/key.ts";
import { StoreError } from "../store/store.ts";
import { sanitize } from "./cell.ts";
import { createClient, isInTheClear } from "./client.ts";
import { type Collection, openCollection } from "./collection.ts";
import { CommandError } from "./failure.ts";
import type { Io } from "./io.ts";
import { type Flags, readSettings, type Settings } from "./settings.ts";
import { findTarget, openStoreAt, type Target } from "./target.ts";

export interface ReportOptions extends Flags {
  readonly print?: boolean;
  readonly root?: string;
}

/** Collects, then prints or pushes. @throws CommandError if the report could not be pushed */
export async function runReport(options: ReportOptions, io: Io): Promise<void> {
  const settings = await readSettings(options, io);
  // A wrong target is told before the host is looked at.
  const target = options.print ? undefined : await findTarget(settings, io);
  const collect = await openCollection({ specFile: settings.get("spec"), root: options.root }, io);
  const report = await collect();
  for (const { what, reason } of report.unread)
    await io.stderr.write(`warning: could not read ${sanitize(`${what}: ${reason}`)}\n`);
  if (!target) {
    const text = report.bytes.toString("utf8");
    return io.stdout.write(io.stdout.isTerminal ? `${JSON.stringify(JSON.parse(text), null, 2)}\n` : `${text}\n`);
  }
  const where = await push(report, target, settings, io);
  await io.stderr.write(`reported ${report.id} (${describeFields(report)}) to ${where}\n`);
}

async function push({ id, bytes }: Collection, target: Target, settings: Settings, io: Io): Promise<string> {
  if (target.kind === "store") {
    const store = await openStoreAt(target.url, io);
    try {
      await store.put(formatReportKey(id), bytes);
    } catch (error) {
      throw error instanceof StoreError ? new CommandError(error.message) : error;
    } finally {
      await store.close?.();
    }
    return store.location;
  }
  const { url } = target;
  if (isInTheClear(url)) await io.stderr.write(`warning: the API key travels to ${url.host} in the clear; use https\n`);
  const client = createClient({
    url,
    key: await settings.readKey(),
    signal: io.signal,
    onRetry: (reason) => void io.stderr.write(`${reason}; trying again\n`),
  });
  await client.request(`/v1/reports/${encodeURIComponent(id)}`, {
    method: "PUT",
    body: bytes,
    headers: { "content-type": "application/json" },
  });
  return url.origin;
}

function describeFields({ bytes }: Collection): string {
  const { rollcall: _own, ...fields } = JSON.parse(bytes.toString("utf8")) as Record<string, unknown>;
  const arrays = Object.entries(fields).filter(([, value]) => Array.isArray(value));
  const counts = arrays.map(([name, value]) => `${(value as unknown[]).length} ${name}`);
  return [`${Object.keys(fields).length} fields`, ...counts].join(", ");
}
