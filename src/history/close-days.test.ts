// Closing days, and reading what was closed as if it had not been.
import { expect, test } from "vitest";
import type { Store } from "../store/store.ts";
import { askDuckDB } from "../testing/duckdb.ts";
import { gather, MINUTE, makeHistoryLab, writeArray } from "../testing/history-lab.ts";
import { makeFolder } from "../testing/temporary-folder.ts";
import { closeDays } from "./close-days.ts";
import { isUntold } from "./recorded.ts";
import { removeEntries } from "./remove-entries.ts";

const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const describeHost = () => ({ instanceName: "name", labels: { env: "prod" } });

/** Records some days: an entry each few hours, with hosts that change, come and go. */
async function recordDays(days: number, perDay = 6) {
  const lab = makeHistoryLab();
  const recorder = lab.addRecorder({ everyMs: DAY / perDay, describeHost });
  const live: { at: number; array: string }[] = [];
  for (let step = 0; step < days * perDay; step++) {
    for (let host = 0; host < 12; host++)
      if ((host + step) % 3 === 0 || step === 0)
        await lab.putReport(`i-${host}`, { app_version: `1.${Math.floor((host + step) / 9)}` });
    if (step % 5 === 4) await lab.inner.delete("reports/v1/local/i-3.json");
    await recorder.record();
    const view = await lab.roll.view();
    live.push({ at: view.asOf, array: await writeArray(view) });
    lab.advance(DAY / perDay);
  }
  await recorder.record();
  return { ...lab, lab, live, recorder };
}

type Recorded = Awaited<ReturnType<typeof recordDays>>;

/** All that history tells, whatever it is read from. */
async function tellAll({ lab, live }: Pick<Recorded, "lab" | "live">) {
  const history = lab.history();
  const span = { since: 0, until: lab.clock() };
  const views = [];
  for await (const told of history.viewsAt(live.map(({ at }) => at)))
    views.push(
      isUntold(told) ? told : { number: told.number, array: await writeArray(told.view), facts: told.facts },
    );
  const { bytes: _, ...status } = await history.status();
  return {
    views,
    changes: await gather(history.readChanges(span)),
    receipts: await gather(history.readReceipts(span)),
    status,
  };
}

test("closed days tell what the log told, before and after its entries are removed", async () => {
  const recorded = await recordDays(6);
  const { store, live, lab } = recorded;
  const before = await tellAll(recorded);
  expect(before.views.map((view) => ("array" in view ? view.array : view))).toEqual(
    live.map(({ array }) => array),
  );
  expect(before.changes.flatMap(({ changes }) => changes).length).toBeGreaterThan(20);
  const days = await closeDays({ store, describeHost });
  expect(days).toBeGreaterThanOrEqual(6);
  expect(await closeDays({ store, describeHost })).toBe(0);
  expect(await tellAll(recorded)).toEqual(before);
  expect(await removeEntries(store)).toEqual([]);
  const left = (await lab.listHistory()).filter((key) => key.startsWith("history/v1/log/"));
  expect(left.length).toBeLessThan(live.length / 2);
  expect(await tellAll(recorded)).toEqual(before);
  expect(await lab.history().viewAt((live[3]?.at ?? 0) + MINUTE)).toMatchObject({ number: 4 });
});

test("recording goes on over what was closed and removed", async () => {
  const { lab, store, recorder } = await recordDays(5);
  await closeDays({ store, describeHost });
  await removeEntries(store);
  const numberBefore = (await lab.history().status()).entries;
  lab.advance(4 * HOUR);
  await lab.putReport("i-99");
  expect(await lab.addRecorder({ everyMs: 4 * HOUR }).record()).toMatchObject({ number: numberBefore + 1 });
  lab.advance(HOUR);
  expect(await recorder.record()).toMatchObject({ kind: "unchanged" });
});

/** A store that stops at one of its writes: before it, or after it was carried out. */
function breakAt(store: Store, write: number, isDone: boolean): Store {
  let writes = 0;
  const guard = async <T>(work: () => Promise<T>): Promise<T> => {
    if (writes++ !== write) return await work();
    if (isDone) await work();
    throw new Error("the store is away");
  };
  return {
    ...store,
    put: (key, body, options) => guard(() => store.put(key, body, options)),
    delete: (key) => guard(() => store.delete(key)),
  };
}

