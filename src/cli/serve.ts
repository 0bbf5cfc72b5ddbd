// rollcall serve: the API over a store.

import type { Logger } from "pino";
import { listKeys } from "../api/keys.ts";
import { ListenError, type ListenOptions } from "../api/server.ts";
import { DEFAULT_WINDOW_MS } from "../report/limits.ts";
import type { Store } from "../store/store.ts";
import { CommandError, UsageError } from "./failure.ts";
import type { Io } from "./io.ts";
import { openLog } from "./log.ts";
import { parseListen, type Service, startService } from "./service.ts";
import { type Flags, readSettings, type Settings } from "./settings.ts";
import { findStoreUrl, openStoreAt } from "./target.ts";
import { VERSION } from "./version.ts";

export interface ServeOptions extends Flags {
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly behindProxy?: boolean;
}

const DEFAULT_LISTEN = "127.0.0.1:8787";

/** Serves until the signal aborts, then lets running answers end. */
export async function runServe(options: ServeOptions, io: Io): Promise<void> {
  const settings = await readSettings(options, io);
  const listen = readListen(options, settings);
  const log = await openLog(settings.get("logLevel") ?? "info", io.stderr.isTerminal);
  const store = await openStoreAt(findStoreUrl(settings, io), io);
  const service = await serveStore({ store, listen, settings, log }, io);
  log.info(
    { url: service.url, docs: `${service.url}/docs`, store: store.location, version: VERSION },
    `serving at ${service.url}`,
  );
  if ((await listKeys(store)).length === 0) {
    log.warn(`nobody has a key yet: rollcall keys create --store ${store.location} --scope read`);
  }
  await untilAborted(io.signal);
  log.info("stopping");
  await service.stop();
}

/** Starts the API with what the settings say. @throws CommandError if it cannot listen */
export async function serveStore(
  { store, listen, settings, log }: { store: Store; listen: ListenOptions; settings: Settings; log: Logger },
  io: Io,
): Promise<Service> {
  const windowMs = settings.windowMs() ?? DEFAULT_WINDOW_MS;
  try {
    return await startService({ store, listen, windowMs, maxAgeMs: settings.maxAgeMs(), clock: io.clock, log, version: VERSION });
  } catch (error) {
    if (error instanceof ListenError) throw new CommandError(error.message);
    throw error;
  }
}

/** The address, from --listen and its kin. @throws UsageError */
export function readListen({ tlsCert, tlsKey, behindProxy = false }: ServeOptions, settings: Settings): ListenOptions {
  const text = settings.get("listen") ?? DEFAULT_LISTEN;
  const address = parseListen(text);
  if (!address) throw new UsageError(`--listen ${JSON.stringify(text)} should be HOST:PORT, such as ${DEFAULT_LISTEN}`);
  if ((tlsCert === undefined) !== (tlsKey === undefined)) throw new UsageError("--tls-cert and --tls-key go together");
  const tls = tlsCert !== undefined && tlsKey !== undefined ? { certFile: tlsCert, keyFile: tlsKey } : undefined;
  return { ...address, tls, behindProxy };
}

/** Resolves when the signal aborts. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
