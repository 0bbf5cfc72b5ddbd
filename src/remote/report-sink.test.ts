// Tests of the key under which a host writes: on AWS the one that its session may write.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { memoryStore } from "../store/memory.ts";
import { openStore } from "../store/open.ts";
import type { Caller, Store } from "../store/store.ts";
import { makeHostDouble } from "../testing/host-double.ts";
import { createStoreSink } from "./report-sink.ts";

const HOST = makeHostDouble("/nowhere");

const ID = "i-0123456789abcdef0";
const REPORT = { id: ID, bytes: Buffer.from("{}"), digest: "" };
const SIGNAL = new AbortController().signal;

async function listKeys(caller?: () => Promise<Caller | undefined>): Promise<string[]> {
  const clock = () => 0;
  const store: Store = { ...memoryStore({ clock }), ...(caller && { identify: caller }) };
  const sink = createStoreSink(store, { clock, host: HOST, onNotice: () => undefined });
  await sink.send(REPORT, SIGNAL);
  await sink.leave(ID, "stopped", SIGNAL);
  const keys: string[] = [];
  for await (const page of store.list("")) keys.push(...page.map(({ key }) => key));
  return keys;
}

describe("a store's sink", () => {
  it("writes the key of an instance's session", async () => {
    const writer = `AROAEXAMPLE:${ID}`;
    expect(await listKeys(async () => ({ account: "123456789012", userId: writer }))).toEqual([
      `departures/v1/123456789012/${writer}.json`,
      `reports/v1/123456789012/${writer}.json`,
    ]);
  });

  it("writes the host's id for any other user, and where the store knows none", async () => {
    const own = [`departures/v1/123456789012/${ID}.json`, `reports/v1/123456789012/${ID}.json`];
    expect(await listKeys(async () => ({ account: "123456789012", userId: "AIDAEXAMPLE" }))).toEqual(own);
    expect(await listKeys(async () => ({ account: "123456789012", userId: "AROAEXAMPLE:somebody" }))).toEqual(
      own,
    );
    const local = [`departures/v1/local/${ID}.json`, `reports/v1/local/${ID}.json`];
    expect(await listKeys()).toEqual(local);
    expect(await listKeys(async () => undefined)).toEqual(local);
  });

  it("asks who it is until it hears, and then no more", async () => {
    let asked = 0;
    const store: Store = {
      ...memoryStore({ clock: () => 0 }),
      identify: async () => {
        if (++asked === 1) throw new Error("not now");
        return { account: "123456789012", userId: `X:${ID}` };
      },
    };
    const sink = createStoreSink(store, { clock: () => 0, host: HOST, onNotice: () => undefined });
    await expect(sink.send(REPORT, SIGNAL)).rejects.toThrow("not now");
    await sink.send(REPORT, SIGNAL);
    await sink.send(REPORT, SIGNAL);
    expect(asked).toBe(2);
  });

  it("tells of a clock that is wrong once, and of its being right again", async () => {
    const real = Date.UTC(2024, 1, 29, 12);
    let ahead = 20 * 60_000;
    const store = memoryStore({ clock: () => real });
    const told: string[] = [];
    const sink = createStoreSink(store, {
      clock: () => real + ahead,
      host: HOST,
      onNotice: (notice) => told.push(notice),
    });
    const send = async (skew: number) => {
      ahead = skew;
      await sink.send(REPORT, SIGNAL);
    };
    for (const skew of [59_000, 20 * 60_000, 20 * 60_000 + 59_000, -3_600_000, 0, 0]) await send(skew);
    expect(told).toEqual([
      "this machine's clock is 20m ahead of memory:; set it right: timedatectl set-ntp true",
      "this machine's clock is 1h behind memory:; set it right: timedatectl set-ntp true",
      "this machine's clock agrees with memory: again",
    ]);
  });

  it("gives up a bucket that takes connections and never answers, when it is told to", async () => {
    const server = createServer(() => undefined);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const env = { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" };
    const store = await openStore(`s3://bucket?endpoint=${endpoint}&region=us-east-1`, {
      clock: Date.now,
      env,
    });
    const sink = createStoreSink(store, { clock: Date.now, host: HOST, onNotice: () => undefined });
    for (const work of [
      (signal: AbortSignal) => sink.send(REPORT, signal),
      (signal: AbortSignal) => sink.leave(ID, "stopped", signal),
    ]) {
      const stop = new AbortController();
      const received = new Promise((resolve) => server.once("request", resolve));
      const outcome = work(stop.signal).then(
        () => "done",
        (error: Error) => error.message,
      );
      await received;
      stop.abort(new Error("told to"));
      expect(await outcome).toContain("told to");
    }
    await sink.close();
  });
});
