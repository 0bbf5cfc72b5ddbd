// rollcall serve: the API over a store.
import { uptime } from "node:os";
import { setTimeout as wait } from "node:timers/promises";
import type { Logger } from "pino";
import type { IdentityTrust } from "../../access/identity.ts";
import { describeDates } from "../../access/identity-document.ts";
import { listKeys } from "../../access/key-list.ts";
import { loadPage } from "../../api/built-page.ts";
import { ListenError, type ListenOptions } from "../../api/server.ts";
import type { ReadSecret } from "../../publish/registry.ts";
import { compileLabels } from "../../questions/labels.ts";
import { REPORTS_PREFIX } from "../../report/key.ts";
import { DEFAULT_WINDOW_MS, MAX_REPORT_BYTES } from "../../report/limits.ts";
import { followCertificate } from "../../service/certificate-renewal.ts";
import { runPublishSchedule } from "../../service/publish-schedule.ts";
import { runRecording } from "../../service/recording.ts";
import { parseListen, type Service, startService } from "../../service/service.ts";
import { runSweep } from "../../service/sweep.ts";
import { MAX_TIMER_MS } from "../../specs/duration.ts";
import { type ReadStore, type Store, StoreError, Unavailable, Unreadable } from "../../store/store.ts";
import { CommandError, UsageError } from "../program/failure.ts";
import { describeInvocation } from "../program/invocation.ts";
import type { Io } from "../program/io.ts";
import { openLog } from "../program/log.ts";
import { VERSION } from "../program/version.ts";
import { openExpectedFile } from "../settings/expected-hosts.ts";
import {
  readCorsOrigins,
  readHistorySettings,
  readKeepAlive,
  readWriteLimits,
} from "../settings/parsed-settings.ts";
import { readPublisherSecret } from "../settings/publisher-secret.ts";
import type { Flags } from "../settings/setting-list.ts";
import { readSettings, type Settings } from "../settings/settings.ts";
import { findStoreUrl, openStoresAt } from "../settings/target.ts";
import { openRecorder } from "./history-recorder.ts";
import { EVERY_ROLE, type IdentityFlags, readIdentityTrust } from "./identity-trust.ts";
import { openSignIn } from "./sign-in.ts";

export interface ServeOptions extends Flags, IdentityFlags {
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly behindProxy?: boolean;
  /** False for --no-history. */
  readonly history?: boolean;
}

/** Of the first reports so many are read at the start, to see whether this user may. */
const REPORTS_LOOKED_AT = 3;

/** When the process ends though not everything has: answers under way have 10 s of it. */
const STOP_LIMIT_MS = 15_000;

const DEFAULT_LISTEN = "127.0.0.1:8787";

/** Serves until the signal aborts, then lets running answers end. */
export async function runServe(options: ServeOptions, io: Io): Promise<void> {
  // From the first moment on: a reload that comes while the server starts must not end it.
  io.onHangUp(() => undefined);
  const settings = await readSettings(options, io);
  const listen = readListen(options, settings);
  const log = await openLog(settings.get("logLevel") ?? "info", io.stderr.isTerminal);
  const { store, alsoRead } = await openStoresAt(findStoreUrl(settings, io), settings, io);
  const identityTrust = await readIdentityTrust(options, store, io);
  for (const notice of describeDates(identityTrust?.certificates ?? [], io.clock())) log.warn(notice);
  if (identityTrust?.callers && options.identityRoles === undefined) log.warn(EVERY_ROLE);
  const service = await serveStore(
    { store, alsoRead, listen, settings, log, identityTrust, history: options.history, command: "serve" },
    io,
  );
  const also = alsoRead.length > 0 && { alsoRead: alsoRead.map(({ location }) => location) };
  log.info(
    { url: service.url, docs: `${service.url}/docs`, store: store.location, ...also, version: VERSION },
    `serving at ${service.url}`,
  );
  if (!service.hasKeys) {
    log.warn(`nobody has a key yet: rollcall keys create --store ${store.location} --scope read`);
  }
  if (listen.tls)
    void followCertificate(
      { renew: () => service.renewCertificate(), onHangUp: io.onHangUp, log, sleep },
      io.signal,
    );
  else
    io.onHangUp(() =>
      log.info("SIGHUP: there is no certificate to load anew; settings are read at the start"),
    );
  await untilAborted(io.signal);
  log.info("stopping");
  await service.stop();
}

interface ServeStoreOptions {
  readonly store: Store;
  readonly alsoRead?: readonly ReadStore[];
  readonly listen: ListenOptions;
  readonly settings: Settings;
  readonly log: Logger;
  readonly identityTrust?: IdentityTrust | undefined;
  readonly history?: boolean | undefined;
  /** Which one starts it, for what it says of flags. */
  readonly command: "start" | "serve";
  /** Of a demo; see ServiceOptions. */
  readonly demoKey?: string | undefined;
}

/**
 * Starts the API with what the settings say, and the sweep beside it until the signal aborts.
 *
 * @throws CommandError if it cannot listen, or may not read the store
 */
