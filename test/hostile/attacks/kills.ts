// kill -9 of the server under writers: each report that was acknowledged is found afterwards.
import { setTimeout as wait } from "node:timers/promises";
import { stop } from "../../program.ts";
import { runLanes, type Server } from "./arena.ts";
import type { Attack } from "./attack.ts";
import { makeReport, putReport } from "./fleet.ts";

const WRITERS = 8;
/** Hosts of each writer. */
const HOSTS = 25;
/** The server is killed after between 50 ms and this; ms. */
const MAX_LIFE_MS = 600;

export const kills: Attack = {
  name: "kills",
  summary: "kill -9 of the server under writers",
  few: 3,
  async run(arena) {
    const keys = { ingest: await arena.makeKey("ingest"), read: await arena.makeKey("read") };
    const acknowledged = new Map<string, number>();
    const sent = new Map<string, number>();
    let turn = 0;
    let server: Server = await arena.serve();
    const write = async (lane: number, of: Server) => {
      while (of.child.signalCode === null && of.child.exitCode === null) {
        const id = `w-${lane}-${Math.floor(arena.random() * HOSTS)}`;
        const own = ++turn;
        sent.set(id, own);
        if (
          (await putReport(
            arena,
            of,
            keys.ingest,
            makeReport(id, { turn: own, pad: "x".repeat(own % 5000) }),
          )) !== 200
        )
          continue;
        acknowledged.set(id, own);
        arena.count("reports acknowledged");
      }
    };
    while (arena.goOn()) {
      const killed = server;
      const writing = runLanes(WRITERS, (lane) => write(lane, killed));
      await wait(50 + arena.random() * (MAX_LIFE_MS - 50));
      await stop(killed.child, "SIGKILL");
      await writing;
      server = await arena.serve();
      const { status, body } = await arena.ask(`${server.url}/v1/reports`, { key: keys.read });
      if (status !== 200) arena.wrong(`after the kill the roll was answered ${status}`);
      const reports = JSON.parse(body.toString()) as { instance_id: string; turn: number; pad: string }[];
      const found = new Map(reports.map((report) => [report.instance_id, report]));
      for (const [id, least] of acknowledged) {
        const report = found.get(id);
        if (!report) arena.wrong(`${id} was acknowledged, and is lost`);
        else if (
          report.turn < least ||
          report.turn > (sent.get(id) ?? 0) ||
          report.pad.length !== report.turn % 5000
        )
          arena.wrong(`${id} was acknowledged at ${least}, and ${report.turn} is found`);
      }
    }
  },
};
