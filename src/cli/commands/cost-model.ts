// What a month costs on S3: runs the reader over a simulated fleet for a virtual hour, counts the
// requests, and multiplies.

import { createKeyring } from "../../access/keyring.ts";
import { createKey } from "../../access/keys.ts";
import { HEARTBEAT_MS } from "../../agent/schedule.ts";
import { lookForSpecs } from "../../agent/spec-looks.ts";
import { fetchFromStore } from "../../remote/published-spec.ts";
import { createRoll } from "../../roll/roll.ts";
import { MAX_EDITION_BYTES } from "../../specs/edition.ts";
import { type RequestCounts, withCounts, zeroCounts } from "../../store/counting.ts";
import { SNAPSHOTS_PREFIX } from "../../store/layout.ts";
import { memoryStore } from "../../store/memory.ts";
import { createFleet } from "./cost-fleet.ts";
import { PRICES, type Region } from "./cost-prices.ts";

/** AWS's own calculator counts a month as so many. */
export const HOURS_A_MONTH = 730;

/** A usual report; the demo fleet's are of this size. Bytes. */
export const REPORT_BYTES = 650;

const GB = 2 ** 30;

/** Entries listed in one simulation: a refresh of a million hosts takes seconds. */
const MAX_SIMULATED_ENTRIES = 3_000_000;

/** The snapshot is written every five minutes at most (docs/serve.md). */
const SAVES_AN_HOUR = 12;

/** Where the virtual clock begins; any time would do. */
const BEGINNING = Date.UTC(2024, 0, 1);

/** Puts between two looks at whether Ctrl-C was pressed. */
const PUTS_BETWEEN_LOOKS = 100_000;

export interface CostOptions {
  readonly hosts: number;
  /** Questions an hour; each refreshes the roll, since they are more than a second apart. */
  readonly questions: number;
  /** Changes a day for each host. */
  readonly changes: number;
  readonly region: Region;
  /**
   * Whether the same hosts report to another bucket too, which is read beside. What they put there
   * is not counted, as it is put without Rollcall too.
   */
  readonly alsoRead?: boolean;
  /** Whether the hosts follow published specs. */
  readonly publishedSpecs?: boolean;
  readonly signal: AbortSignal;
  /** Told of what is done now, for people. */
  readonly onProgress: (text: string) => Promise<void>;
  /**
   * Entries listed at most, or about; a fleet of more is asked fewer questions, and LIST is
   * multiplied.
   */
  readonly maxEntries?: number;
}

/** A sum in dollars and what it is for. */
interface Item {
  readonly requests: number;
  readonly usd: number;
}

export interface Cost {
  readonly hosts: number;
  readonly counted: {
    /** A server's first look at the store. */
    readonly start: RequestCounts;
    /** The virtual hour after it. */
    readonly hour: RequestCounts;
    /**
     * Questions asked in that hour. If fewer than were wanted, LIST, and the GET of the API key,
     * are multiplied by what is missing.
     */
    readonly questions: number;
    /** What one host asks of published specs in a month; undefined where it follows none. */
    readonly specLooks?: RequestCounts;
  };
  /** The start once, and the hour 730 times. */
  readonly month: {
    readonly put: Item;
    readonly list: Item;
    readonly get: Item;
    readonly storage: { readonly bytes: number; readonly usd: number };
  };
  readonly usd: number;
  readonly largest: "put" | "list" | "get" | "storage";
}

/** Counts and computes. */
export async function computeCost(options: CostOptions): Promise<Cost> {
  const { hosts, questions, region } = options;
  const { start, hour, asking, saving, asked } = await simulate(options);
  const prices = PRICES[region];
  // What hosts write, and what is read of it, is not more where more is asked; what each question
  // costs by itself is.
  const scale = asked === 0 ? 0 : questions / asked;
  const specLooks = options.publishedSpecs ? await countSpecLooks() : undefined;
  const savingScale = asked === 0 ? 0 : Math.min(questions, SAVES_AN_HOUR) / Math.min(asked, SAVES_AN_HOUR);
  const item = (name: keyof RequestCounts): Item => {
    const requests = Math.round(
      start[name] +
        HOURS_A_MONTH * (hour[name] + asking[name] * (scale - 1) + saving[name] * (savingScale - 1)) +
        hosts * (specLooks?.[name] ?? 0),
    );
    return { requests, usd: (requests / 1000) * prices[name] };
  };
  const bytes = hosts * REPORT_BYTES;
  const month = {
    put: item("put"),
    list: item("list"),
    get: item("get"),
    storage: { bytes, usd: (bytes / GB) * prices.storage },
  };
  const parts = (["put", "list", "get", "storage"] as const).map((name) => ({ name, usd: month[name].usd }));
  const largest = parts.reduce((most, part) => (part.usd > most.usd ? part : most)).name;
  const usd = parts.reduce((sum, part) => sum + part.usd, 0);
  const counted = { start, hour, questions: asked, ...(specLooks && { specLooks }) };
  return { hosts, counted, month, usd, largest };
}