export async function serveStore(
  serving: ServeStoreOptions,
  io: Io,
): Promise<Service & { readonly hasKeys: boolean }> {
  const { store, alsoRead = [], listen, settings, log, identityTrust, command, demoKey } = serving;
  const writeLimits = readWriteLimits(settings);
  const history = readHistorySettings(settings);
  const identities = await openSignIn(settings, log, io);
  const hasKeys = await checkRights(store, log);
  for (const one of alsoRead) await checkAlsoRead(one, log);
  const windowMs = settings.windowMs() ?? DEFAULT_WINDOW_MS;
  const labels = compileLabels(settings.labelRules);
  const expect = settings.get("expect");
  const readExpected = expect === undefined ? undefined : openExpectedFile(expect, io);
  try {
    const service = await startService({
      store,
      alsoRead,
      listen,
      windowMs,
      maxAgeMs: settings.maxAgeMs(),
      identityTrust,
      identities,
      writeLimits,
      corsOrigins: readCorsOrigins(settings),
      labels,
      readExpected,
      clock: io.clock,
      log,
      version: VERSION,
      page: await loadPage(),
      demoKey,
    });
    const sweeping = runSweep(
      { store, clock: io.clock, monotonic: () => uptime() * 1000, log, sleep },
      io.signal,
    );
    const { publishers } = settings;
    const { roll, clones, bounds } = service;
    const readSecret = (place: Parameters<ReadSecret>[0]) => readPublisherSecret(place, io);
    const surroundings = { clock: io.clock, log, random: Math.random, sleep };
    const publishing = runPublishSchedule(
      {
        publishers,
        roll,
        store,
        labels,
        windowMs,
        readExpected,
        clones,
        bounds,
        readSecret,
        ...surroundings,
      },
      io.signal,
    );
    const recording =
      serving.history === false || history.everyMs === undefined
        ? undefined
        : runRecording(
            {
              ...openRecorder(
                {
                  store,
                  roll,
                  settings,
                  history,
                  readExpected,
                  clones,
                  bounds,
                  onNotice: (notice, err) => log.warn({ err }, notice),
                },
                io,
              ),
              log,
              sleep,
            },
            io.signal,
          );
    const stop = async () => {
      await Promise.all([sweeping, publishing, recording]);
      await service.stop();
    };
    return {
      ...service,
      hasKeys,
      // A store that never answers must not keep the process from ending.
      stop: () => Promise.race([stop(), wait(STOP_LIMIT_MS, undefined, { ref: false })]),
    };
  } catch (error) {
    if (!(error instanceof ListenError)) throw error;
    const remedy = error.isTaken
      ? `; choose another: ${describeInvocation(command, io.env)} --listen ${listen.host}:PORT`
      : "";
    throw new CommandError(`${error.message}${remedy}`);
  }
}

/**
 * Looks whether this user may read the store, so that it hears of it now and not with the first
 * question. A store that does not answer may in a moment; questions get 503 until then.
 *
 * @returns whether anybody has a key
 * @throws CommandError
 */
async function checkRights(store: Store, log: Logger): Promise<boolean> {
  try {
    const unreadable: Unreadable[] = [];
    const keys = await listKeys(store, (_, error) => unreadable.push(error));
    const [unread] = unreadable;
    if (keys.length === 0 && unread) throw unread;
    await checkReports(store);
    return keys.length > 0;
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    if (!(error instanceof Unavailable)) throw new CommandError(error.message);
    log.error({ err: error }, "the store does not answer; questions get 503 until it does");
    return true;
  }
}

/**
 * Hosts report to the other store, so that what is wrong with this one does not keep the server
 * from starting.
 */
async function checkAlsoRead(store: ReadStore, log: Logger): Promise<void> {
  try {
    for await (const _page of store.list("", { shallow: true })) break;
    await checkReports(store);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    log.error({ err: error }, `${store.location} cannot be read; questions get 503 until it can`);
  }
}

/** @throws Unreadable if none of the first reports may be read; whatever else the store throws */
async function checkReports(store: ReadStore): Promise<void> {
  for await (const page of store.list(REPORTS_PREFIX)) {
    const reads = page
      .slice(0, REPORTS_LOOKED_AT)
      .map(({ key }) => store.get(key, { maxBytes: MAX_REPORT_BYTES }));
    const outcomes = await Promise.allSettled(reads);
    const failures = outcomes.flatMap((one) =>
      one.status === "rejected" && one.reason instanceof Unreadable ? [one.reason] : [],
    );
    const [failure] = failures;
    if (failure && failures.length === reads.length) throw failure;
    return;
  }
}

/** The address, from --listen and its kin. @throws UsageError */
export function readListen(
  { tlsCert, tlsKey, behindProxy = false }: ServeOptions,
  settings: Settings,
): ListenOptions {
  const text = settings.get("listen") ?? DEFAULT_LISTEN;
  const address = parseListen(text);
  if (!address)
    throw new UsageError(`--listen ${JSON.stringify(text)} should be HOST:PORT, such as ${DEFAULT_LISTEN}`);
  if ((tlsCert === undefined) !== (tlsKey === undefined))
    throw new UsageError("--tls-cert and --tls-key go together");
  const tls =
    tlsCert !== undefined && tlsKey !== undefined ? { certFile: tlsCert, keyFile: tlsKey } : undefined;
  return { ...address, tls, behindProxy, keepAliveMs: readKeepAlive(settings) };
}

/** Waits; ends early, without an error, when the signal aborts. */
function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return wait(Math.min(ms, MAX_TIMER_MS), undefined, { signal, ref: false }).catch(() => undefined);
}

/** Resolves when the signal aborts. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
