// Races of two servers on one store: whoever asked either of them gets, soon after, the last report
// that either acknowledged.
import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { makeBucket } from "../../s3/bucket.ts";
import { startFaultProxy } from "../../s3/fault-proxy.ts";
import { type Arena, runLanes, type Server } from "./arena.ts";
import type { Attack } from "./attack.ts";
import { enlistHosts, makeReport, putReport } from "./fleet.ts";
import { pick } from "./mutation.ts";

const WRITERS = 6;
/** Within this both servers show the last that was written; ms. A view stands for some seconds. */
const SETTLED_MS = 30_000;

async function race(arena: Arena, store: string): Promise<void> {
  const keys = {
    ingest: await arena.makeKey("ingest", [], store),
    read: await arena.makeKey("read", [], store),
  };
  const servers = [await arena.serve({ store }), await arena.serve({ store })];
  const last = new Map<string, number>();
  let turn = 0;
  let isOver = false;
  const readers = servers.map(async ({ url }) => {
    while (!isOver) {
      const { status } = await arena.ask(`${url}/v1/reports`, { key: keys.read });
      if (status !== 200) arena.wrong(`the roll was answered ${status}`);
      await wait(200);
    }
  });
  await runLanes(WRITERS, async (lane) => {
    while (arena.goOn()) {
      const id = `r-${lane}-${Math.floor(arena.random() * 10)}`;
      const own = ++turn;
      const status = await putReport(
        arena,
        pick(servers, arena.random),
        keys.ingest,
        makeReport(id, { turn: own }),
      );
      if (status === 200) last.set(id, own);
      else if (status >= 500 || status === 0) arena.wrong(`a report was answered ${status}`);
    }
  });
  isOver = true;
  await Promise.all(readers);
  for (const server of servers) await expectLast(arena, server, keys.read, last);
}

async function expectLast(
  arena: Arena,
  { url }: Server,
  key: string,
  last: ReadonlyMap<string, number>,
): Promise<void> {
  const began = performance.now();
  for (;;) {
    const { body } = await arena.ask(`${url}/v1/reports`, { key });
    const found = new Map(
      (JSON.parse(body.toString()) as { instance_id: string; turn: number }[]).map((one) => [
        one.instance_id,
        one.turn,
      ]),
    );
    const stale = [...last].filter(([id, turn]) => found.get(id) !== turn);
    if (stale.length === 0) return arena.count("hosts as they were last written", last.size);
    if (performance.now() - began > SETTLED_MS)
      return arena.wrong(`not as last written: ${JSON.stringify(stale.slice(0, 5))}`);
    await wait(500);
  }
}

export const folderRaces: Attack = {
  name: "races",
  summary: "two servers on one folder",
  few: 120,
  run: (arena) => race(arena, "file:store"),
};

export const bucketRaces: Attack = {
  name: "races-s3",
  summary: "two servers on one bucket",
  needsS3: true,
  few: 60,
  async run(arena) {
    const bucket = `races-${randomUUID()}`;
    await makeBucket(arena.s3, bucket);
    await race(arena, `s3://${bucket}?endpoint=${arena.s3.endpoint}&region=us-east-1`);
  },
};

/** One of eight requests goes wrong, in every way but standing still. */
const RATES = {
  slowDown: 0.04,
  internalError: 0.02,
  resetBefore: 0.02,
  resetAfter: 0.01,
  cutBody: 0.02,
  cutListing: 0.05,
};

export const bucketFaults: Attack = {
  name: "faults-s3",
  summary: "reads of a bucket through a line with faults",
  needsS3: true,
  few: 15,
  async run(arena) {
    const bucket = `faults-${randomUUID()}`;
    await makeBucket(arena.s3, bucket);
    const store = `s3://${bucket}?endpoint=${arena.s3.endpoint}&region=us-east-1`;
    const keys = {
      ingest: await arena.makeKey("ingest", [], store),
      read: await arena.makeKey("read", [], store),
    };
    const fleet = await enlistHosts(arena, await arena.serve({ store, isWatched: false }), keys);
    const proxy = await startFaultProxy({ target: arena.s3.endpoint, random: arena.random, rates: RATES });
    try {
      const server = await arena.serve({
        store: `s3://${bucket}?endpoint=${proxy.endpoint}&region=us-east-1`,
      });
      while (arena.goOn()) {
        await fleet.check(server, "through faults", false);
        await putReport(arena, server, keys.ingest, makeReport("m-1", { turn: arena.random() }));
        await wait(200);
      }
      arena.count(
        "faults",
        Object.values(proxy.counts).reduce((sum, count) => sum + count, 0),
      );
    } finally {
      await proxy.stop();
    }
  },
};
