// The demo fleet: plausible hosts, so that a newcomer has something to ask about. It only ever
// lives in a memory store.

import type { Clock } from "../report/clock.ts";
import { formatReportKey } from "../report/key.ts";
import { formatLocal, formatUpdateDate } from "../report/update-date.ts";
import { memoryStore } from "../store/memory.ts";
import type { Store } from "../store/store.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** How often a demo host reports; ms. */
const REPORT_EVERY_MS = HOUR;

const SERVICES = [
  {
    name: "service1",
    account: "111122223333",
    region: "ap-northeast-1",
    type: "g4dn.2xlarge",
    modules: ["A", "B"],
    app: "1.2.3",
    behind: "1.2.2",
  },
  {
    name: "service2",
    account: "111122223333",
    region: "ap-northeast-1",
    type: "g5.xlarge",
    modules: ["A", "C"],
    app: "2.10.0",
    behind: "2.9.4",
  },
  {
    name: "service3",
    account: "444455556666",
    region: "us-west-2",
    type: "g6.12xlarge",
    modules: ["B", "C", "D"],
    app: "0.9.7",
    behind: "0.9.6",
  },
] as const;

/** Newest version, and the one before it, of each module by colour. */
const VERSIONS = {
  A: { red: ["1.10", "1.9"], blue: ["2.0.1", "1.8.5"] },
  B: { red: ["1.8.5", "1.8.4"], blue: ["1.8.5", "1.8.2"] },
  C: { green: ["3.1", "3.0"], blue: ["3.1", "2.7"] },
  D: { red: ["0.4.0", "0.3.9"], green: ["0.4.1", "0.4.0"] },
} as const;

type Service = (typeof SERVICES)[number];

/** What the collector processes says of a process (docs/collectors/processes.md). */
type ProcessState = "running" | "restart_pending" | "not_running" | "unknown";

interface DemoProcess {
  /** Module to colour. */
  readonly modules: ReadonlyArray<readonly [string, string]>;
  state: ProcessState;
  startedAt: number;
  /** Where it is restart_pending: when its configuration was changed. */
  changedAt: number;
}

/** How often a process is in each state; all others run. */
const SHARES: ReadonlyArray<readonly [ProcessState, number]> = [
  ["restart_pending", 0.04],
  ["not_running", 0.015],
  ["unknown", 0.015],
];

/** As an agent says it (src/collect/process-uncertainty.ts). */
const UNKNOWN_REASON =
  "process 812 (app) names this file, but not as match says: write match as its command line has it";

/** One host of the demo. */
interface DemoHost {
  readonly id: string;
  readonly name: string;
  readonly service: Service;
  readonly lifeCycle: "spot" | "ondemand";
  readonly startedAt: number;
  readonly processes: readonly DemoProcess[];
  /** ms by which its clock is ahead. */
  readonly skew: number;
  readonly isSilent: boolean;
  isBehind: boolean;
  reportedAt: number;
}

export interface DemoFleet {
  readonly store: Store;
  /**
   * Lets the hosts whose hour has come report again; those behind may have updated. Call it every
   * few seconds.
   */
  step(): Promise<void>;
}

/**
 * Makes a store with `count` hosts: three services in two accounts, production and staging, spot
 * and on demand; some silent, some behind a version, one with a clock a day ahead, and one whose
 * report was cut short.
 */
export async function createDemoFleet({
  count,
  clock,
  version,
}: {
  count: number;
  clock: Clock;
  version: string;
}): Promise<DemoFleet> {
  const random = seedRandom(20231212);
  // Of its own, so that what else the fleet has stays as it was.
  const stateRandom = seedRandom(20231213);
  const start = clock();
  let receiveAt: number | undefined;
  const store = memoryStore({ clock: () => receiveAt ?? clock() });
  const hosts = Array.from({ length: count }, (_, index) =>
    makeHost(index, count, start, { random, stateRandom }),
  );

  async function report(host: DemoHost, at: number, cutShort = false): Promise<void> {
    const body = Buffer.from(writeReport(host, at, version));
    receiveAt = at;
    try {
      await store.put(
        formatReportKey(`AROADEMOROLE:${host.id}`, host.service.account),
        cutShort ? body.subarray(0, body.length / 2) : body,
      );
    } finally {
      receiveAt = undefined;
    }
    host.reportedAt = at;
  }

  for (const [index, host] of hosts.entries())
    await report(host, host.reportedAt, count >= 20 && index === 7);

  return {
    store,
    async step() {
      const now = clock();
      for (const host of hosts) {
        if (host.isSilent || now - host.reportedAt < REPORT_EVERY_MS) continue;
        restartSome(host, now, stateRandom);
        if (random() < 0.5) update(host, now);
        await report(host, now);
      }
    },
  };
}