test("stopped at any write, a day is whole or not closed, and the next one goes on", async () => {
  const plain = await recordDays(3, 3);
  const before = await tellAll(plain);
  const copy = async () => {
    const kept = new Map<string, Buffer>();
    for (const key of await plain.lab.listHistory())
      kept.set(key, (await plain.store.get(key, { maxBytes: 1e9 }))?.body as Buffer);
    return kept;
  };
  const start = await copy();
  const restore = async () => {
    for (const key of await plain.lab.listHistory()) if (!start.has(key)) await plain.store.delete(key);
    for (const [key, body] of start) await plain.store.put(key, body);
  };
  await closeDays({ store: plain.store, describeHost });
  await removeEntries(plain.store);
  const done = await copy();
  for (let write = 0; ; write++) {
    let isStopped = false;
    for (const isDone of [false, true]) {
      await restore();
      const broken = breakAt(plain.store, write, isDone);
      try {
        await closeDays({ store: broken, describeHost });
        await removeEntries(broken);
      } catch {
        isStopped = true;
      }
      expect(await tellAll(plain)).toEqual(before);
      await closeDays({ store: plain.store, describeHost });
      await removeEntries(plain.store);
      expect(await copy()).toEqual(done);
    }
    if (!isStopped) break;
  }
});

test("two closers with other rules for labels leave days that are whole", async () => {
  const recorded = await recordDays(3);
  const before = await tellAll(recorded);
  const others = [1, 2, 3].map((number) => () => ({ instanceName: null, labels: { rule: String(number) } }));
  await Promise.allSettled(
    others.map((describe) => closeDays({ store: recorded.store, describeHost: describe })),
  );
  expect(await tellAll(recorded)).toEqual(before);
});

test("a day whose file is another than its mark names is closed again from its entries", async () => {
  const recorded = await recordDays(5);
  const { store, lab } = recorded;
  const before = await tellAll(recorded);
  await closeDays({ store, describeHost });
  const [rolls] = (await lab.listHistory()).filter((key) => key.startsWith("history/v1/rolls/"));
  await store.put(rolls as string, Buffer.from("something else"));
  const [first] = (await tellAll(recorded)).views;
  expect(first).toMatchObject({ untold: expect.stringContaining("is not as it was written") });
  expect(await removeEntries(store)).toEqual([expect.stringContaining("is not as it was written")]);
  await closeDays({ store, describeHost });
  expect(await tellAll(recorded)).toEqual(before);
});

test("DuckDB reads each change and each report once", async () => {
  const recorded = await recordDays(3);
  const { store, lab } = recorded;
  const { changes } = await tellAll(recorded);
  await closeDays({ store, describeHost });
  const files: Record<string, Buffer> = {};
  for (const key of await lab.listHistory())
    if (key.endsWith(".parquet")) files[key] = (await store.get(key, { maxBytes: 1e9 }))?.body as Buffer;
  const folder = `${await makeFolder(files)}/history/v1`;
  const [last] = changes.slice(-1);
  const closed = changes.filter(({ at }) => Math.floor(at / DAY) < Math.floor((last?.at ?? 0) / DAY));
  const rows = await askDuckDB(
    `select strftime(dt::date, '%Y-%m-%d') as dt, epoch_ms("at") as ms, host, kind, field, before, after
     from read_parquet('${folder}/changes/*/*.parquet', hive_partitioning = true) order by entry`,
  );
  expect(rows.map(({ host, kind, field, before, after }) => ({ host, kind, field, before, after }))).toEqual(
    closed.flatMap((entry) =>
      entry.changes.map(({ host, kind, field, before, after }) => ({ host, kind, field, before, after })),
    ),
  );
  for (const { dt, ms } of rows) expect(dt).toBe(new Date(Number(ms)).toISOString().slice(0, 10));
  const [count] = await askDuckDB(
    `select count(*) as n, count(distinct dt) as days from read_parquet('${folder}/rolls/*/*.parquet', hive_partitioning = true)
     where whole and json_valid(report)`,
  );
  expect(Number(count?.days)).toBeGreaterThanOrEqual(3);
});
