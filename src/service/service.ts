// What serve and start share: a running API over an open store.

import type { Logger } from "pino";
import { type Clones, createClones } from "../access/clones.ts";
import type { IdentityTrust } from "../access/identity.ts";
import { createKeyUses } from "../access/key-uses.ts";
import { createKeyring, type Keyring } from "../access/keyring.ts";
import type { SignedIdentities } from "../access/signed-identity.ts";
import { createWriteBounds, type WriteBounds } from "../access/write-bounds.ts";
import { USUAL_WRITE_LIMITS, type WriteLimits } from "../access/write-limits.ts";
import { createApp } from "../api/app.ts";
import { createHotAnswers } from "../api/hot-answers.ts";
import type { Page } from "../api/page-files.ts";
import { createRoutes } from "../api/routes.ts";
import { type ListenOptions, startServer } from "../api/server.ts";
import { createHistory } from "../history/history.ts";
import { isLoopback } from "../network/loopback.ts";
import type { Labels } from "../questions/labels.ts";
import { createPast } from "../questions/past-sources.ts";
import type { Clock } from "../report/clock.ts";
import { createRoll, type Roll } from "../roll/roll.ts";
import type { ReadStore, Store } from "../store/store.ts";

/** How long a question may wait for the store; below the 29 s after which API Gateway gives up. */
const DEADLINE_MS = 25_000;

/** How long running answers have after SIGTERM; ms. */
const STOP_GRACE_MS = 10_000;

export interface ServiceOptions {
  readonly store: Store;
  /** Those that are read beside it. */
  readonly alsoRead?: readonly ReadStore[];
  readonly listen: ListenOptions;
  readonly windowMs: number;
  /** How old the listing behind an answer may be; ms. */
  readonly maxAgeMs: number | undefined;
  /** Whether and whom EC2's word for an instance's id is taken for proof. */
  readonly identityTrust?: IdentityTrust | undefined;
  /** Who may sign in; undefined where keys alone count. */
  readonly identities?: SignedIdentities | undefined;
  /** What one key may write; as usual where nothing is said. */
  readonly writeLimits?: WriteLimits;
  /** The origins whose web pages may read answers, or `*` for all. */
  readonly corsOrigins?: readonly string[];
  readonly labels: Labels;
  /** The ids of the hosts that should report, where somebody has said. */
  readonly readExpected?: (() => Promise<ReadonlySet<string>>) | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  readonly version: string;
  /** The page for people; undefined where none is served. */
  readonly page?: Page | undefined;
  /** Of a demo: its page gets this key by itself, over loopback. */
  readonly demoKey?: string | undefined;
}

export interface Service {
  /** `http://127.0.0.1:8787` */
  readonly url: string;
  readonly roll: Roll;
  readonly keyring: Keyring;
  /** What it refused at its door, which its answers count. */
  readonly clones: Clones;
  readonly bounds: WriteBounds;
  /** As RunningServer's. */
  renewCertificate(): Promise<boolean>;
  /** Lets running answers end, then closes the store. */
  stop(): Promise<void>;
}

/** Starts the API. @throws ListenError */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { store, listen, windowMs, maxAgeMs, identityTrust, labels, readExpected, clock, log, version } =
    options;
  const { alsoRead = [], identities } = options;
  const roll = createRoll({
    store,
    alsoRead,
    clock,
    snapshot: "keep",
    onNotice: (notice, err) => log.warn({ err }, notice),
    ...(maxAgeMs === undefined ? {} : { maxAgeMs }),
  });
  const warn = (notice: string, err?: unknown) => log.warn({ err }, notice);
  const keyUses = createKeyUses({ store, clock, onNotice: warn });
  const keyring = createKeyring({ store, clock, onNotice: warn, onUse: keyUses.note });
  const hotAnswers = createHotAnswers({ roll, keyring, log });
  const clones = createClones({ clock });
  const bounds = createWriteBounds({
    limits: options.writeLimits ?? USUAL_WRITE_LIMITS,
    clock,
    onNotice: (notice) => log.warn(notice),
  });
  const services = {
    store,
    roll,
    past: createPast(createHistory({ store, clock })),
    keyring,
    identities,
    hotAnswers,
    clones,
    bounds,
    identityTrust,
    labels,
    readExpected,
    clock,
    log,
    version,
    windowMs,
    page: options.page,
    corsOrigins: options.corsOrigins,
    behindProxy: listen.behindProxy ?? false,
  };
  const isAlone = isLoopback(listen.host) && !services.behindProxy;
  const demoKey = isAlone ? options.demoKey : undefined;
  const app = createApp({ ...services, deadlineMs: DEADLINE_MS }, createRoutes({ demoKey }));
  const server = await startServer(app, { ...listen, hotAnswers });
  return {
    url: server.url,
    roll,
    keyring,
    clones,
    bounds,
    renewCertificate: () => server.renewCertificate(),
    async stop() {
      await server.stop(STOP_GRACE_MS);
      await keyUses.settle();
      await roll.close();
      for (const one of [store, ...alsoRead]) await one.close?.();
    },
  };
}

/**
 * Reads an address such as `127.0.0.1:8787`, `[::1]:8787` or `:8787`, which is loopback.
 *
 * @returns undefined if it is none
 */
export function parseListen(text: string): { host: string; port: number } | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (!match || port > 65_535) return undefined;
  return { host: match[1] ?? (match[2] || "127.0.0.1"), port };
}
