// rollcall start: a server, a first key and this machine's agent in one process, and what to type
// next.
import { setTimeout as wait } from "node:timers/promises";
import type { Logger } from "pino";
import { runAgent } from "../../agent/agent.ts";
import { type HostCollection, observeHost } from "../../agent/collection.ts";
import { createDelivery, type ReportSink } from "../../agent/delivery.ts";
import { openWatch } from "../../agent/host-watch.ts";
import { HEARTBEAT_MS } from "../../agent/schedule.ts";
import { sleep } from "../../agent/sleep.ts";
import { NO_SPOOL } from "../../agent/spool.ts";
import { createDemoFleet } from "../../demo/fleet.ts";
import { createStoreSink } from "../../remote/report-sink.ts";
import type { Service } from "../../service/service.ts";
import type { Store } from "../../store/store.ts";
import { UsageError } from "../program/failure.ts";
import { openHostCollection } from "../program/host-collection.ts";
import type { Io } from "../program/io.ts";
import { openLog } from "../program/log.ts";
import { VERSION } from "../program/version.ts";
import type { Flags } from "../settings/setting-list.ts";
import { readSettings } from "../settings/settings.ts";
import { findStoreUrl, openStoresAt } from "../settings/target.ts";
import { keepFirstKey, makeKey } from "./first-key.ts";
import { readListen, serveStore, untilAborted } from "./serve.ts";

export interface StartOptions extends Flags {
  /** How many demo hosts; undefined is no demo. */
  readonly demo?: number;
}

const DEMO_STEP_MS = 5000;

/** How long a report that is being sent has, after Ctrl-C; ms. */
const STOP_GRACE_MS = 2000;

/** Runs until the signal aborts. */
export async function runStart(options: StartOptions, io: Io): Promise<void> {
  if (options.demo !== undefined && (options.store ?? options.alsoRead) !== undefined) {
    throw new UsageError(
      "--demo has a throw-away store of its own and touches no other; leave out --demo, or " +
        "--store and --also-read",
    );
  }
  const settings = await readSettings(options, io);
  const listen = readListen({}, settings);
  // The agent's and the server's ordinary words would bury the line to paste.
  const log = await openLog(settings.get("logLevel") ?? "warn", io.stderr.isTerminal);
  const demo =
    options.demo === undefined
      ? undefined
      : await createDemoFleet({ count: options.demo, clock: io.clock, version: VERSION });
  const { store, alsoRead } = demo
    ? { store: demo.store, alsoRead: [] }
    : await openStoresAt(findStoreUrl(settings, io), settings, io);
  const onNotice = (notice: string) => log.warn(notice);
  const collection = await openHostCollection(
    { spec: settings.get("spec"), isThrowAway: demo !== undefined, onNotice, heartbeatMs: HEARTBEAT_MS },
    io,
  );
  const demoKey = demo && (await makeKey(store, io));
  const serving = { store, alsoRead, listen, settings, log, command: "start", demoKey } as const;
  const service = await serveStore(serving, io);
  const key = demoKey ?? (await keepFirstKey(store, service.keyring, io));

  const agent = startAgent(
    {
      collection,
      sink: createStoreSink(noteIn(service, store), { clock: io.clock, host: collection.host, onNotice }),
      log,
    },
    io,
  );
  const stepping = demo ? stepDemo(demo, log, io.signal) : undefined;
  await agent.reported;
  if (!io.signal.aborted) await io.stdout.write(describeNext({ store, service, key, demo: options.demo }));

  await untilAborted(io.signal);
  await Promise.all([agent.ended, stepping, service.stop()]);
}

/** What this process puts into the store, its own answers hold at once. */
function noteIn({ roll }: Service, store: Store): Store {
  return {
    ...store,
    put: async (key, body, options) => {
      const entry = await store.put(key, body, options);
      roll.note(entry, body);
      return entry;
    },
  };
}

/** Starts the agent. `reported` resolves when its first report is there, or failed. */
function startAgent(
  { collection, sink, log }: { collection: HostCollection; sink: ReportSink; log: Logger },
  io: Io,
) {
  const { clock } = io;
  let tellReported: () => void = () => undefined;
  const reported = new Promise<void>((resolve) => {
    tellReported = resolve;
  });
  const onError = (err: unknown) => {
    tellReported();
    if (!io.signal.aborted) log.error({ err }, "this machine could not report; trying again");
  };
  const delivery = createDelivery({
    sink,
    spool: NO_SPOOL,
    clock,
    random: Math.random,
    sleep,
    onSent: () => tellReported(),
    onFailure: onError,
  });
  const ended = runAgent(
    {
      host: observeHost(collection),
      delivery,
      watch: (onChange) => openWatch(collection.host, { onChange, log }),
      clock,
      monotonic: () => performance.now(),
      random: Math.random,
      // It was started by a person.
      uptime: Number.POSITIVE_INFINITY,
      sleep,
      onError,
    },
    io.signal,
  ).then(() => delivery.stop(STOP_GRACE_MS));
  return { reported: Promise.race([reported, ended]), ended };
}

async function stepDemo(
  { step }: { step: () => Promise<void> },
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await wait(DEMO_STEP_MS, undefined, { signal }).catch(() => undefined);
    await step().catch((error: unknown) => log.error({ err: error }, "the demo fleet stumbled"));
  }
}

/** What the terminal shows. The curl line stands alone, ready to paste. */
function describeNext({
  store,
  service: { url },
  key,
  demo,
}: {
  store: Store;
  service: Service;
  key: string;
  demo: number | undefined;
}): string {
  const kept =
    demo === undefined
      ? store.location
      : `${demo} demo hosts and this machine, in memory: gone when you stop`;
  const more =
    demo === undefined
      ? ["To let other hosts report:", "", "  npx rollcall keys create --scope ingest --name hosts"]
      : [
          "Or from the command line, in another terminal:",
          "",
          `  export ROLLCALL_SERVER=${url} ROLLCALL_KEY=${key}`,
          "  npx rollcall list",
        ];
  return [
    `Rollcall ${VERSION} is running at ${url}`,
    `  store  ${kept}`,
    `  page   ${url}/${demo === undefined ? "   asks for the key below" : ""}`,
    `  docs   ${url}/docs`,
    "",
    "Ask which version runs where:",
    "",
    `  curl -H "x-api-key: ${key}" ${url}/v1/reports | jq`,
    "",
    ...more,
    "",
    "Ctrl-C stops it.",
    "",
  ].join("\n");
}
