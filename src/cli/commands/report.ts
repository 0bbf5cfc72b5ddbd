// rollcall report: looks at this host once and pushes the report, or prints it.

import type { Collection } from "../../agent/collection.ts";
import type { ReportSink } from "../../agent/delivery.ts";
import { chooseKey } from "../../remote/host-key.ts";
import { openLegacySink } from "../../remote/legacy-sink.ts";
import { openReportSink } from "../../remote/report-sink.ts";
import { toOldForm } from "../../report/old-form.ts";
import { sanitizeLine } from "../../report/safe-text.ts";
import { UsageError } from "../program/failure.ts";
import { openHostCollection } from "../program/host-collection.ts";
import type { Io } from "../program/io.ts";
import { readRoleIds } from "../settings/parsed-settings.ts";
import type { Flags } from "../settings/setting-list.ts";
import { readSettings } from "../settings/settings.ts";
import { findStateFolder, openObservationStore } from "../settings/state-folder.ts";
import { findTarget } from "../settings/target.ts";

export interface ReportOptions extends Flags {
  readonly print?: boolean;
  readonly legacyKey?: boolean;
  readonly root?: string;
}

/** Collects, then prints or pushes. @throws CommandError if the report could not be pushed */
export async function runReport(options: ReportOptions, io: Io): Promise<void> {
  const settings = await readSettings(options, io);
  // A wrong target is told before the host is looked at.
  const target = options.print ? undefined : await findTarget(settings, io);
  if (options.legacyKey && target?.kind === "server")
    throw new UsageError("--legacy-key writes to a store: name it with --store");
  const roleIds = readRoleIds(settings);
  const onNotice = (notice: string) => void io.stderr.write(`warning: ${sanitizeLine(notice)}\n`);
  const { root } = options;
  // A report that is only shown makes no folder; what the agent saw of files counts for it as well.
  const memory = await openObservationStore(
    settings,
    { root, makesFolder: true, refreshMs: 0, onNotice },
    io,
  );
  const collection = await openHostCollection({ spec: settings.get("spec"), root, memory }, io);
  const report = await collection.collect({ all: true }, io.signal);
  for (const { what, reason } of report.unread)
    await io.stderr.write(`warning: could not read ${sanitizeLine(`${what}: ${reason}`)}\n`);
  if (!target) {
    const text = (options.legacyKey ? toOldForm(report.bytes) : report.bytes).toString("utf8");
    return io.stdout.write(
      io.stdout.isTerminal ? `${JSON.stringify(JSON.parse(text), null, 2)}\n` : `${text}\n`,
    );
  }
  if (options.legacyKey && target.kind === "store") {
    const where = await push(report, await openLegacySink({ ...io, url: target.url }), io);
    await io.stderr.write(`reported ${report.id} (${describeFields(report)}) to the top of ${where}\n`);
    return;
  }
  const folder = await findStateFolder(settings, io);
  const onNews = (notice: string) => void io.stderr.write(`${notice}\n`);
  const key = await chooseKey({
    ...io,
    given: settings,
    target,
    host: collection.host,
    folder,
    onNotice: onNews,
  });
  const where = await push(
    report,
    await openReportSink({ ...io, target, key, host: collection.host, onNotice, folder, roleIds }),
    io,
  );
  await io.stderr.write(`reported ${report.id} (${describeFields(report)}) to ${where}\n`);
}

async function push(report: Collection, sink: ReportSink, io: Io): Promise<string> {
  try {
    await sink.send(report, io.signal);
  } finally {
    await sink.close();
  }
  return sink.location;
}

function describeFields({ bytes }: Collection): string {
  const { rollcall: _own, ...fields } = JSON.parse(bytes.toString("utf8")) as Record<string, unknown>;
  const arrays = Object.entries(fields).filter(([, value]) => Array.isArray(value));
  const counts = arrays.map(([name, value]) => `${(value as unknown[]).length} ${name}`);
  return [`${Object.keys(fields).length} fields`, ...counts].join(", ");
}