/** The agent's own loop over a store, for one host and a virtual month in which nothing is new. */
async function countSpecLooks(): Promise<RequestCounts> {
  let now = BEGINNING;
  const counts = zeroCounts();
  const store = withCounts(memoryStore({ clock: () => now }), () => counts);
  const fetch = fetchFromStore(store, () => undefined);
  const ending = new AbortController();
  await lookForSpecs(
    {
      look: async () => (await fetch("i-0", MAX_EDITION_BYTES)) !== undefined,
      onChange: () => undefined,
      onError: (error) => {
        throw error;
      },
      monotonic: () => now,
      random: () => 0.5,
      sleep: async (ms) => {
        now += ms;
        if (now > BEGINNING + HOURS_A_MONTH * 3_600_000) ending.abort();
      },
    },
    ending.signal,
  );
  return counts;
}

interface Simulated {
  readonly start: RequestCounts;
  readonly hour: RequestCounts;
  /**
   * What of the hour grows with the number of questions: listings, and the checks of the API key.
   */
  readonly asking: RequestCounts;
  /**
   * What of the hour is the snapshot's: it is written after a question, at most every five minutes.
   * Listed it is once an hour in any case.
   */
  readonly saving: RequestCounts;
  readonly asked: number;
}

/**
 * One server, from its start, for an hour in which each host reports once, some change, and
 * questions come at even distances.
 */
async function simulate({
  hosts,
  questions,
  changes,
  alsoRead = false,
  signal,
  onProgress,
  maxEntries = MAX_SIMULATED_ENTRIES,
}: CostOptions): Promise<Simulated> {
  let now = BEGINNING;
  const clock = (): number => now;
  const reportedAt = (host: number) => BEGINNING + ((host + 1) / hosts - 1) * HEARTBEAT_MS;
  const fleet = createFleet({ hosts, clock, reportedAt });
  const old = alsoRead ? createFleet({ hosts, clock, reportedAt, isAtTop: true }) : undefined;
  const { secret } = await createKey(fleet.store, { name: "people", scopes: ["read"] }, { clock });
  const counts = zeroCounts();
  const keyCounts = zeroCounts();
  const snapshotCounts = zeroCounts();
  const store = withCounts(fleet.store, (key) =>
    key.startsWith(SNAPSHOTS_PREFIX) ? snapshotCounts : counts,
  );
  const others = old ? [withCounts(old.store, () => counts)] : [];
  const roll = createRoll({ store, alsoRead: others, clock, snapshot: "keep" });
  const keyring = createKeyring({ store: withCounts(fleet.store, () => keyCounts), clock });
  const ask = async (): Promise<void> => {
    signal.throwIfAborted();
    await keyring.verify(secret);
    await roll.view();
    await roll.settle();
  };

  const asked = Math.min(questions, Math.max(1, Math.floor(maxEntries / hosts)));
  const changed = Math.round((hosts * changes) / 24);
  let beats = 0;
  let news = 0;
  /** Lets hosts report up to a share of the hour. */
  const report = async (share: number): Promise<void> => {
    for (; beats < Math.floor(hosts * share); beats++) {
      if (beats % PUTS_BETWEEN_LOOKS === 0) signal.throwIfAborted();
      await store.put(fleet.keyOf(beats), NOTHING);
      await old?.store.put(old.keyOf(beats), NOTHING);
    }
    // Those change whose hourly report is half an hour away, so that nothing is replaced before it
    // was read.
    for (; news < Math.floor(changed * share); news++) {
      const host = (Math.floor((news * hosts) / changed) + Math.floor(hosts / 2)) % hosts;
      await store.put(fleet.keyOf(host), NOTHING);
    }
  };

  if (asked > 0) {
    await onProgress(`${hosts} hosts: a server's start`);
    await ask();
  }
  const start = sum(counts, keyCounts, snapshotCounts);
  const startList = counts.list;
  const startKeys = { ...keyCounts };
  const startSnapshot = { ...snapshotCounts };
  for (let question = 1; question <= asked; question++) {
    await onProgress(`${hosts} hosts: question ${question} of ${asked}`);
    now = BEGINNING + (question / asked) * HEARTBEAT_MS;
    await report(question / asked);
    await ask();
  }
  now = BEGINNING + HEARTBEAT_MS;
  await report(1);
  const hour = difference(sum(counts, keyCounts, snapshotCounts), start);
  const asking = sum({ ...zeroCounts(), list: counts.list - startList }, difference(keyCounts, startKeys));
  return { start, hour, asking, saving: { ...difference(snapshotCounts, startSnapshot), list: 0 }, asked };
}

const NOTHING = Buffer.alloc(0);

function sum(...all: readonly RequestCounts[]): RequestCounts {
  return all.reduce(
    (a, b) => ({ put: a.put + b.put, get: a.get + b.get, list: a.list + b.list }),
    zeroCounts(),
  );
}

function difference(a: RequestCounts, b: RequestCounts): RequestCounts {
  return { put: a.put - b.put, get: a.get - b.get, list: a.list - b.list };
}
