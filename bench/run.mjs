// One measured process of the product: node bench/run.mjs WORK STORE [MORE]. Prints one line of
// JSON with what it took.
import { createWriteStream } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { makeGeneratedStore, putReports, range } from "./fleet.mjs";

const { createFieldReader, createRoll, openStore, parseQuery, selectReports, writeReports } = await import(
  "./.build/parts.mjs"
);
const SOURCES = { labels: new Map(), reader: createFieldReader() };

const clock = Date.now;
const [work, url, ...more] = process.argv.slice(2);

/** Runs something; gives its result, seconds of wall clock and of CPU. */
async function time(what) {
  const [startedAt, before] = [performance.now(), process.cpuUsage()];
  const result = await what();
  const { user, system } = process.cpuUsage(before);
  return { result, wall: (performance.now() - startedAt) / 1000, cpu: (user + system) / 1e6 };
}

async function answer(view, sink = () => undefined) {
  const query = parseQuery([]);
  const selection = await selectReports(view, query, SOURCES);
  let bytes = 0;
  for (const chunk of writeReports(selection, query, "json", view.asOf)) {
    bytes += chunk.length;
    sink(chunk);
  }
  return { count: selection.positions.length, bytes };
}

async function listAll(store) {
  let count = 0;
  for await (const page of store.list("reports/v1/")) count += page.length;
  return count;
}

const WORKS = {
  /** A new process reads everything. */
  async cold() {
    const store = await openStore(url, { clock });
    const { result, wall, cpu } = await time(() => createRoll({ store, clock }).view());
    return { count: result.reports.rowOf.length, wall, cpu };
  },

  /** Rounds of: 1% changes, the bare listing, a refresh. */
  async warm() {
    const [count, rounds] = more.map(Number);
    const store = await openStore(url, { clock });
    const roll = createRoll({ store, clock });
    await roll.view();
    const figures = [];
    for (let round = 0; round < rounds; round++) {
      await putReports(store, range(count, 100), `2.0.${round}-${Date.now()}`);
      await wait(2000);
      const list = await time(() => listAll(store));
      // A view rests for as long as its refresh took.
      await wait(4000 * Math.max(1, list.wall));
      const refresh = await time(() => roll.view());
      if (refresh.result.reports.rowOf.length !== list.result) throw new Error("the refresh lost reports");
      figures.push({ list: list.wall, refresh: refresh.wall, listCpu: list.cpu, refreshCpu: refresh.cpu });
    }
    return { figures };
  },

  /** Writes the snapshot; and the full answer, gzipped, as one object. */
  async save() {
    const { gzipSync } = await import("node:zlib");
    const store = await openStore(url, { clock });
    const roll = createRoll({
      store,
      clock,
      snapshot: "keep",
      onNotice: (...notice) => console.error(...notice),
    });
    const view = await roll.view();
    const chunks = [];
    const { count, bytes } = await answer(view, (chunk) => chunks.push(chunk));
    const body = gzipSync(Buffer.concat(chunks), { level: 1 });
    await store.put("peers/answer.json.gz", body);
    await roll.close();
    return { count, bytes, gzipped: body.length };
  },

  /**
   * A new process's first full answer. With a second argument, from a snapshot of at most that many
   * ms.
   */
  async first() {
    const store = await openStore(url, { clock });
    const maxAgeMs = more[0] ? Number(more[0]) : 1000;
    const roll = createRoll({ store, clock, snapshot: "use", maxAgeMs });
    const sink = createWriteStream("/dev/null");
    const { result, wall, cpu } = await time(async () =>
      answer(await roll.view(), (chunk) => sink.write(chunk)),
    );
    return { ...result, wall, cpu };
  },

  /** The peer of that: one object of the same size. */
  async oneObject() {
    const { gunzipSync } = await import("node:zlib");
    const store = await openStore(url, { clock });
    const sink = createWriteStream("/dev/null");
    const { result, wall, cpu } = await time(async () => {
      const found = await store.get("peers/answer.json.gz", { maxBytes: 2 ** 31 });
      const bytes = gunzipSync(found.body);
      sink.write(bytes);
      return bytes.length;
    });
    return { bytes: result, wall, cpu };
  },

  async list() {
    const store = await openStore(url, { clock });
    const { result, wall, cpu } = await time(() => listAll(store));
    return { count: result, wall, cpu };
  },

  /** The full array from memory against memcpy, and what the memory holds. */
  async memory() {
    const count = Number(url);
    const roll = createRoll({ store: makeGeneratedStore(count), clock });
    const view = await roll.view();
    const held = view.reports.segments.reduce((sum, { bodies }) => sum + bodies.length, 0);
    const rounds = [];
    const [from, to] = [Buffer.alloc(4 * 2 ** 20, 1), Buffer.alloc(4 * 2 ** 20)];
    for (let round = 0; round < Number(more[0] ?? 5); round++) {
      const query = parseQuery([]);
      const selection = await time(() => selectReports(view, query, SOURCES));
      const array = await time(async () => {
        let bytes = 0;
        for (const chunk of writeReports(selection.result, query, "json", view.asOf)) bytes += chunk.length;
        return { bytes };
      });
      const copy = await time(async () => {
        for (let left = array.result.bytes; left > 0; left -= from.length)
          from.copy(to, 0, 0, Math.min(left, from.length));
      });
      rounds.push({ select: selection.wall, array: array.wall, copy: copy.wall, bytes: array.result.bytes });
    }
    // What answers leave behind is collected when there is time; here it is made.
    const { rss: before } = process.memoryUsage();
    for (let turn = 0; turn < 3; turn++) {
      globalThis.gc?.();
      await wait(500);
    }
    return {
      held,
      before,
      rss: process.memoryUsage().rss,
      maxRss: process.resourceUsage().maxRSS * 1024,
      rounds,
    };
  },

  /** How cost grows: everything for one size. */
  async growth() {
    const store = await openStore(url, { clock });
    const count = Number(more[0]);
    const cold = await time(() => createRoll({ store, clock }).view());
    await putReports(store, range(count, 100), `3.0.${Date.now()}`);
    const roll = createRoll({ store, clock, snapshot: "keep" });
    await roll.view();
    await roll.close();
    const reader = createRoll({ store, clock, snapshot: "use" });
    const first = await time(async () => answer(await reader.view()));
    await putReports(store, range(count, 100), `3.1.${Date.now()}`);
    await wait(2000 + first.wall * 4000);
    const warm = await time(() => reader.view());
    const memory = await time(() => answer(warm.result));
    const list = await time(() => listAll(store));
    const seconds = {
      cold: cold.wall,
      first: first.wall,
      warm: warm.wall,
      memory: memory.wall,
      list: list.wall,
    };
    return { count: first.result.count, ...seconds, maxRss: process.resourceUsage().maxRSS * 1024 };
  },
};

const result = await WORKS[work]();
console.log(JSON.stringify(result));
process.exit(0);