function makeHost(
  index: number,
  count: number,
  now: number,
  { random, stateRandom }: { readonly random: () => number; readonly stateRandom: () => number },
): DemoHost {
  const service = pick(SERVICES, random());
  const environment = random() < 0.75 ? "prod" : "stg";
  const isSilent = random() < 0.03;
  const host = {
    id: `i-0${Array.from({ length: 16 }, () => Math.floor(random() * 16).toString(16)).join("")}`,
    name: `${environment}_${service.name}_instance${String(index + 1).padStart(Math.max(3, String(count).length), "0")}`,
    service,
    lifeCycle: random() < 0.6 ? ("spot" as const) : ("ondemand" as const),
    startedAt: now - HOUR - Math.floor(random() * 20 * 24 * HOUR),
    processes: Array.from({ length: 1 + Math.floor(random() * 3) }, () =>
      service.modules.map((module) => [module, pick(Object.keys(VERSIONS[module]), random())] as const),
    ),
    skew: index === 3 ? 24 * HOUR : Math.floor(random() * 2000) - 1000,
    isSilent,
    isBehind: random() < 0.12,
    reportedAt:
      now - (isSilent ? 3 * HOUR + Math.floor(random() * 17 * HOUR) : Math.floor(random() * REPORT_EVERY_MS)),
  };
  const { startedAt, reportedAt } = host;
  const processes = host.processes.map((modules): DemoProcess => {
    const state = drawState(stateRandom());
    const changedAt = reportedAt - Math.floor(stateRandom() * 0.5 * HOUR);
    return { modules, state, startedAt: startedAt + MINUTE, changedAt };
  });
  return { ...host, processes };
}

/** Who runs with an older configuration may have been restarted. */
function restartSome({ processes }: DemoHost, now: number, random: () => number): void {
  for (const process of processes)
    if (process.state === "restart_pending" && random() < 0.5)
      Object.assign(process, { state: "running", startedAt: now - MINUTE });
}

/**
 * Of a host that is behind, the newest is put onto the disk; its first process waits for a restart.
 */
function update(host: DemoHost, now: number): void {
  const [first] = host.processes;
  if (host.isBehind && first?.state === "running")
    Object.assign(first, { state: "restart_pending", changedAt: now - MINUTE });
  host.isBehind = false;
}

function drawState(share: number): ProcessState {
  let from = 0;
  for (const [state, width] of SHARES) {
    from += width;
    if (share < from) return state;
  }
  return "running";
}

/** In the form and order in which the agent writes it. */
function describeState({ state, startedAt, changedAt }: DemoProcess, index: number): object {
  return {
    state,
    ...((state === "running" || state === "restart_pending") && { started_at: formatLocal(startedAt) }),
    ...(state === "unknown" && { reason: UNKNOWN_REASON }),
    ...(state === "restart_pending" && {
      changed: [
        { what: "file", path: `/opt/app/conf/process${index + 1}.conf`, since: formatUpdateDate(changedAt) },
      ],
    }),
  };
}

function writeReport(host: DemoHost, at: number, version: string): string {
  const { service, isBehind } = host;
  return JSON.stringify({
    update_date: formatUpdateDate(at + host.skew),
    os_start_date: formatLocal(host.startedAt),
    instance_id: host.id,
    instance_name: host.name,
    instance_type: service.type,
    instance_life_cycle: host.lifeCycle,
    app_version: isBehind ? service.behind : service.app,
    processes: host.processes.map((process, index) => ({
      ...Object.fromEntries(
        process.modules.map(([module, colour]) => [
          `module_${module}_filename`,
          `${module}_${colour}_${findVersion(module, colour, isBehind)}`,
        ]),
      ),
      ...describeState(process, index),
    })),
    rollcall: { schema: 1, agent: version, account: service.account, region: service.region },
  });
}

function findVersion(module: string, colour: string, isBehind: boolean): string {
  const versions: Readonly<Record<string, readonly [string, string]>> | undefined =
    VERSIONS[module as keyof typeof VERSIONS];
  return versions?.[colour]?.[isBehind ? 1 : 0] ?? "0";
}

function pick<T>(items: readonly T[], share: number): T {
  return items[Math.floor(share * items.length)] as T;
}

/**
 * Mulberry32: the same fleet at every start, so that a screenshot or a lesson can be repeated. Not
 * for secrets.
 */
function seedRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
