// rollcall start: a server, a first key and this machine's agent in one process, and what to type next.
import { setTimeout as wait } from "node:timers/promises";
import type { Logger } from "pino";
import { runAgent } from "../agent/agent.ts";
import { createDemoFleet } from "../demo/fleet.ts";
import { formatReportKey } from "../report/key.ts";
import type { Store } from "../store/store.ts";
import { type Collection, openCollection } from "./collection.ts";
import { UsageError } from "./failure.ts";
import { keepFirstKey, makeKey } from "./first-key.ts";
import type { Io } from "./io.ts";
import { openLog } from "./log.ts";
import { readListen, serveStore, untilAborted } from "./serve.ts";
import type { Service } from "./service.ts";
import { type Flags, readSettings } from "./settings.ts";
import { findStoreUrl, openStoreAt } from "./target.ts";
import { VERSION } from "./version.ts";

export interface StartOptions extends Flags {
  /** How many demo hosts; undefined is no demo. */
  readonly demo?: number;
}

const DEMO_STEP_MS = 5000;

/** Runs until the signal aborts. */
export async function runStart(options: StartOptions, io: Io): Promise<void> {
  if (options.demo !== undefined && options.store !== undefined) {
    throw new UsageError("--demo has a throw-away store of its own and touches no other; leave out --store or --demo");
  }
  const settings = await readSettings(options, io);
  const listen = readListen({}, settings);
  // The agent's and the server's ordinary words would bury the line to paste.
  const log = await openLog(settings.get("logLevel") ?? "warn", io.stderr.isTerminal);
  const demo =
    options.demo === undefined ? undefined : await createDemoFleet({ count: options.demo, clock: io.clock, version: VERSION });
  const store = demo?.store ?? (await openStoreAt(findStoreUrl(settings, io), io));
  const collect = await openCollection({ specFile: settings.get("spec"), isThrowAway: demo !== undefined }, io);
  const service = await serveStore({ store, listen, settings, log }, io);
  const key = demo ? await makeKey(store, io) : await keepFirstKey(store, service.keyring, io);

  const firstRound = startAgent({ collect, store, service, log }, io);
  const stepping = demo ? stepDemo(demo, log, io.signal) : undefined;
  await firstRound.reported;
  if (!io.signal.aborted) await io.stdout.write(describeNext({ store, service, key, demo: options.demo }));

  await untilAborted(io.signal);
  await Promise.all([firstRound.ended, stepping, service.stop()]);
}

/** Starts the agent. `reported` resolves when its first round is over, with or without success. */
function startAgent(
  { collect, store, service, log }: { collect: () => Promise<Collection>; store: Store; service: Service; log: Logger },
  io: Io,
) {
  let tellFirst: () => void = () => undefined;
  const reported = new Promise<void>((resolve) => {
    tellFirst = resolve;
  });
  const ended = runAgent(
    {
      collect,
      push: async ({ id, bytes }) => {
        const entry = await store.put(formatReportKey(id), bytes);
        service.roll.note(entry, bytes);
      },
      clock: io.clock,
      sleep: async (ms, signal) => {
        tellFirst();
        await wait(ms, undefined, { signal }).catch(() => undefined);
      },
      onError: (error) => {
        if (!io.signal.aborted) log.error({ err: error }, "this machine could not report; trying again in a minute");
      },
    },
    io.signal,
  );
  return { reported: Promise.race([reported, ended]), ended };
}

async function stepDemo({ step }: { step: () => Promise<void> }, log: Logger, signal: AbortSignal): Promise<void> {
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
  const kept = demo === undefined ? store.location : `${demo} demo hosts and this machine, in memory: gone when you stop`;
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
