// rollcall publish: publishes what runs where, once, by hand.
import { setTimeout as wait } from "node:timers/promises";
import { createHistory } from "../../history/history.ts";
import type { PublishersConfig } from "../../publish/config.ts";
import { runPublication } from "../../publish/publication.ts";
import { PublishError, type PublishOutcome } from "../../publish/publisher.ts";
import { openPublisher } from "../../publish/registry.ts";
import { createFieldReader } from "../../questions/field-values.ts";
import { compileLabels } from "../../questions/labels.ts";
import { createPast } from "../../questions/past-sources.ts";
import { DEFAULT_WINDOW_MS } from "../../report/limits.ts";
import { sanitizeLine } from "../../report/safe-text.ts";
import { createRoll } from "../../roll/roll.ts";
import { SHARED_YIELDER } from "../../roll/yielder.ts";
import { formatDuration } from "../../specs/duration.ts";
import { LeaseTaken } from "../../store/lease.ts";
import { StoreError } from "../../store/store.ts";
import { CommandError, UsageError } from "../program/failure.ts";
import type { Io } from "../program/io.ts";
import { readExpected } from "../settings/expected-hosts.ts";
import { readPublisherSecret } from "../settings/publisher-secret.ts";
import type { Flags } from "../settings/setting-list.ts";
import { readSettings } from "../settings/settings.ts";
import { findStoreUrl, openStoresAt } from "../settings/target.ts";
import { layOutTable, styleTable } from "../terminal/table.ts";

export interface PublishOptions extends Flags {
  readonly list?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** How long a run by hand may take, waits for the other side's limits among it; ms. */
const RUN_MS = 60 * 60_000;

/** Publishes, or lists the publishers. @throws CommandError, UsageError */
export async function runPublish(name: string | undefined, options: PublishOptions, io: Io): Promise<void> {
  const settings = await readSettings(options, io);
  const { publishers } = settings;
  if (options.list) return await listPublishers(publishers, options, io);
  const config = name === undefined ? undefined : publishers[name];
  if (name === undefined || !config) throw new UsageError(explainNames(name, publishers));
  if (settings.target()?.kind === "server")
    throw new UsageError(
      "publish works on a store, where publishers keep what they did: name it with --store",
    );
  const { store, alsoRead } = await openStoresAt(findStoreUrl(settings, io), settings, io, {
    mustExist: true,
  });
  try {
    const publisher = await openPublisher(name, config, (place) => readPublisherSecret(place, io));
    const expect = settings.get("expect");
    const roll = createRoll({ store, alsoRead, clock: io.clock, snapshot: "use" });
    const outcome = await runPublication({
      name,
      config,
      publisher,
      store,
      sources: {
        viewAt: () => roll.view(),
        viewHost: (id, account) => roll.viewHost(id, account),
        labels: compileLabels(settings.labelRules),
        reader: createFieldReader(),
        windowMs: settings.windowMs() ?? DEFAULT_WINDOW_MS,
        readExpected: async () => (expect === undefined ? {} : { expected: await readExpected(expect, io) }),
        // What a server refused at its door, only that server knows.
        clones: { list: () => [] },
        clock: io.clock,
        past: createPast(createHistory({ store, clock: io.clock })),
        yielder: SHARED_YIELDER,
      },
      context: {
        clock: io.clock,
        sleep: (ms, signal) => wait(ms, undefined, { signal }).catch(() => undefined),
        random: Math.random,
        signal: io.signal,
        deadline: io.clock() + RUN_MS,
        isDryRun: options.dryRun ?? false,
        onStep: (step) =>
          void (options.dryRun || io.stderr.isTerminal
            ? io.stderr.write(`${options.dryRun ? "would: " : ""}${sanitizeLine(step)}\n`)
            : undefined),
        write: (text) => io.stdout.write(text),
      },
    });
    await tell(name, config.kind, outcome, options, io);
    if (outcome.left !== undefined) throw new CommandError(`${name} is not finished: ${outcome.left}`);
  } catch (error) {
    if (error instanceof PublishError || error instanceof LeaseTaken || error instanceof StoreError)
      throw new CommandError(error.message);
    throw error;
  } finally {
    for (const one of [store, ...alsoRead]) await one.close?.();
  }
}

function explainNames(name: string | undefined, publishers: PublishersConfig): string {
  const names = Object.keys(publishers);
  if (names.length === 0) return "no publisher is configured; docs/publish.md shows how";
  const known = `known: ${names.join(", ")}`;
  return name === undefined
    ? `name a publisher; ${known}`
    : `there is no publisher ${JSON.stringify(name)}; ${known}`;
}

async function listPublishers(publishers: PublishersConfig, { json }: PublishOptions, io: Io): Promise<void> {
  const rows = Object.entries(publishers).map(([name, { kind, every, title }]) => ({
    name,
    kind,
    every: every === undefined ? "by hand" : formatDuration(every),
    title,
  }));
  if (!io.stdout.isTerminal || json) return await io.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
  const cells = rows.map(({ name, kind, every, title }) => [name, kind, every, sanitizeLine(title)]);
  await io.stdout.writeStyled(
    `${styleTable(layOutTable(["NAME", "KIND", "EVERY", "TITLE"], cells, io.stdout.columns), io)}\n`,
  );
}

async function tell(
  name: string,
  kind: string,
  outcome: PublishOutcome,
  { json, dryRun }: PublishOptions,
  io: Io,
): Promise<void> {
  // What it publishes is on stdout already.
  if (kind === "stdout") return;
  if (!io.stdout.isTerminal || json)
    return await io.stdout.write(`${JSON.stringify({ name, ...outcome })}\n`);
  const { created, updated, archived, unchanged, requests, url } = outcome;
  const would = dryRun ? "would be " : "";
  await io.stdout.write(
    `${name}: ${created} ${would}created, ${updated} ${would}updated, ${archived} ` +
      `${would}archived, ${unchanged} unchanged; ${requests} ` +
      `requests${url === undefined ? "" : `; ${sanitizeLine(url)}`}\n`,
  );
}
